"""Python that the owner of the machine runs in the world: `perdure shell --live`.

Contract: the code comes through the gateway's control socket, which only the user that runs the game can open. It is
one unit: what it raises undoes what it did. Names last from one call to the next. Each call is a line of the audit log.
"""

from __future__ import annotations

import ast
import contextlib
import io
import logging
import traceback
from typing import TYPE_CHECKING, Any

from perdure.server.messages import CodeResult, RunCode

if TYPE_CHECKING:
    from perdure.server.world.world import World

__all__ = ["failed", "namespace", "run"]

audit = logging.getLogger("perdure.audit")

_names: dict[str, Any] = {}


def run(world: World, message: RunCode) -> None:
    """Run the code; the value of a last expression is shown."""
    audit.info("live code: %r", message.source)
    if not _names:
        _names.update(namespace())
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        value = _execute(message.source)
        if value is not None:
            print(repr(value))  # noqa: T201  (into `printed`)
    text = printed.getvalue()
    world.loop.after_commit(lambda: world.send_now(CodeResult(message.number, text, failed=False)))


def failed(world: World, message: RunCode, error: Exception, error_id: str) -> None:
    """Answer with the traceback, without the engine's part of it."""
    lines = traceback.format_exception(error)
    text = "".join(
        [lines[0], *[line for line in lines[1:] if "/perdure/gameloop/" not in line and __file__ not in line]]
    )
    world.loop.after_commit(lambda: world.send_now(CodeResult(message.number, text, failed=True)))


def _execute(source: str) -> Any:
    tree = ast.parse(source, "<live>")
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        tree.body.pop()
    # The code is that of whoever may run any program on this machine as the game's user.
    exec(compile(tree, "<live>", "exec"), _names)  # noqa: S102
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), "<live>", "eval"), _names)  # noqa: S307


def namespace() -> dict[str, Any]:
    """What is at hand without an import: the flat API, the game's typeclasses, `me` and `self`."""
    import perdure
    from perdure.objects.models import ObjectDB
    from perdure.typeclasses import registry

    names: dict[str, Any] = {name: getattr(perdure, name) for name in perdure.__all__ if name != "__version__"}
    for typeclass in registry.all_typeclasses():
        names.setdefault(typeclass.__name__, typeclass)
    me = ObjectDB.objects.filter(pk=1).first()
    return {**names, "perdure": perdure, "me": me, "self": me, "__name__": "__live__"}
