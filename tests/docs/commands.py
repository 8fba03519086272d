"""Draws docs/reference/commands.md from the command classes: `python -m tests.docs.commands`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable
from typing import Any

from tests.docs.reference import PAGES

__all__ = ["PAGE", "commands_page"]

PAGE = PAGES / "commands.md"
HEAD = """# Commands

What the stock command sets offer, drawn from the code. In the game, `help <name>` shows the whole text of a command.
Names that the code writes with an `@` (`@reload`) are shown without it here: both forms work. A command whose lock
refuses is not there for whoever asks. `perm(x)` asks for the permission `x` or a higher rank, see
[Locks and permissions](../guides/locks.md).
"""


def commands_page() -> str:
    """The page as it should be."""
    from perdure.commands.default import cmdsets

    building = list(dict.fromkeys(cmdsets.building_commands() + cmdsets.building_commands(of_accounts=True)))
    account = _classes(cmdsets.AccountCmdSet) + _classes(cmdsets.SessionCmdSet)
    character = _classes(cmdsets.CharacterCmdSet)
    stock = [cls for cls in dict.fromkeys(account) if cls not in building]
    played = [cls for cls in character if cls not in building and cls not in stock]
    keepers = [cls for cls in stock if str(cls.help_category) in ("admin", "system")]
    keepers += [cls for cls in played if str(cls.help_category) in ("admin", "system")]
    sections = (
        ("Before login", _classes(cmdsets.UnloggedinCmdSet)),
        ("For everybody who is logged in", [cls for cls in stock if cls not in keepers]),
        ("While playing a character", [cls for cls in played if cls not in keepers]),
        ("For builders and developers", building),
        ("For admins, and about the server", keepers),
    )
    return "\n".join([HEAD, *(_section(title, classes) for title, classes in sections)])


def _classes(cmdset: Any) -> list[Any]:
    return [type(command) for command in cmdset().commands if command.auto_help]


def _section(title: str, classes: Iterable[Any]) -> str:
    lines = [f"## {title}", "", "| command | also | switches | who (`cmd:`) | what |", "|---|---|---|---|---|"]
    for cls in sorted(classes, key=lambda cls: cls.key.lstrip("@")):
        command = cls()
        lock = command.locks.get("cmd").partition(":")[2]
        switches = ", ".join(f"`/{switch}`" for switch in getattr(cls, "switch_options", None) or ())
        also = ", ".join(f"`{_cell(alias.removeprefix('@'))}`" for alias in cls.aliases)
        lines.append(f"| `{cls.key.removeprefix('@')}` | {also} | {switches} | `{lock}` | {_cell(_summary(cls))} |")
    return "\n".join([*lines, ""])


def _summary(cls: Any) -> str:
    """The first paragraph of the help text."""
    return " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write the page."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    PAGE.write_text(commands_page())


if __name__ == "__main__":
    main()
