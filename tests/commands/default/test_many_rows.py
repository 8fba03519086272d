"""Commands in a game of some thousand things, accounts, scripts and messages: they load what they show, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from perdure import DefaultRoom, DefaultScript, create_channel, create_message, create_objects, create_scripts
from perdure.accounts.models import AccountDB
from perdure.channels.models import ChannelDB, Msg
from perdure.idmapper.models import flush_cache
from perdure.objects.models import ObjectDB
from perdure.scripts.models import ScriptDB
from perdure.testing.world import Player, TestWorld

pytestmark = pytest.mark.defect("V-32")

NUMBER = 2500
MODELS = (ObjectDB, AccountDB, ScriptDB, ChannelDB, Msg)

#: What is typed, what has to be in the answer, and how many rows it may load.
LINES = [
    ("find field", f"{NUMBER} found", 60),
    ("find/startswith field", f"{NUMBER} found", 60),
    ("find/exact field 77", "1 found", 10),
    ("find/room", "found", 60),
    ("find/tag crop", f"{NUMBER} found", 60),
    ("find/attr yield > 10", "found", 60),
    ("find/attr yield != 10", "found", 60),
    ("find *away", "found", 60),
    ("tag/search crop", f"{NUMBER} things", 60),
    ("objects", f"{NUMBER + 2} objects", 20),
    ("objects 99999", f"{NUMBER + 2} objects", 110),
    ("accounts", "The newest", 20),
    ("accounts 99999", "The newest", 210),
    ("scripts", f"{NUMBER} scripts", 110),
    ("script tick9", "tick9", 10),
    ("typeclass/list", "DefaultRoom", 10),
    ("typeclass/show DefaultRoom", "Exactly of it", 10),
    ("page", "number 2499", 70),
    ("page 5", "number 2499", 25),
    ("page/last", "You paged", 10),
    ("channel", "Public", 10),
    ("channel/all", "Public", 10),
    ("channel/who public", "and 2400 more", 120),
    ("channel public = hello", "hello", 10),
    ("channel/history public", "olga: hello", 10),
    ("who", "connected", 10),
    ("boot nobody", "Nobody", 10),
    ("perm *away7", "Permissions", 10),
    ("examine *away7", "away7", 10),
    ("charcreate Second", "made", 20),
    ("look", "Room", 20),
    ("tel field 77", "field 77", 20),
    ("ic field 78", "field 78", 20),
]


def _fill(owner: Player) -> None:
    """Some thousand of everything."""
    create_objects(
        DefaultRoom,
        [{"key": f"field {n}", "tags": ["crop"], "attributes": [("yield", n)]} for n in range(NUMBER)],
        hooks=False,
    )
    path = type(owner.account).path
    away = AccountDB.objects.bulk_create(AccountDB(username=f"away{n}", db_typeclass_path=path) for n in range(NUMBER))
    public = create_channel("Public", locks="listen:all();send:all();control:perm(Admin)")
    through: Any = public.db_account_subscriptions.through
    through.objects.bulk_create(through(channeldb_id=public.pk, accountdb_id=one.pk) for one in away)
    public.connect(owner.account)
    create_scripts(DefaultScript, [{"key": f"tick{n}"} for n in range(NUMBER)], hooks=False)
    first = create_message(owner.account, "number 0", receivers=[away[0]], tags=[("page", "comms")])
    others = Msg.objects.bulk_create(Msg(db_message=f"number {n}") for n in range(1, NUMBER))
    for field, values in (
        ("db_sender_accounts", {"accountdb_id": owner.account.pk}),
        ("db_receivers_accounts", {"accountdb_id": away[0].pk}),
        ("db_tags", {"tag_id": first.db_tags.get().pk}),
    ):
        link: Any = getattr(Msg, field).through
        link.objects.bulk_create(link(msg_id=one.pk, **values) for one in others)


@contextmanager
def _loading() -> Iterator[list[Any]]:
    """The rows that become instances meanwhile."""
    loaded: list[Any] = []
    originals = {model: model.from_db.__func__ for model in MODELS}  # type: ignore[attr-defined]

    def spy(original: Any) -> Any:
        def from_db(cls: Any, *args: Any, **kwargs: Any) -> Any:
            loaded.append((cls.__name__, args[2][:2]))
            return original(cls, *args, **kwargs)

        return classmethod(from_db)

    for model, original in originals.items():
        model.from_db = spy(original)  # type: ignore[method-assign]
    try:
        yield loaded
    finally:
        for model in MODELS:
            del model.from_db


def test_a_command_loads_what_it_shows_and_no_more(world: TestWorld, settings: Any, tmp_path: Any) -> None:
    settings.MAX_NR_CHARACTERS = 3
    settings.LOG_DIR = str(tmp_path)
    owner = world.player("olga", superuser=True)
    _fill(owner)
    for line, told, most in LINES:
        flush_cache()
        with _loading() as loaded, CaptureQueriesContext(connection) as statements:
            shown = owner.send(line)
        assert told in shown, f"{line}: {shown[:500]}"
        assert len(loaded) <= most, f"{line} loads {len(loaded)} rows: {loaded[:5]} …"
        assert len(statements) <= 60 + most, f"{line} sends {len(statements)} statements"
