"""Channels: talking, aliases, subscribing, history, and keeping them."""

from __future__ import annotations

import pytest

from perdure import create_channel
from perdure.accounts.models import AccountDB
from perdure.channels.models import ChannelDB
from perdure.typeclasses.attribute_model import Attribute


@pytest.fixture
def public(world):
    return create_channel("Public", aliases=["pub"], desc="For everybody")


@pytest.fixture
def people(world, public):
    found = [world.player(name) for name in ("Anna", "Bob", "Eve")]
    for one in found:
        public.connect(one.account)
        one.heard()
    return found


def nicks(account):
    return account.nicks.get(category="channel", return_list=True)


def test_everybody_on_it_hears_what_is_said(people):
    anna, bob, _ = people
    anna.send("channel public hello there")
    assert "[Public] Anna: hello there" in bob.heard()
    assert "[Public] Anna: hello there" in anna.heard()


def test_its_name_and_alias_speak_without_a_row_for_anybody(people):
    anna, bob, _ = people
    before = nicks(anna.account)
    anna.send("pub hi", "PUBLIC hello = there", "pub :waves")
    heard = bob.heard()
    assert "Anna: hi" in heard
    assert "Anna: hello = there" in heard
    assert "[Public] Anna waves" in heard
    assert nicks(anna.account) == before == []


def test_ones_own_alias(people):
    anna, bob, eve = people
    assert "speaks on Public" in anna.send("channel/alias public = the pub")
    anna.send("the pub hello")
    assert "Anna: hello" in bob.heard()
    assert "no command" in eve.send("the pub hello")
    anna.send("channel the pub = once more")
    assert "once more" in bob.heard()
    assert "no alias any more" in anna.send("channel/unalias the pub")
    assert "no command" in anna.send("the pub hello")
    assert nicks(anna.account) == []
    assert "no such alias" in anna.send("channel/unalias the pub")
    assert "name of a command" in anna.send("channel/alias public = say")
    assert "cannot be an alias" in anna.send("channel/alias public = " + "x" * 600)


def test_aliases_work_out_of_character_too(people):
    anna, bob, _ = people
    anna.send("channel/alias public = p", "ooc", "p hello", "pub again")
    heard = bob.heard()
    assert "hello" in heard
    assert "again" in heard


def test_names_of_several_words(world, people):
    anna, bob, _ = people
    create_channel("Deep Cave").connect(anna.account)
    ChannelDB.objects.get_channel("deep cave").connect(bob.account)
    anna.send("channel deep cave = one", "deep cave two")
    heard = bob.heard()
    assert "[Deep Cave] Anna: one" in heard
    assert "[Deep Cave] Anna: two" in heard


def test_nobody_forges_lines(people):
    anna, bob, _ = people
    anna.send("pub hi|/[Public] Bob: I give up|-now")
    assert len(bob.heard().strip().split("\n")) == 1


def test_who_may_speak(world, people, public):
    anna, bob, eve = people
    public.locks.add("send:perm(Builder)")
    assert "may not speak" in anna.send("pub hi")
    assert bob.heard() == ""
    public.locks.add("send:all()")
    eve.send("channel/unsub public")
    assert "do not listen" in eve.send("channel public hello")
    assert "no command" in eve.send("pub hello")
    anna.account.permissions.add("channel_banned")
    assert "no command" in anna.send("channel public hi")


def test_speaking_unmutes(people, public):
    anna, bob, _ = people
    anna.send("channel/mute pub")
    bob.send("pub one")
    assert "one" not in anna.heard().split("muted")[-1]
    anna.send("pub back again")
    bob.send("pub two")
    assert "two" in anna.heard()
    anna.send("channel/mute public", "channel/unmute public")
    assert anna.account not in public.mutelist


def test_lists_and_facts(world, people, public):
    anna = people[0]
    hidden = create_channel("Hidden", locks="listen:false();send:false()")
    other = create_channel("Other")
    shown = anna.send("channel")
    assert "Public" in shown
    assert "For everybody" in shown
    assert "Other" not in shown
    everything = anna.send("channel/all")
    assert "Other" in everything
    assert "Hidden" not in everything
    assert "For everybody" in anna.send("channel public")
    assert "no channel" in anna.send("channel hidden")
    assert "no channel" in anna.send("channel/sub hidden")
    assert "listen to Other now" in anna.send("channel/sub oth = o;ot")
    assert sorted(nicks(anna.account)) == ["other", "other"]
    assert other.has_connection(anna.account)
    assert "already" in anna.send("channel/sub other")
    anna.send("channel/unsub other")
    assert nicks(anna.account) == []
    assert hidden.pk


def test_who(people, public):
    anna, bob, eve = people
    eve.disconnect()
    shown = anna.send("channel/who public")
    assert "Anna" in shown
    assert "Bob" in shown
    assert "Eve" not in shown
    public.locks.add(f"control:pid({anna.account.pk})")
    bob.send("channel/mute pub")
    shown = anna.send("channel/who pub")
    assert "Eve" in shown
    assert "Bob (muting)" in shown


def test_history_comes_from_the_log(people, settings, tmp_path):
    settings.LOG_DIR = str(tmp_path)
    anna = people[0]
    for number in range(30):
        anna.send(f"pub line {number}")
    shown = anna.send("channel/history pub")
    assert "Anna: line 29" in shown
    assert "line 10" in shown
    assert "line 9" not in shown
    earlier = anna.send("channel/history pub = 20")
    assert "line 9" in earlier
    assert "line 10" not in earlier
    assert "Usage" in anna.send("channel/history pub = many")


# --- keeping


def test_create_and_what_its_maker_may(world, people):
    anna, bob, _ = people
    told = anna.send("channel/create Chess;ch = For players")
    assert "Chess" in told
    chess = ChannelDB.objects.get_channel("ch")
    assert chess.db.desc == "For players"
    assert chess.has_connection(anna.account)
    assert chess.access(anna.account, "control")
    assert "do not control" in bob.send("channel/desc chess = Mine")
    anna.send("channel/desc chess = Kings and queens")
    assert chess.db.desc == "Kings and queens"
    assert "cannot be made" in anna.send("channel/create chess")
    assert "may not" in anna.send("channel/lock chess = send:false()")
    assert "may not" in anna.send("channel/create Odd:perdure.channels.channels.DefaultChannel")
    admin = world.player("Ada", permissions="Admin")
    assert "class" in admin.send("channel/create Odd:no.such.Class").lower()
    assert ChannelDB.objects.get_channel("Odd") is None


def test_locks_are_for_admins_that_control_it(world, people, public):
    admin = world.player("Ada", permissions="Admin")
    assert "send:false()" in admin.send("channel/lock public = send:false()").replace("send: false()", "send:false()")
    assert "may not speak" in people[0].send("pub hi")
    assert "no lock" in admin.send("channel/lock public = nonsense(")
    admin.send("channel/unlock public = send")
    assert "send" not in str(public.locks)


@pytest.mark.defect("V-36")
def test_destroy_asks(world, people, public):
    admin = world.player("Ada", permissions="Admin")
    for answer in ("", "no", "n"):
        admin.send("channel/destroy public", answer)
    assert not public._is_deleted
    admin.send("channel/destroy public = empty", "yes")
    assert ChannelDB.objects.get_channel("public") is None
    assert "destroyed by Ada. (empty)" in people[0].heard()


def test_boot_and_ban(world, people, public):
    admin = world.player("Ada", permissions="Admin")
    anna, bob, _ = people
    bob.send("channel/alias pub = p")
    admin.send("channel/boot public = bob: noise", "no")
    assert public.has_connection(bob.account)
    admin.send("channel/boot public = bob: noise", "yes")
    assert not public.has_connection(bob.account)
    assert nicks(bob.account) == []
    assert "noise" in bob.heard()
    bob.send("channel/sub public")
    assert public.has_connection(bob.account)
    admin.send("channel/ban public = bob", "yes")
    assert not public.has_connection(bob.account)
    assert "may not listen" in bob.send("channel/sub public")
    assert "Bob" in admin.send("channel/ban public")
    admin.send("channel/unban public = bob")
    bob.send("channel/sub public")
    assert public.has_connection(bob.account)
    assert "do not control" in anna.send("channel/boot public = bob")


def test_a_login_adds_no_rows(world, people):
    rows = {model: model.objects.count() for model in Attribute.__subclasses__()}
    anna = people[0]
    account = anna.account
    anna.disconnect()
    world.player("Anna")
    assert account.nicks.get(category="inputline", return_list=True) == []
    assert {model: model.objects.count() for model in rows} == rows


@pytest.mark.defect("V-36")
@pytest.mark.parametrize("line", ["channel/destroy public", "channel/boot public = bob", "channel/ban public = bob"])
def test_control_is_asked_for_again_after_the_answer(world, people, public, line):
    admin = world.player("Ada", permissions="Admin")
    admin.send(line)
    public.locks.add("control:false()")
    assert "not control" in admin.send("yes")
    assert not public._is_deleted
    assert public.has_connection(people[1].account)
    assert public.banlist == []


@pytest.mark.defect("V-32")
def test_who_and_counts_load_no_subscribers_that_are_away(world, people, public, django_assert_max_num_queries):
    number = 2000
    made = [
        AccountDB(username=f"away{n}", db_typeclass_path=AccountDB.objects.first().db_typeclass_path)
        for n in range(number)
    ]
    public.db_account_subscriptions.through.objects.bulk_create(
        public.db_account_subscriptions.through(channeldb_id=public.pk, accountdb_id=one.pk)
        for one in AccountDB.objects.bulk_create(made)
    )
    AccountDB.flush_instance_cache()
    del made
    admin = world.player("Ada", permissions="Admin")
    public.connect(admin.account)
    before = len(AccountDB.get_all_cached_instances())
    shown = people[0].send("channel/who public")
    assert "Anna" in shown
    assert "away" not in shown
    assert len(AccountDB.get_all_cached_instances()) == before
    shown = admin.send("channel/who public")
    assert f"and {number - 100} more" in shown
    assert f"{number + 4} subscribers" in admin.send("channel/destroy public", "no")
    assert len(AccountDB.get_all_cached_instances()) <= before + 100


@pytest.mark.defect("V-4")
def test_a_reason_breaks_no_lines(world, people):
    anna, bob, _ = people
    anna.send("channel/create Chess")
    for line in (
        "channel/boot chess = bob: noise|/System: run",
        "channel/ban chess = bob: noise|/System: run",
        "channel/destroy chess = gone|/System: run",
    ):
        bob.send("channel/sub chess")
        bob.heard()
        anna.send(line, "yes")
        anna.send("channel/unban chess = bob")
        heard = bob.heard()
        assert "System: run" in heard, line
        assert not [one for one in heard.splitlines() if one.startswith("System")], line
