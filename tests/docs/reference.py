"""Writes the reference pages that are drawn from docstrings: `python -m tests.docs.reference`."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path
from typing import Any

__all__ = ["PAGES", "SERVER_HOOKS", "api_page", "hooks_page"]

PAGES = Path(__file__).resolve().parents[2] / "docs" / "reference"
HOOK = re.compile(
    r"(at|pre|post)_\w+|basetype_\w+|announce_move_\w+|is_valid|return_appearance|get_display_\w+|get_numbered_name"
)
INNER = {"at_first_save", "at_db_location_postsave"}
COMMAND_HOOK = re.compile(r"at_(pre|post)_cmd|parse|func|at_cmdset_creation|get_help|get_extra_info")
COMMANDS = """## Commands and command sets

A line that names a command calls `at_pre_cmd`, `parse`, `func` and `at_post_cmd`, in this order. What each of them may
be, and what is undone when it raises, is told in [Commands](../guides/commands.md).
"""
MODULES = """## Modules of the game

Functions without arguments in the module of `AT_SERVER_STARTSTOP_MODULE` (`server/conf/at_server_startstop.py`; neither
it nor any of them has to be there). One that raises is undone and logged, and the world goes on.
[The server](../guides/server.md) has an example.

| hook | when |
|---|---|
"""
# Functions of the game's own modules: there is nothing of ours to draw them from.
SERVER_HOOKS = {
    "at_server_init": "The world begins, before anything else.",
    "at_server_reload_start": "The world follows another one after `reload`.",
    "at_server_cold_start": "The world begins in any other way: start, `reset`, after a crash.",
    "at_server_start": "The world begins; after the one of the two above.",
    "at_server_reload_stop": "The world ends because another one follows it after `reload`.",
    "at_server_cold_stop": "The world ends in any other way that is in order.",
    "at_server_stop": "The world ends; after the one of the two above.",
}


def api_page() -> str:
    """docs/reference/api.md"""
    import perdure

    lines = [
        "# The flat API",
        "",
        "Everything that can be imported from `perdure` directly. `import perdure` itself is cheap; a name is",
        "resolved when it is first asked for. In a script, call `perdure.setup()` first.",
        "",
        "| name | home | what |",
        "|---|---|---|",
    ]
    for name in perdure.__all__:
        home = perdure._HOMES.get(name, "perdure.version:__version__").replace(":", ".")
        lines.append(f"| `{name}` | `{home.removesuffix('.' + name)}` | {_what(name, getattr(perdure, name))} |")
    return "\n".join([*lines, ""])


def _what(name: str, thing: Any) -> str:
    if name == "__version__":
        return "The version of Perdure, as text."
    if name == "settings":
        return "Django's settings."
    return _cell(_first_sentence(thing))


def hooks_page() -> str:
    """docs/reference/hooks.md"""
    import perdure
    from perdure.typeclasses.models import TypedObject

    kinds = [perdure.DefaultObject, perdure.DefaultCharacter, perdure.DefaultRoom, perdure.DefaultExit]
    kinds += [perdure.DefaultAccount, perdure.DefaultGuest, perdure.DefaultScript, perdure.DefaultChannel]
    lines = [
        "# Hooks",
        "",
        "Methods that the engine calls and that you override. A hook that can refuse does so with `False` or",
        '`Veto("why")`; None goes on. Hooks of creation, deletion, saving and change of class run inside its',
        "transaction, and what they raise undoes it. What hooks after a move raise is logged and listed in the answer",
        "of `move_to`. Call `super()` where the class you inherit from does something.",
        "",
        "## All kinds",
        "",
        *_table(TypedObject, {}),
    ]
    known = _hooks(TypedObject)
    for cls in kinds:
        base = next((one for one in cls.__mro__[1:] if one in kinds), None)
        lines += ["", f"## {cls.__name__}", ""]
        if base is not None:
            lines += [f"Those of `{base.__name__}`, and:", ""]
        lines += _table(cls, known if base is None else _hooks(base))
    lines += ["", *COMMANDS.splitlines()]
    for cls in (perdure.Command, perdure.CmdSet):
        lines += ["", f"### {cls.__name__}", "", *_table(cls, {}, COMMAND_HOOK)]
    lines += ["", *MODULES.splitlines()]
    lines += [f"| `{name}()` | {text} |" for name, text in SERVER_HOOKS.items()]
    return "\n".join([*lines, ""])


def _hooks(cls: Any, pattern: re.Pattern[str] = HOOK) -> dict[str, Any]:
    found = {}
    for name in dir(cls):
        method = inspect.getattr_static(cls, name)
        if pattern.fullmatch(name) and name not in INNER and inspect.isfunction(method):
            found[name] = method
    return found


def _table(cls: Any, inherited: dict[str, Any], pattern: re.Pattern[str] = HOOK) -> list[str]:
    own = {name: method for name, method in _hooks(cls, pattern).items() if inherited.get(name) is not method}
    lines = ["| hook | when, and what its answer does |", "|---|---|"]
    lines += [f"| `{name}({_parameters(method)})` | {_cell(_first_sentence(method))} |" for name, method in own.items()]
    return lines if own else ["No others."]


def _parameters(method: Any) -> str:
    shown = []
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
        star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        shown.append(f"{star}{parameter.name}{default}")
    return ", ".join(shown)


def _first_sentence(thing: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write the pages."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    (PAGES / "api.md").write_text(api_page())
    (PAGES / "hooks.md").write_text(hooks_page())


if __name__ == "__main__":
    main()
