"""Channels: making, joining, talking, logging."""

from __future__ import annotations

from pathlib import Path

import pytest

from perdure import signals
from perdure.channels import log
from perdure.channels.channels import DefaultChannel
from perdure.channels.models import ChannelDB
from perdure.create import create_account, create_channel, create_channels, create_object
from perdure.errors import InvalidArgument, InvalidKey, NameTaken, Veto
from perdure.search import search_channel
from perdure.transactions import transaction

pytestmark = pytest.mark.django_db


class Moody(DefaultChannel):
    """Notes who comes and goes; refuses on demand."""

    def _note(self, name, who):
        self.ndb.heard = [*(self.ndb.heard or []), (name, who)]
        if self.ndb.refuse == name:
            raise Veto
        return False if self.ndb.false == name else None

    def pre_join_channel(self, joiner, **kwargs):
        return self._note("pre join", joiner)

    def post_join_channel(self, joiner, **kwargs):
        self._note("post join", joiner)

    def pre_leave_channel(self, leaver, **kwargs):
        return self._note("pre leave", leaver)

    def post_leave_channel(self, leaver, **kwargs):
        self._note("post leave", leaver)


class FailingChannel(DefaultChannel):
    def at_channel_creation(self):
        raise ZeroDivisionError


@pytest.fixture(autouse=True)
def log_dir(settings, tmp_path):
    settings.LOG_DIR = str(tmp_path)
    return tmp_path


@pytest.fixture
def public():
    return create_channel("Public", aliases=["pub"], desc="talk")


@pytest.fixture
def received(monkeypatch):
    """What each entity was sent."""
    texts = {}

    def msg(self, text=None, **kwargs):
        texts.setdefault(self, []).append((text, kwargs))

    monkeypatch.setattr("perdure.accounts.accounts.DefaultAccount.msg", msg)
    monkeypatch.setattr("perdure.objects.objects.DefaultObject.msg", msg)
    return texts


def account(name, connected=True):
    made = create_account(name, "", None)
    made.is_connected = connected
    return made


# --- creation and names


def test_what_is_made_is_there():
    heard = []

    def receiver(sender, **kwargs):
        heard.append(sender)

    signals.SIGNAL_CHANNEL_POST_CREATE.connect(receiver)
    try:
        channel = create_channel(
            "News",
            aliases=["n"],
            desc="what is new",
            locks="send:false()",
            keep_log=False,
            tags="official",
            attrs={"hue": 3},
        )
    finally:
        signals.SIGNAL_CHANNEL_POST_CREATE.disconnect(receiver)
    assert heard == [channel]
    assert ChannelDB.objects.get(pk=channel.pk) is channel
    assert (channel.key, channel.db.desc, channel.db.keep_log, channel.db.hue) == ("News", "what is new", False, 3)
    assert channel.aliases.all() == ["n"]
    assert channel.tags.has("official")
    assert (channel.locks.get("send"), channel.locks.get("listen")) == ("send:false()", "listen:all()")


@pytest.mark.defect("H-36")
def test_names_are_unique_without_regard_to_case(public):
    for name in ("Public", "PUBLIC", " public "):
        with pytest.raises(NameTaken):
            create_channel(name)
    other = create_channel("Other")
    with pytest.raises(NameTaken):
        other.key = "pUBLIC"
    assert other.key == "Other"
    assert ChannelDB.objects.filter(pk=other.pk).values_list("db_key", "db_folded").get() == ("Other", "other")
    other.key = "Third"
    assert ChannelDB.objects.filter(pk=other.pk).values_list("db_key", "db_folded").get() == ("Third", "third")
    assert ChannelDB.objects.count() == 2


@pytest.mark.parametrize("key", ["", "  ", None, 5])
def test_names_that_cannot_be(key):
    with pytest.raises(InvalidKey):
        create_channel(key)
    assert not ChannelDB.objects.exists()


@pytest.mark.defect("H-1")
def test_a_hook_that_raises_leaves_nothing():
    with pytest.raises(ZeroDivisionError):
        create_channel("News", typeclass=FailingChannel)
    assert not ChannelDB.objects.exists()
    assert create_channel("News").key == "News"


def test_the_class_method_tells_instead_of_raising(public):
    owner = account("Anna")
    channel, errors = Moody.create("Mood", creator=owner, description="how it feels", ip="10.0.0.1")
    assert (type(channel), errors, channel.db.desc) == (Moody, [], "how it feels")
    assert channel.access(owner, "control")
    assert not channel.access(account("Bea"), "control")
    assert (channel.db.creator_id, channel.db.creator_ip) == (owner.pk, "10.0.0.1")
    nothing, errors = DefaultChannel.create("PUBLIC")
    assert nothing is None
    assert "Public" in errors[0]


def test_many_at_once(public):
    channels = create_channels(None, [{"key": f"c{number}"} for number in range(5)], hooks=False)
    assert [channel.locks.get("listen") for channel in channels] == ["listen:all()"] * 5
    assert [type(channel) for channel in channels] == [DefaultChannel] * 5


def test_searching(public):
    news = create_channel("News")
    assert (
        list(search_channel("PUBLIC")) == list(search_channel("pub")) == list(search_channel(public.dbref)) == [public]
    )
    assert list(search_channel(public)) == list(search_channel(public.pk)) == [public]
    assert not search_channel("publ")
    assert list(search_channel("publ", exact=False)) == [public]
    assert list(search_channel("pu", exact=False)) == [public]
    for nothing in ("", " ", None, "#99999"):
        assert not search_channel(nothing)
    assert ChannelDB.objects.get_channel("pub") is public
    assert ChannelDB.objects.get_channel("nothing") is None
    assert list(ChannelDB.objects.get_all_channels()) == [news, public]


@pytest.mark.defect("H-20")
def test_extra_info_is_safe(public):
    assert public.get_extra_info(account("Anna")) == ""


# --- joining and leaving


def test_joining_and_leaving(received):
    anna, box = account("Anna"), create_object(key="box")
    channel = create_channel("Mood", typeclass=Moody)
    for who in (anna, box):
        assert channel.connect(who) is True
        assert channel.connect(who) is True
        assert channel.has_connection(who)
        assert list(ChannelDB.objects.get_subscriptions(who)) == [channel]
    assert channel.ndb.heard == [("pre join", anna), ("post join", anna), ("pre join", box), ("post join", box)]
    assert list(channel.subscriptions.all()) == [anna, box]
    assert channel.disconnect(box) is True
    assert channel.disconnect(box) is True
    assert not channel.has_connection(box)
    assert not ChannelDB.objects.get_subscriptions(box)


@pytest.mark.defect("H-23")
@pytest.mark.parametrize("how", ["false", "refuse"])
def test_a_refusal_keeps_things_as_they_are(how):
    anna = account("Anna")
    channel = create_channel("Mood", typeclass=Moody)
    channel.nattributes.add(how, "pre join")
    assert channel.connect(anna) is False
    assert not channel.has_connection(anna)
    channel.nattributes.add(how, "pre leave")
    assert channel.connect(anna) is True
    assert channel.disconnect(anna) is False
    assert channel.has_connection(anna)


def test_who_may_not_listen_does_not_join(public):
    anna = account("Anna")
    public.locks.add("listen:false()")
    assert public.connect(anna) is False
    public.locks.add("listen:all()")
    assert public.ban(anna) is True
    assert public.ban(anna) is False
    assert public.banlist == [anna]
    assert public.connect(anna) is False
    assert public.unban(anna) is True
    assert public.unban(anna) is False
    assert public.connect(anna) is True


def test_an_object_counts_through_its_account(public):
    anna, hero = account("Anna"), create_object(key="Hero")
    hero.account = anna
    public.connect(anna)
    assert public.has_connection(hero)
    public.ban(anna)
    assert public.connect(hero) is False


def test_the_subscriptions_handler(public):
    anna, bea, box = account("Anna"), account("Bea", connected=False), create_object(key="box")
    public.subscriptions.add([anna, bea, box])
    public.subscriptions.add(anna)
    assert len(public.subscriptions) == 3
    assert public.subscriptions.has(box)
    assert public.subscriptions.online() == [anna]
    public.subscriptions.remove([anna, box])
    assert list(public.subscriptions.get()) == [bea]
    public.subscriptions.clear()
    assert not public.subscriptions.all()
    with pytest.raises(InvalidArgument):
        public.subscriptions.add([anna, "somebody"])
    assert not public.subscriptions.has(anna)


def test_the_list_of_who_is_there(public):
    anna, bea = account("Anna"), account("Bea", connected=False)
    assert public.wholist == "<None>"
    public.subscriptions.add([anna, bea])
    public.mute(bea)
    assert public.wholist == "|wAnna|n, Bea (muting)"


def test_what_is_deleted_falls_out_of_the_lists(public):
    anna = account("Anna")
    public.connect(anna)
    public.mute(anna)
    public.ban(anna)
    anna.delete()
    assert (public.mutelist, public.banlist, list(public.subscriptions.all())) == ([], [], [])


def test_joining_is_undone_with_its_transaction(public):
    anna = account("Anna")
    public.mute(anna)
    with pytest.raises(ZeroDivisionError), transaction():
        public.connect(anna)
        raise ZeroDivisionError
    assert not public.has_connection(anna)
    assert public.mutelist == [anna]


# --- messages


@pytest.mark.defect("H-35")
def test_accounts_and_objects_receive_alike(public, received):
    anna, box = account("Anna"), create_object(key="box")
    for who in (anna, box):
        public.connect(who)
    public.msg("hello", senders=anna)
    origin = {"from_channel": public.id}
    for who in (anna, box):
        ((text, kwargs),) = received[who]
        assert text[1] == kwargs["options"] == origin
        assert kwargs["from_obj"] is anna
    assert received[box][0][0][0] == "[Public] |cAnna|n: hello"


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ({}, "[Public] hello"),
        ({"senders": "Radio"}, "[Public] Radio: hello"),
        ({"senders": ["Radio", "TV"]}, "[Public] Radio, TV: hello"),
        ({"no_prefix": True, "senders": "Radio"}, "Radio: hello"),
        ({"emit": True, "senders": "Radio"}, "hello"),
    ],
)
def test_how_a_message_looks(public, received, arguments, shown):
    anna = account("Anna")
    public.connect(anna)
    public.msg("hello", **arguments)
    assert received[anna][0][0][0] == shown


@pytest.mark.parametrize(
    ("said", "shown"), [(":waves", "Radio waves"), (";'s on", "Radio's on"), (": waves", "Radio waves")]
)
def test_poses(public, received, said, shown):
    anna = account("Anna")
    public.connect(anna)
    public.msg(said, senders="Radio", no_prefix=True)
    assert received[anna][0][0][0] == shown


@pytest.mark.defect("H-25")
def test_text_is_never_a_template(public, received):
    anna = account("Anna")
    public.connect(anna)
    public.msg("{channelname} {0} {", senders="{x}", no_prefix=True)
    assert received[anna][0][0][0] == "{x}: {channelname} {0} {"


@pytest.mark.defect("H-35")
def test_no_prefix_at_all(received, monkeypatch):
    monkeypatch.setattr(Moody, "channel_prefix_string", None, raising=False)
    anna, channel = account("Anna"), create_channel("Mood", typeclass=Moody)
    channel.connect(anna)
    channel.msg("hello")
    assert received[anna][0][0][0] == "hello"


def test_who_hears(public, received, monkeypatch):
    online, offline, muted = account("On"), account("Off", connected=False), account("Muted")
    for who in (online, offline, muted):
        public.connect(who)
    assert public.mute(muted) is True
    assert public.mute(muted) is False
    public.msg("one")
    assert set(received) == {online}
    public.msg("two", bypass_mute=True)
    assert set(received) == {online, muted}
    monkeypatch.setattr(DefaultChannel, "send_to_online_only", False)
    public.msg("three")
    assert set(received) == {online, muted, offline}
    assert public.unmute(muted) is True
    assert public.unmute(muted) is False


@pytest.mark.defect("H-23")
def test_hooks_may_change_or_drop_a_message(received, monkeypatch):
    anna, channel = account("Anna"), create_channel("Mood", typeclass=Moody)
    channel.connect(anna)
    for answer, shown in ((lambda self, m, **kw: m.upper(), "HELLO"), (lambda self, m, **kw: None, "hello")):
        monkeypatch.setattr(Moody, "at_pre_msg", answer, raising=False)
        channel.msg("hello", no_prefix=True)
        assert received.pop(anna)[0][0][0] == shown
    monkeypatch.setattr(Moody, "at_pre_msg", lambda self, m, **kw: False, raising=False)
    channel.msg("hello")
    assert received == {}
    monkeypatch.undo()


@pytest.mark.defect("H-35")
def test_one_listener_does_not_silence_the_others(public, received, monkeypatch, caplog):
    box, anna = create_object(key="box"), account("Anna")
    other = create_object(key="other")
    for who in (box, anna, other):
        public.connect(who)

    def channel_msg(self, message, channel, senders=None, **kwargs):
        if self is box:
            self.db.half = True
            raise ZeroDivisionError("broken box")
        self.msg(text=message)

    monkeypatch.setattr("perdure.typeclasses.channel_subscriber.ChannelSubscriber.channel_msg", channel_msg)
    public.msg("hello")
    assert set(received) == {anna, other}
    assert "broken box" in caplog.text
    assert box.db.half is None


def test_a_receiver_may_refuse(public, received, monkeypatch):
    anna, box = account("Anna"), create_object(key="box")
    for who in (anna, box):
        public.connect(who)
    monkeypatch.setattr(
        "perdure.objects.objects.DefaultObject.at_pre_channel_msg", lambda *a, **k: False, raising=False
    )
    public.msg("hello")
    assert set(received) == {anna}


# --- the log


@pytest.mark.defect("H-35")
@pytest.mark.django_db(transaction=True)
def test_what_is_said_is_logged_unless_that_is_off(public, log_dir):
    public.msg("hello", senders="Radio")
    assert public.get_log_filename() == "channel_public.log"
    assert public.get_log_tail()[0].endswith("Radio: hello")
    public.db.keep_log = False
    public.msg("secret")
    silent = create_channel("Silent", keep_log=False)
    silent.msg("secret")
    assert sorted(path.name for path in log_dir.iterdir()) == ["channel_public.log"]
    assert "secret" not in (log_dir / "channel_public.log").read_text()


@pytest.mark.defect("H-35")
@pytest.mark.django_db(transaction=True)
def test_the_log_follows_the_name(public, log_dir):
    public.msg("one")
    public.key = "Square"
    public.msg("two")
    assert public.get_log_filename() == "channel_square.log"
    assert [line[-3:] for line in public.get_log_tail()] == ["one", "two"]
    public.set_log_filename("../../chosen/by hand.txt")
    public.msg("three")
    assert public.get_log_tail()[-1].endswith("three")
    assert all(path.parent == Path(log_dir) for path in log_dir.rglob("*"))
    assert len(list(log_dir.iterdir())) == 2


@pytest.mark.django_db(transaction=True)
def test_what_is_undone_is_not_logged(public, log_dir):
    with pytest.raises(ZeroDivisionError), transaction():
        public.msg("never said")
        raise ZeroDivisionError
    assert public.get_log_tail() == []


def test_the_log_is_bounded(settings, log_dir):
    settings.CHANNEL_LOG_ROTATE_SIZE, settings.CHANNEL_LOG_BACKUPS = 200, 2
    for number in range(100):
        log.append("talk.log", f"line {number}\nwith a break")
    files = sorted(path.name for path in log_dir.iterdir())
    assert files[-2:] == ["talk.log.1", "talk.log.2"]
    assert all(path.stat().st_size < 300 for path in log_dir.iterdir())
    assert [line.split(" ", 2)[2] for line in log.tail("talk.log", 3)] == [
        f"line {n} with a break" for n in (97, 98, 99)
    ]
    assert [line.split(" ", 2)[2] for line in log.tail("talk.log", 2, offset=3)] == [
        f"line {n} with a break" for n in (95, 96)
    ]
    settings.CHANNEL_LOG_BACKUPS = 0
    for number in range(20):
        log.append("alone.log", f"line {number}")
    assert not (log_dir / "alone.log.1").exists()


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "..", "a/b\\c", "", "...", "x" * 500])
def test_a_log_stays_in_its_directory(log_dir, name):
    assert log.log_path(name).parent == log_dir


def test_without_a_directory_nothing_is_logged(settings):
    settings.LOG_DIR = None
    log.append("talk.log", "x")
    assert log.tail("talk.log") == []


@pytest.mark.django_db(transaction=True)
def test_a_new_channel_does_not_show_the_words_of_an_older_one(log_dir):
    old = create_channel("Gossip")
    old.msg("old words")
    old.delete()
    new = create_channel("Gossip")
    new.msg("new words")
    assert "old words" not in (log_dir / "channel_gossip.log").read_text()
    assert [line.rpartition(" ")[0][-3:] for line in new.get_log_tail(1000)] == ["new"]
    assert "old words" in (log_dir / "channel_gossip.log~old").read_text()
    new.delete()
    create_channel("Gossip").msg("newest words")
    assert len(list(log_dir.iterdir())) == 2, "it does not grow"


@pytest.mark.django_db(transaction=True)
def test_no_channel_shows_what_is_said_on_another(log_dir):
    names = ["Staff!", "staff?", "staff_", "Staff/", "x" * 200, "x" * 201, "staff_~1", "...", "?!"]
    channels = [create_channel(name) for name in names]
    for channel in channels:
        channel.msg(f"said on {channel.pk}")
    assert len({channel.get_log_filename() for channel in channels}) == len(channels)
    for channel in channels:
        assert [line.rpartition(" ")[2] for line in channel.get_log_tail(1000)] == [str(channel.pk)]
        assert log.log_path(channel.get_log_filename()).parent == log_dir


@pytest.mark.django_db(transaction=True)
def test_a_channel_that_is_renamed_shows_its_own_words_and_not_those_of_who_had_the_name(log_dir):
    secret, open_one = create_channel("Secret"), create_channel("Open")
    secret.msg("the safe is open")
    open_one.msg("hello")
    secret.delete()
    open_one.key = "Secret"
    open_one.msg("again")
    assert [line.rpartition(" ")[2] for line in open_one.get_log_tail(1000)] == ["hello", "again"]
    with pytest.raises(ZeroDivisionError), transaction():
        open_one.key = "Elsewhere"
        raise ZeroDivisionError
    assert len(open_one.get_log_tail(1000)) == 2


# --- personal aliases


@pytest.mark.defect("H-36")
@pytest.mark.parametrize("alias", ["p", "Town Square", "a.b*c?", "$1 [x]", "{y}"])
def test_personal_aliases_come_and_go_together(public, alias):
    anna = account("Anna")
    before = anna.nicks.all()
    public.connect(anna)
    assert anna.nicks.all() == before
    public.add_user_channel_alias(anna, alias)
    assert anna.nicks.nickreplace(f"{alias}  hi there") == "channel public = hi there"
    assert anna.nicks.get(alias, category="channel") == "public"
    assert public.user_channel_aliases(anna) == [" ".join(alias.split()).lower()]
    DefaultChannel.remove_user_channel_alias(anna, alias.upper())
    assert anna.nicks.all() == before
    DefaultChannel.remove_user_channel_alias(anna, alias)


@pytest.mark.defect("H-36")
def test_leaving_takes_the_personal_aliases_along(public):
    anna, news = account("Anna"), create_channel("News")
    for channel in (public, news):
        channel.connect(anna)
    public.add_user_channel_alias(anna, "town square")
    news.add_user_channel_alias(anna, "n")
    public.disconnect(anna)
    assert public.user_channel_aliases(anna) == []
    assert news.user_channel_aliases(anna) == ["n"]


@pytest.mark.defect("H-36")
def test_personal_aliases_follow_a_new_name(public):
    anna = account("Anna")
    public.connect(anna)
    public.add_user_channel_alias(anna, "p")
    public.key = "Square"
    assert anna.nicks.nickreplace("p hello") == "channel square = hello"
    with pytest.raises(InvalidKey):
        public.add_user_channel_alias(anna, " ")


# --- the end


def test_deleting_lets_everybody_go_with_hooks_first():
    anna, channel = account("Anna"), create_channel("Mood", typeclass=Moody, desc="soft")
    channel.connect(anna)
    seen = []
    channel.post_leave_channel = lambda leaver, **kwargs: seen.append(
        (leaver, channel.db.desc, channel.has_connection(leaver))
    )
    assert channel.delete() is True
    assert seen == [(anna, "soft", False)]
    assert not ChannelDB.objects.exists()
