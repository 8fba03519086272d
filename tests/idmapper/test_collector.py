"""The garbage collector is held off while much is loaded, and is as it was afterwards."""

from __future__ import annotations

import gc
import threading

import pytest

from perdure.idmapper.collector import MANY, held_off


@pytest.fixture(autouse=True)
def collector_on():
    was_frozen = gc.get_freeze_count()
    gc.unfreeze()
    gc.enable()
    yield
    gc.enable()
    if was_frozen:
        gc.collect()  # what is frozen is never collected: tests before must not leave their garbage there
        gc.freeze()


def test_it_is_off_inside_and_on_again_after_the_last_block():
    with held_off:
        assert not gc.isenabled()
        with held_off:
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_on_again_after_an_error():
    with pytest.raises(ZeroDivisionError), held_off:
        1 / 0  # noqa: B018
    assert gc.isenabled()


def test_it_stays_off_if_it_was_off():
    gc.disable()
    with held_off:
        pass
    assert not gc.isenabled()


def test_blocks_of_several_threads_may_overlap():
    inside, may_leave = threading.Event(), threading.Event()

    def other():
        with held_off:
            inside.set()
            may_leave.wait(10)

    thread = threading.Thread(target=other)
    with held_off:
        thread.start()
        assert inside.wait(10)
    assert not gc.isenabled(), "the other thread is still in its block"
    may_leave.set()
    thread.join()
    assert gc.isenabled()


def test_many_new_objects_count_as_old_afterwards():
    gc.collect()
    with held_off:
        made = [[] for _ in range(2 * MANY)]
    young = {id(one) for generation in (0, 1) for one in gc.get_objects(generation)}
    assert id(made[MANY]) not in young
    assert gc.get_freeze_count() == 0


def test_what_a_project_has_frozen_stays_frozen():
    gc.collect()
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        with held_off:
            made = [[] for _ in range(2 * MANY)]
        assert gc.get_freeze_count() == frozen
        assert len(made) == 2 * MANY
    finally:
        gc.unfreeze()
