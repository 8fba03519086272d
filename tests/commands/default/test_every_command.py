"""Every stock command is one of four kinds, and does what its kind may.

A command that only shows writes nothing; one that changes what belongs to others asks their locks; one that changes
what is one's own, or the server, needs none. A new command has to be put into one of them.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from perdure import create_channel, create_script
from perdure.accounts.models import AccountDB
from perdure.commands.default.builder_commands import BUILDING_COMMANDS
from perdure.commands.default.cmdsets import AccountCmdSet, CharacterCmdSet, SessionCmdSet
from perdure.scripts.scripts import DefaultScript
from perdure.sessions import SESSION_HANDLER
from perdure.testing.world import TestWorld

#: What only shows, as it is typed here.
SHOWS = {
    "about": ["about"],
    "access": ["access"],
    "cache": ["cache"],
    "cmdsets": ["cmdsets", "cmdsets me"],
    "color": ["color ansi", "color xterm256"],
    "examine": ["examine", "examine me", "examine *anna", "examine lamp/oil", "examine/channel Public"],
    "explain": ["explain lamp get for anna"],
    "find": ["find lamp", "find/attr oil > 1", "find/tag old", "find/room", "locate lamp"],
    "help": ["help", "help look", "help nothing", "help building"],
    "inventory": ["inventory"],
    "look": ["look", "look lamp", "look me", "look anna"],
    "objects": ["objects", "objects 3"],
    "sessions": ["sessions"],
    "tickers": ["tickers"],
    "time": ["time"],
    "who": ["who", "doing"],
}
#: What changes things too, typed so that it only shows.
SHOWS_TOO = [
    "accounts",
    "alias lamp",
    "ban",
    "channel",
    "channel/all",
    "channel/history Public",
    "channel/who Public",
    "channel Public",
    "link gate",
    "lock lamp",
    "nick",
    "option",
    "page",
    "page/last",
    "perm anna",
    "scripts",
    "scripts lamp =",
    "server",
    "set lamp",
    "set lamp/oil",
    "sethome lamp",
    "style",
    "tag lamp",
    "tag/search old",
    "tasks",
    "typeclass lamp",
    "typeclass/list",
    "typeclass/show DefaultRoom",
]
#: What changes what is one's own, or handles what lies about by the locks of handling.
OWN = {
    "channel",
    "charcreate",
    "chardelete",
    "drop",
    "get",
    "give",
    "home",
    "ic",
    "nick",
    "ooc",
    "option",
    "page",
    "password",
    "pose",
    "quell",
    "quit",
    "say",
    "setdesc",
    "style",
    "whisper",
}
#: What is about the server as a whole, and asks only for a rank.
SERVER = {"py", "reload", "reset", "server", "shutdown", "tasks", "unban", "wall"}
#: What staff do to others, typed against somebody whose locks say no.
ASKS = {
    "accounts": ["accounts/delete anna"],
    "ban": [],  # by rank alone: nobody can lock a ban out
    "boot": ["boot anna", "boot/quiet anna: because", "boot/sid {sid}"],
    "emit": ["emit anna = hello", "pemit anna = hello"],
    "perm": ["perm anna = Helper", "perm *anna = Helper", "perm/del *anna = Player", "perm/account/del anna = Player"],
    "userpassword": ["userpassword anna = something-else-9", "userpassword anna"],
}
CLOSED = "control:false();edit:false();delete:false();boot:false();tell:false();examine:true()"


def names() -> set[str]:
    found = {command for kind in (AccountCmdSet, CharacterCmdSet, SessionCmdSet) for command in kind().commands}
    return {command.key.lstrip("@") for command in found}


def kinds(name: str) -> list[str]:
    builders = {command.key.lstrip("@") for command in BUILDING_COMMANDS} - SHOWS.keys() - SERVER
    return [
        label
        for label, known in (("shows", SHOWS), ("own", OWN), ("server", SERVER), ("asks", ASKS), ("builds", builders))
        if name in known
    ]


def test_every_command_is_of_one_kind() -> None:
    found = {name: kinds(name) for name in names()}
    assert {name: kind for name, kind in found.items() if len(kind) != 1} == {}
    assert not ({*SHOWS, *OWN, *SERVER, *ASKS} - found.keys())


@pytest.fixture
def stage(world: TestWorld) -> Any:
    """An owner, and a player with a lamp beside her."""
    owner = world.player("olga", superuser=True)
    anna = world.player("anna")
    lamp = world.create("lamp")
    lamp.db.oil = 5
    lamp.tags.add("old")
    create_script(DefaultScript, key="clock", obj=lamp)
    create_channel("Public", locks="listen:all();send:all();control:perm(Admin)").connect(owner.account)
    owner.send("dig Cellar = gate, back", "page anna = hello")
    return owner, anna


@pytest.mark.defect("V-33")
def test_what_shows_writes_nothing(world: TestWorld, stage: Any) -> None:
    owner = stage[0]
    for line in [*(line for lines in SHOWS.values() for line in lines), *SHOWS_TOO]:
        with CaptureQueriesContext(connection) as captured:
            assert owner.send(line), line
        written = [query["sql"] for query in captured if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
        assert written == [], line


@pytest.mark.defect("V-10")
def test_what_staff_do_to_others_asks_their_locks(world: TestWorld, stage: Any) -> None:
    anna = stage[1]
    developer = world.player("dan", permissions="Developer")
    for one in (anna.account, anna.character):
        one.locks.add(CLOSED)
    before = _rights(anna)
    anna.heard()
    for line in (line for lines in ASKS.values() for line in lines):
        told = developer.send(line.format(sid=anna.record.sessid), "yes")
        assert "may not" in told, line
        assert _rights(anna) == before, line
        assert anna.session in SESSION_HANDLER.values(), line
    assert anna.heard() == ""


def _rights(player: Any) -> Any:
    account = AccountDB.objects.get(pk=player.account.pk)
    return account.password, sorted(account.permissions.all()), sorted(player.character.permissions.all())
