"""Private messages."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from perdure.channels.models import Msg


@pytest.fixture
def people(world):
    found = [world.player(name) for name in ("Anna", "Bob", "Eve")]
    for one in found:
        one.heard()
    return found


def test_a_page_reaches_only_whom_it_is_for_and_is_kept(people):
    anna, bob, eve = people
    assert "You paged Bob: Are you, well, coming?" in anna.send("page bob = Are you, well, coming?")
    assert "Anna pages you: Are you, well, coming?" in bob.heard()
    assert eve.heard() == ""
    kept = Msg.objects.get()
    assert kept.senders == [anna.account]
    assert kept.receivers == [bob.account]
    assert kept.access(anna.account, "read")
    assert kept.access(bob.account, "read")
    assert not kept.access(eve.account, "read")


def test_forms(people):
    anna, bob, eve = people
    anna.send("page bob hello there")
    assert "hello there" in bob.heard()
    anna.send("page and on it goes")
    assert "and on it goes" in bob.heard()
    anna.send("page = with = sign")
    assert "with = sign" in bob.heard()
    anna.send("tell bob, eve = both")
    assert "also to Eve" in bob.heard()
    assert "both" in eve.heard()
    assert "Bob and Eve" in anna.send("page/last")
    anna.send("page bob = :waves.")
    assert "Anna waves." in bob.heard()


def test_refusals(people):
    anna, bob, eve = people
    assert "nobody yet" in anna.send("page hello there everybody")
    assert "Could not find" in anna.send("page nobody = hi")
    assert "Usage" in anna.send("page bob =")
    bob.account.locks.add(f"msg:not pid({anna.account.pk})")
    assert "takes no messages" in anna.send("page bob = hi")
    assert bob.heard() == ""
    assert Msg.objects.count() == 0
    eve.account.permissions.add("page_banned")
    assert "no command" in eve.send("page anna = hi")


def test_who_is_away_finds_it_later(world, people):
    anna, bob, _ = people
    bob.disconnect()
    assert "waits" in anna.send("page bob = Come back!")
    again = world.player("Bob")
    assert "Come back!" in again.send("page")


def test_each_page_has_its_own_people(people):
    anna, bob, _ = people
    anna.send("page bob = one", "page bob = two", "page bob,eve = three")
    bob.send("page anna = four")
    rows = {line.split()[-1]: line.split()[2:-1] for line in anna.send("page").splitlines()}
    assert rows["one"] == rows["two"] == ["Anna", "Bob"]
    assert rows["three"] == ["Anna", "Bob,", "Eve"]
    assert rows["four"] == ["Bob", "Anna"]


@pytest.mark.defect("V-32")
def test_a_list_reads_only_what_it_shows(people):
    anna, _, eve = people
    for number in range(30):
        anna.send(f"page bob = number {number}")
    eve.send("page bob = not for anna")
    shown = anna.send("page 5")
    assert "number 29" in shown
    assert "number 24" not in shown
    assert "not for anna" not in shown
    with CaptureQueriesContext(
        connection,
    ) as few:
        anna.send("page 5")
    with CaptureQueriesContext(connection) as many:
        anna.send("page 25")
    reading = [query["sql"] for query in few if '"comms_msg"' in query["sql"] and "SELECT" in query["sql"]]
    assert any("LIMIT 5" in sql for sql in reading)
    assert len(many) - len(few) < 10 + 20


def test_what_is_hidden_is_not_listed(people):
    anna, bob, _ = people
    anna.send("page bob = regret")
    Msg.objects.get().hide_from = bob.account
    assert "regret" not in bob.send("page/list")
    assert "regret" in anna.send("page/list")
