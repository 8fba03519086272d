"""Writes the reference pages that are drawn from docstrings: `python -m tests.docs.reference`."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path
from typing import Any

__all__ = ["PAGES", "api_page", "hooks_page"]

PAGES = Path(__file__).resolve().parents[2] / "docs" / "reference"
HOOK = re.compile(
    r"(at|pre|post)_\w+|basetype_\w+|announce_move_\w+|is_valid|return_appearance|get_display_\w+|get_numbered_name"
)
INNER = {"at_first_save", "at_db_location_postsave"}


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
    return "\n".join([*lines, ""])


def _hooks(cls: Any) -> dict[str, Any]:
    found = {}
    for name in dir(cls):
        method = inspect.getattr_static(cls, name)
        if HOOK.fullmatch(name) and name not in INNER and inspect.isfunction(method):
            found[name] = method
    return found


def _table(cls: Any, inherited: dict[str, Any]) -> list[str]:
    own = {name: method for name, method in _hooks(cls).items() if inherited.get(name) is not method}
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
