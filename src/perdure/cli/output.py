"""What the command line shows, and the one boundary where errors become text.

Contract: an error of the catalogue, and what the machine refuses (see `troubles`), ends the command with exit code 1
and a short red panel that says what to do; `PERDURE_TRACEBACK=1` shows the traceback instead. Anything else is a bug
and keeps its traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.db.utils import OperationalError
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from perdure.cli.troubles import in_words
from perdure.errors import PerdureError

__all__ = ["error_boundary", "progress_bar", "show_error", "show_table", "stderr", "stdout"]

stdout = Console(highlight=False, soft_wrap=True)
stderr = Console(stderr=True, highlight=False)


@contextmanager
def error_boundary() -> Iterator[None]:
    """Show an error that is known as a panel and leave with exit code 1."""
    try:
        yield
    except (PerdureError, OSError, OperationalError) as error:
        known = in_words(error)
        if known is None or os.environ.get("PERDURE_TRACEBACK", "") not in ("", "0"):
            raise
        show_error(known)
        sys.exit(1)


def show_error(error: PerdureError) -> None:
    """The panel: title from the error's name, text from its message."""
    title = _spaced(type(error).__name__)
    stderr.print(Panel(Text(str(error) or title), title=title, title_align="left", border_style="red", expand=False))


def _spaced(name: str) -> str:
    """`NoGameDirectory` as "No game directory"."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return words.capitalize()


def show_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A table, or one line that says there is nothing."""
    if not rows:
        stdout.print(f"{title}: none")
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*[Text(cell) for cell in row])
    stdout.print(table)


def progress_bar() -> Progress:
    """A progress bar on the terminal; silent where there is none."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=stderr,
        disable=not stderr.is_terminal,
    )
