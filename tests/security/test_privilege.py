"""What a player must not come by: the powers, the characters, the words and the secrets of others.

A player tries every command, also those that are not theirs, with what an attacker would type and with odd arguments;
afterwards nothing that belongs to others or to the game has changed.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from perdure.accounts.models import AccountDB
from perdure.channels.models import ChannelDB
from perdure.commands.command import Command
from perdure.commands.default.cmdsets import AccountCmdSet, CharacterCmdSet
from perdure.objects.models import ObjectDB
from perdure.scripts.models import ScriptDB
from perdure.server.messages import Oob, Text
from perdure.sessions import SESSION_HANDLER
from perdure.testing.world import PASSWORD, Player, TestWorld
from tests.fuzz.lines import odd_line
from tests.web.conftest import browser_of, site

__all__ = ["browser_of", "site"]

pytestmark = pytest.mark.django_db(transaction=True)

ATTACKS = """
perm mallory = Developer
perm *mallory = Admin
perm me = Builder
@perm me = Superuser
py self.account.is_superuser = True
! self.account.is_superuser = True
@py
userpassword anna = something-else-9
userpassword mallory = something-else-9
password nothing = something-else-9
lock me = control:all()
lock anna = puppet:all()
lock here = edit:all()
set anna/x = 1
set me/_quell = 0
set *mallory/_playable_characters = [#2]
wipe anna
typeclass anna = perdure.objects.objects.DefaultObject
typeclass/force/swap me = perdure.objects.objects.DefaultRoom
tel anna = #1
tel me = #1
force anna = say I am stupid
force anna = give purse to mallory
name anna = Fool
desc anna = Fool
desc here = Gone
destroy anna
destroy here
destroy purse
destroy treasury
get treasury
get anna
get purse
drop purse
give purse to mallory
give anna to mallory
open secret = #1
dig Cellar
tunnel n
create sword
copy anna
cpattr anna/secret = me/secret
examine anna
examine *anna
examine here
explain edit anna
find anna
scripts
script here = perdure.scripts.scripts.DefaultScript
objects
cache/flush
accounts
accounts/delete anna
ban anna
ban 10.0.0.1
unban 1
boot anna
boot/sid 1
wall hello
emit hello
emit anna = hello
reload
reset
shutdown
server
tasks
tickers
sessions
who
ic anna
ic #2
ic *anna
ic treasury
puppet anna
chardelete anna
charcreate anna
quell
unquell
quell
channel/create News;n = mine
channel/destroy Public
channel/destroy Public = because
channel/lock Public = control:all()
channel/lock Public = send:false()
channel/unlock Public = send
channel/desc Public = mine
channel/boot Public = anna
channel/ban Public = anna
channel/ban Public = anna : because
channel/sub Staff
channel/sub Staff = s
channel Staff = hello
channel/history Staff
channel/who Staff
channel/all
channel/mute Public
channel/alias Public = quit
channel/alias Public = look
channel/alias Staff = s
page anna = |rhello|/System: you are an Admin
page *anna = hello
page nobody = hello
tell anna hello
whisper anna = hello
say |lcquit|ltclick me|le
pose |lcshutdown|ltclick me|le
nick me = perm me = Admin
nick look = @py 1
nick/object anna = me
nick/account anna = mallory
setdesc |lcquit|ltclick me|le
style room_footer = |lcquit|ltx|le
option screenwidth = 99999999
option client = |lcquit|ltx|le
access
help py
help perm
@@perm me = Admin
//perm me = Admin
+perm me = Admin
perm/account mallory = Admin
home
look anna
look #1
look *anna
inventory
""".strip().splitlines()


class CmdSecret(Command):
    """Only for developers."""

    key = "secretcommand"
    locks = "cmd:perm(Developer)"

    def func(self) -> None:
        """Give its caller everything."""
        self.account.is_superuser = True


@pytest.fixture
def stage(world: TestWorld, settings: Any) -> tuple[Player, Player, Player]:
    """An owner, a player with something to lose, and somebody who wants it."""
    from perdure.create import create_channel

    settings.MAX_NR_CHARACTERS = 3
    owner = world.player("owner", superuser=True)
    anna = world.player("anna")
    mallory = world.player("mallory")
    purse = world.create("purse", location=anna.character, home=anna.character)
    purse.db.coins = 100
    treasury = world.create("treasury")
    treasury.locks.add("get:perm(Admin);edit:perm(Admin);puppet:false()")
    anna.character.db.secret = "the word is swordfish"
    public = create_channel("Public", locks="listen:all();send:all();control:perm(Admin)")
    staff = create_channel("Staff", locks="listen:perm(Admin);send:perm(Admin);control:perm(Admin)")
    for channel, people in ((public, (owner, anna, mallory)), (staff, (owner,))):
        for one in people:
            channel.connect(one.account)
    world.run()
    return owner, anna, mallory


def belongings(mallory: Player) -> dict[str, Any]:
    """All that must stay as it is, from the database."""
    mine = {character.pk for character in mallory.account.characters.all()}
    things = {
        obj.pk: (
            obj.key,
            obj.db_typeclass_path,
            obj.db_location_id,
            obj.db_home_id,
            obj.db_lock_storage,
            sorted(obj.permissions.all()),
            sorted(str(attribute) for attribute in obj.attributes.all()),
        )
        for obj in ObjectDB.objects.all()
        if obj.pk not in mine
    }
    accounts = {
        account.pk: (
            account.key,
            account.is_superuser,
            account.is_staff,
            account.is_active,
            account.password,
            sorted(account.permissions.all()),
            account.db_lock_storage,
            sorted(one.pk for one in account.characters.all()) if account != mallory.account else None,
        )
        for account in AccountDB.objects.all()
    }
    channels = {
        channel.pk: (channel.key, channel.db_lock_storage, str(channel.db.desc), channel.has_connection(one))
        for channel in ChannelDB.objects.filter(db_key__in=("Public", "Staff"))
        for one in AccountDB.objects.exclude(pk=mallory.account.pk)
    }
    own = [
        (sorted(one.permissions.all()), one.db_lock_storage)
        for one in mallory.account.characters.all()
        if one.key == "mallory"
    ]
    staff = ChannelDB.objects.get(db_key="Staff")
    return {
        "things": things,
        "accounts": accounts,
        "channels": channels,
        "own": own,
        "scripts": ScriptDB.objects.count(),
        "listens": staff.has_connection(mallory.account) or staff.has_connection(mallory.character),
        "played": sorted((s.uid or 0, s.puid or 0) for s in SESSION_HANDLER.values() if s.account != mallory.account),
    }


def heard_of(player: Player) -> str:
    """All that a player was shown."""
    return "\n".join(player.output)


@pytest.mark.defect("V-10")
def test_a_player_changes_nothing_of_others(world: TestWorld, stage: tuple[Player, Player, Player]) -> None:
    owner, anna, mallory = stage
    before = belongings(mallory)
    for line in ATTACKS:
        mallory.send(line, "yes")
        world.advance(1)
        assert belongings(mallory) == before, line
    assert "swordfish" not in heard_of(mallory)
    assert not [message for message in anna.messages if isinstance(message, Text) and "|lc" in message.text]
    assert owner.session is not None
    assert anna.send("get purse")


@pytest.mark.defect("V-10")
def test_a_player_who_plays_nobody_changes_nothing_either(
    world: TestWorld, stage: tuple[Player, Player, Player]
) -> None:
    mallory = stage[2]
    before = belongings(mallory)
    mallory.send("ooc")
    for line in ATTACKS:
        if line.startswith(("ic", "puppet", "quit")):
            continue
        mallory.send(line, "yes")
    mallory.send("ic mallory")
    assert belongings(mallory) == before


@pytest.mark.defect("V-10")
@pytest.mark.parametrize("seed", range(3))
def test_a_player_changes_nothing_of_others_with_odd_lines(
    world: TestWorld, stage: tuple[Player, Player, Player], seed: int
) -> None:
    """Names of all commands, also those that are not the player's."""
    mallory = stage[2]
    chance = random.Random(seed)
    names = sorted({command.key for kind in (CharacterCmdSet, AccountCmdSet) for command in kind().commands})
    names = [name for name in names if not name.startswith("__") and name not in ("quit", "ic", "ooc", "charcreate")]
    before = belongings(mallory)
    for number in range(300):
        line = odd_line(chance, names)
        if not line.startswith(("chardelete", "@chardelete")):
            mallory.send(line, "no")
        if number % 50 == 0:
            assert belongings(mallory) == before, line
    assert belongings(mallory) == before


@pytest.mark.defect("V-1")
def test_no_message_of_a_client_gives_powers(world: TestWorld, stage: tuple[Player, Player, Player]) -> None:
    mallory = stage[2]
    before = belongings(mallory)
    names = [
        "login",
        "webclient_options",
        "get_value",
        "monitor",
        "repeat",
        "client_options",
        "text",
        "default",
        "__class__",
        "_oob",
        "msg",
        "external_discord_hello",
        "bot_data_in",
        "func",
        "cmdset",
        "is_superuser",
    ]
    values: list[dict[str, Any]] = [
        {"name": "is_superuser", "value": True},
        {"options": {"is_superuser": True, "_quell": 0}},
        {"session": 1, "account": 1, "caller": 1, "cmdobj": "x", "cmdset": None, "_testing": True},
        {"name": "anna", "password": "x"},
        {"callback": "__import__", "interval": 5},
        {"from_obj": "#1", "to_obj": "#2"},
    ]
    for name in names:
        for value in values:
            for args, kwargs in (([], value), (list(value.values()), {}), ([[value]], value)):
                world.world.receive(Oob(mallory.record.sessid, name, args, kwargs))
    world.run()
    assert belongings(mallory) == before
    assert mallory.session.is_superuser is False


@pytest.mark.defect("V-15")
def test_quelling_gives_nobody_more_than_they_had(world: TestWorld, stage: tuple[Player, Player, Player]) -> None:
    _, anna, mallory = stage
    mallory.character.permissions.add("Developer")  # a character with more than its player, as from another account
    mallory.account.permissions.clear()
    mallory.account.permissions.add("Player")
    mallory.send("quell", "perm mallory = Admin", "unquell")
    assert "admin" not in mallory.account.permissions.all()
    assert not mallory.account.is_superuser
    assert anna.account.is_connected


def test_an_answer_to_a_question_holds_no_link(world: TestWorld) -> None:
    from perdure.commands.prompts import get_input

    anna = world.player("anna")
    heard: list[str] = []
    world.loop.submit(lambda: get_input(anna.character, "Motto?", lambda *args: heard.append(args[2])) and None)
    world.run()
    anna.send("|lcquit|ltclick|le")
    assert heard == ["click"]


def test_nobody_enters_by_the_password_of_another_try(world: TestWorld) -> None:
    world.player("anna")
    stranger = world.connect()
    stranger.send(f'connect anna "{PASSWORD}x"')
    assert stranger.account is None
    stranger.send(f'connect anna "{PASSWORD}"')
    assert stranger.account is not None


@pytest.mark.parametrize("name", ["anna", "nobody at all"])
def test_the_answer_to_a_wrong_password_does_not_say_whether_the_name_exists(world: TestWorld, name: str) -> None:
    world.player("anna")
    said = world.connect(address="10.1.1.1").send(f'connect "{name}" wrong-password')
    other = world.connect(address="10.2.1.1").send('connect "somebody else" wrong-password')
    assert said == other


def test_who_is_banned_from_a_channel_does_not_read_what_is_said_there(
    world: TestWorld, settings: Any, tmp_path: Any
) -> None:
    settings.LOG_DIR = str(tmp_path)
    anna, bob = world.player("anna"), world.player("bob")
    anna.send("channel/create club")
    bob.send("channel/sub club")
    anna.send("channel club = the word is xyzzy")
    assert "xyzzy" in bob.send("channel/history club")
    anna.send("channel/ban club = bob", "yes")
    assert "xyzzy" not in bob.send("channel/history club")
    assert "may not listen" in bob.send("channel/sub club")
    anna.send("channel/unban club = bob")
    assert "xyzzy" in bob.send("channel/history club")


@pytest.mark.defect("V-15")
def test_quelling_in_the_game_and_on_the_website_is_one(world: TestWorld, site: Any, browser_of: Any) -> None:
    owner = world.player("owner", superuser=True)
    owner.account.is_staff = True
    owner.account.save()
    box = world.create("box")
    box.locks.add("get:false()")
    client = browser_of()
    client.force_login(owner.account)
    assert client.get("/admin/").status_code == 200
    owner.send("quell")
    page = client.get("/admin/")
    assert page.status_code == 403
    owner.send("get box")
    assert box.location is world.room
    client.post("/auth/unquell/", {"csrfmiddlewaretoken": str(page.context["csrf_token"])})
    world.run()
    assert "on the website" in owner.text()
    owner.send("get box")
    assert box.location is owner.character
    assert client.get("/admin/").status_code == 200
