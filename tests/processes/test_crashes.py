"""Law 3: whatever the moment of a `kill -9`, no acknowledged transaction is lost and none is there by half."""

from __future__ import annotations

import os
import random
import signal

import pytest
from django.db import connection, transaction

from perdure.idmapper.models import flush_cache
from tests.idmapper_app.models import Item, Versioned

pytestmark = pytest.mark.usefixtures("db")

TURNS = 6
# Each turn has about six statements and a commit, each with two moments.
MOMENTS = 2 * 7 * TURNS
SEED = int(os.environ.get("PERDURE_CRASH_SEED", "1"))
RUNS = int(os.environ.get("PERDURE_CRASH_RUNS", "8"))


def check_integrity():
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            assert cursor.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert cursor.execute("PRAGMA foreign_key_check").fetchall() == []


def check_world(acknowledged):
    """What is stored is the outcome of the first n transactions, n being what was acknowledged or one more."""
    check_integrity()
    flush_cache()
    left, right, *made = Item.objects.order_by("pk")
    done = left.count
    assert right.count == done == Versioned.objects.get().count == Versioned.objects.get().version
    assert [(item.key, item.count, item.owner) for item in made] == [
        (f"turn {turn}", turn, left) for turn in range(1, done + 1)
    ]
    assert acknowledged == list(range(1, len(acknowledged) + 1))
    assert len(acknowledged) <= done <= len(acknowledged) + 1
    return done


@pytest.fixture
def world():
    with transaction.atomic():
        Item.objects.create(db_key="left")
        Item.objects.create(db_key="right")
        Versioned.objects.create(db_key="counter")
    flush_cache()


@pytest.mark.parametrize("moment", sorted(random.Random(SEED).sample(range(1, MOMENTS), RUNS)))
def test_a_kill_at_any_moment(world, child, moment):
    code, acknowledged = child("write", moment, TURNS, survives=False)
    if code == 0:
        assert acknowledged == list(range(1, TURNS + 1))
    else:
        assert code == -signal.SIGKILL
    check_world(acknowledged)
    newest = Item.objects.order_by("-pk").first().pk
    assert Item.objects.create(db_key="after").pk > newest


@pytest.mark.parametrize("after", [False, True], ids=["before_the_commit", "after_the_commit"])
def test_a_kill_at_the_commit_itself(world, child, after):
    """Found by trying moments in turn: between the two of a commit, the first transaction comes to be there."""
    outcomes = []
    low, high = 1, MOMENTS
    while low < high:  # the first moment at which the first transaction is stored
        middle = (low + high) // 2
        with transaction.atomic():
            Item.objects.filter(db_key__startswith="turn").delete()
            Item.objects.update(db_count=0)
            Versioned.objects.update(db_count=0, db_version=0)
        code, acknowledged = child("write", middle, 1, survives=False)
        done = check_world(acknowledged)
        outcomes.append((middle, code, len(acknowledged), done))
        if done:
            high = middle
        else:
            low = middle + 1
    stored = [outcome for outcome in outcomes if outcome[3] == 1 and outcome[1] == -signal.SIGKILL]
    lost = [outcome for outcome in outcomes if outcome[3] == 0]
    if after:
        # Killed between the commit and its acknowledgement: there, though nobody was told.
        assert any(told == 0 for _, _, told, _ in stored)
    else:
        assert all(told == 0 for _, _, told, _ in lost)
        assert lost


def test_a_process_that_is_left_alone_finishes(world, child):
    code, acknowledged = child("write", 10**9, TURNS)
    assert (code, acknowledged) == (0, list(range(1, TURNS + 1)))
    assert check_world(acknowledged) == TURNS
