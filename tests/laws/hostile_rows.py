"""Law 4: rows that somebody else may have written, and reading them while Python's audit hook listens."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from hypothesis import strategies as st

# Where an import of a stored path is allowed: the packages that the settings name, and the installed apps.
PATHS = [
    "tests.laws.things.LawStone",
    "tests.laws.things.Bang",
    "tests.laws.things",
    "tests.laws.things.LawStone.delete",
    "os.system",
    "os",
    "subprocess.Popen",
    "antigravity.fly",
    "this.s",
    "ctypes.CDLL",
    "builtins.eval",
    "json.tool.main",
    "xmlrpc.server.Anything",
    "turtle.Turtle",
    "idlelib.idle.x",
    "..os.system",
    "perduresque.Thing",
    "tests.laws.things.LawStone\n",
    "__import__('os').system",
    "",
    ".",
    "a.",
    ".b",
]
PAYLOADS = [
    '{"~type":["os.system",["touch /tmp/x"]]}',
    '{"~type":["builtins.eval",["1"]]}',
    '{"~defaultdict":["os.system",[]]}',
    '{"~defaultdict":["subprocess.Popen",[["a",1]]]}',
    '{"~ref":["auth.user",1]}',
    '{"~ref":["os.system",1]}',
    '{"~ref":["objects.objectdb",{"~set":[]}]}',
    '{"~ref":[]}',
    '{"~enum":["os","system"]}',
    '{"~regex":["(a+)+$",0]}',
    '{"~dt":"__import__(\'os\')"}',
    '{"~tuple":{"__reduce__":1}}',
    '{"py/object":"os.system"}',
    "cos\nsystem\n(S'true'\ntR.",
    "gASVIAAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAR0cnVllIWUUpQu",
    "__import__('os').system('true')",
    "[" * 2000,
    "1" * 5000,
    "NaN",
    '"\\ud800"',
    "",
]
LOCKS = [
    "get:__import__('os').system('true')",
    "get:eval(1) or exec(2)",
    "get:perm(Admin);;:;view:" + "(" * 50,
    "get:attr(__class__, x) or tag(a, b)",
    "get:holds(__import__('os'))",
    "view:all() or lambda: 1",
    "no colon",
]

scalars = st.one_of(st.none(), st.integers(), st.text(max_size=4), st.sampled_from(["os.system", "builtins.eval"]))
nodes = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["~ref", "~type", "~tuple", "~set", "~dict", "~defaultdict", "~deque", "~dt", "~re", "~", "a"]
            ),
            inner,
            max_size=2,
        ),
    ),
    max_leaves=6,
)
texts = st.one_of(st.sampled_from(PAYLOADS), nodes.map(lambda node: json.dumps(node)), st.text(max_size=10)).filter(
    lambda text: "\0" not in text
)
rows = st.fixed_dictionaries(
    {
        "path": st.sampled_from(PATHS) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
        "locks": st.sampled_from(LOCKS),
        "cmdsets": st.sampled_from([None, "os.system", "this.x,antigravity.y", ",,,"]),
        "values": st.lists(texts.filter(lambda text: text.isprintable() or "\n" in text), min_size=1, max_size=4),
        "kind": st.sampled_from("nbisocd?"),
    }
)

#: Audit events that mean that code was made, found or run, or that something outside was reached.
WATCHED = (
    "compile",
    "exec",
    "import",
    "code.__new__",
    "function.__new__",
    "marshal.",
    "pickle.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess.",
    "socket.connect",
    "ctypes.",
    "shutil.",
    "webbrowser.",
)


def read_under_audit() -> dict[str, Any]:
    """Read every object, all of it; what the audit hook heard, and what became of each value."""
    from django.db import connection

    from perdure.objects.models import ObjectDB

    logging.disable(logging.CRITICAL)
    connection.ensure_connection()
    _warm_up()
    heard: list[str] = []
    listening = True

    def listen(event: str, arguments: tuple[Any, ...]) -> None:
        if listening and event.startswith(WATCHED):
            heard.append(f"{event} {arguments[0]!r}"[:200])

    sys.addaudithook(listen)
    found = {str(obj.pk): _read(obj) for obj in ObjectDB.objects.order_by("pk")}
    listening = False
    return {"heard": heard, "found": found}


def _warm_up() -> None:
    """Have everything imported and compiled that reading honest rows needs."""
    from django.db import connection

    from perdure.objects.creation import create_object
    from perdure.objects.models import ObjectDB
    from perdure.transactions import transaction
    from tests.laws.things import LawStone

    try:
        with transaction():
            made = create_object(ObjectDB, LawStone, key="warm", locks="get:perm(Admin)", tags=["warm"])
            made.db.value = {"a": [made, (1, 2), {3}]}
            made.attributes.reset_cache()
            ObjectDB.objects.filter(pk=made.pk).update(db_typeclass_path="no.such.Class")
            broken = ObjectDB.objects.get(pk=made.pk)
            with connection.cursor() as cursor:
                cursor.execute("UPDATE objects_objectattribute SET db_value = '{' WHERE owner_id = %s", [made.pk])
            broken.attributes.reset_cache()
            _read(broken)
            raise LookupError
    except LookupError:
        pass


def _read(obj: Any) -> dict[str, str]:
    """Read everything of one object; the type of each value, or the name of the error."""
    read = {}
    asked = {
        "str": lambda: str(obj) + repr(obj) + obj.get_display_name(obj),
        "access": lambda: [obj.access(obj, kind) for kind in ("get", "view", "examine", "control")],
        "explain": lambda: obj.locks.all(),
        "cmdset": lambda: obj.cmdset_storage,
        "class": lambda: type(obj).__name__,
        **{
            f"{slot[1]}/{slot[2]}": lambda slot=slot: obj.attributes.get(slot[2], category=slot[1] or None)
            for slot in obj._attribute_store.slots("")
        },
    }
    for name, ask in asked.items():
        try:
            read[name] = type(ask()).__name__
        except Exception as error:  # noqa: BLE001 - which one it is, is the answer
            read[name] = "error " + type(error).__name__
    return read
