"""Little that a player types must not become much for others."""

from __future__ import annotations

import pytest

from perdure.conf import conf
from perdure.testing.world import TestWorld

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.defect("V-12")
def test_a_nick_makes_no_line_longer_than_one_may_be(world: TestWorld) -> None:
    anna, bert = world.player("anna"), world.player("bert")
    anna.send(f"nick x$1 = say {'$1' * 1500}")
    said = anna.send(f"x{'a' * 5000}")
    assert "Only the first" in said
    assert max(map(len, bert.output)) < conf.MAX_CHAR_LIMIT + 200


def test_nicks_are_replaced_once(world: TestWorld) -> None:
    anna = world.player("anna")
    anna.send("nick a $1 = b $1 $1")
    anna.send("nick b $1 = a $1 $1")
    assert "no command" in anna.send("a x").lower()
