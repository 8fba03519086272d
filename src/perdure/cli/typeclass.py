"""`perdure typeclass`: the classes of the game, and the rows that belong to them."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from perdure.cli.gateway_client import note_if_running
from perdure.cli.output import progress_bar, show_table, stdout
from perdure.errors import InvalidArgument, TypeclassError, TypeclassNotFound, WrongFamily

__all__ = ["app"]

app = typer.Typer(help="The classes of the game: list, show, rename, upgrade, check.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen and change nothing.")]


@app.callback()
def typeclass() -> None:
    """A typeclass is a class whose instances save themselves. These commands are about all rows of a class."""


@dataclass(frozen=True)
class Family:
    """One of the tables that typeclasses stand on, and how many rows each stored path has in it."""

    model: Any
    rows: Counter[str]

    @property
    def name(self) -> str:
        return str(self.model.__name__)


def _families() -> list[Family]:
    """Every table whose rows have a class, with its counts: one query each."""
    from django.apps import apps
    from django.db.models import Count

    found = []
    for model in apps.get_models():
        if model._meta.proxy or "db_typeclass_path" not in {field.name for field in model._meta.local_fields}:
            continue
        counted = model._base_manager.values_list("db_typeclass_path").annotate(Count("pk")).order_by()
        found.append(Family(model, Counter({path or "": number for path, number in counted})))
    return found


def _classes() -> dict[str, Any]:
    """All known typeclasses by path."""
    from perdure.typeclasses import registry

    return {known.path: known for known in registry.all_typeclasses()}


def _family_of(known: Any) -> str:
    """The name of the table's model."""
    from perdure.typeclasses import registry

    return str(registry.family_of(known).__name__)


def _rows_of(known: Any, families: list[Family]) -> int:
    """How many rows the class has, under its path and its former ones."""
    from perdure.typeclasses import registry

    rows = next(family.rows for family in families if family.name == _family_of(known))
    return sum(rows[path] for path in registry.own_paths(known))


def _setup() -> Path | None:
    """The game's directory."""
    from perdure.bootstrap import setup

    return setup()


@app.command("list")
def list_typeclasses() -> None:
    """List all classes: where they are, what table they are of, how many rows each has."""
    _setup()
    families = _families()
    rows = [
        [known.__name__, path, _family_of(known), str(_rows_of(known, families)), _first_line(known)]
        for path, known in sorted(_classes().items())
    ]
    show_table("Typeclasses", ["class", "path", "table", "rows", "what"], rows)
    if missing := list(_missing(families)):
        stdout.print(f"{len(missing)} stored path(s) have no class: perdure typeclass check", style="yellow")


def _first_line(known: Any) -> str:
    text = inspect.cleandoc(known.__doc__ or "").partition("\n")[0]
    return "" if text.startswith(f"{known.__name__}(") else text


@app.command("show")
def show(path: Annotated[str, typer.Argument(help="The class: its path, or its name alone.")]) -> None:
    """Show one class: its parents, its version and upgrade steps, its former names, its rows."""
    _setup()
    known = _find(path)
    parents = [f"{parent.__module__}.{parent.__qualname__}" for parent in known.__bases__]
    aliases = getattr(known, "typeclass_aliases", ())
    facts = {
        "path": known.path,
        "table": _family_of(known),
        "parents": ", ".join(parents),
        "version": str(getattr(known, "typeclass_version", 0)),
        "former paths": ", ".join(aliases) or "none",
        "rows": str(_rows_of(known, _families())),
    }
    show_table(known.__name__, ["", ""], [[name, value] for name, value in facts.items()])
    stdout.print(inspect.cleandoc(known.__doc__ or ""), markup=False)


def _find(path: str) -> Any:
    """The class with this path, this short path, or this name when only one has it."""
    classes = _classes()
    if path in classes:
        return classes[path]
    matching = [known for full, known in classes.items() if full.endswith(f".{path}")]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise InvalidArgument(f"{path!r} can be several classes: {', '.join(sorted(known.path for known in matching))}")
    raise TypeclassNotFound(f"there is no typeclass {path!r}: perdure typeclass list shows those there are")


@app.command("rename")
def rename(
    old: Annotated[str, typer.Argument(help="The path that rows have now.")],
    new: Annotated[str, typer.Argument(help="The path of the class they should have.")],
    dry_run: DryRun = False,
) -> None:
    """Rewrite the rows of a class that was renamed or moved. All or nothing; no hook runs.

    To leave the rows alone, give the class its former path instead: typeclass_aliases = ("old.path.Class",).
    """
    game = _setup()
    from perdure.transactions import transaction

    known = _find(new)
    having = [family for family in _families() if family.rows[old]]
    if not having:
        raise InvalidArgument(f"no row has the class {old!r}: perdure typeclass check lists the paths without a class")
    for family in having:
        if family.name != _family_of(known):
            raise WrongFamily(f"rows of {old} are in {family.name}, but {known.path} is a class of {_family_of(known)}")
    number = sum(family.rows[old] for family in having)
    if dry_run:
        stdout.print(f"{number} row(s) would go from {old} to {known.path}.", markup=False)
        return
    note_if_running(game)
    with transaction():
        for family in having:
            family.model._base_manager.filter(db_typeclass_path=old).update(db_typeclass_path=known.path)
    stdout.print(f"{number} row(s) went from {old} to {known.path}.", markup=False)


@app.command("upgrade")
def upgrade(
    path: Annotated[str | None, typer.Argument(help="Only this class and its subclasses.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Run the upgrade steps that rows have not had yet, now instead of when each is next loaded.

    It can be stopped and run again: each object is brought up to date in a transaction of its own.
    """
    game = _setup()
    from perdure.typeclasses import upgrades

    chosen = _find(path) if path else None
    if not dry_run:
        note_if_running(game)
    with progress_bar() as bar:
        task = bar.add_task("Upgrading", total=None)
        report = upgrades.upgrade_all(
            chosen,
            dry_run=dry_run,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    stdout.print(f"{report.upgraded} object(s) {'would be' if dry_run else 'were'} upgraded.")
    if report.failed:
        show_table("Not upgraded", ["object", "why"], [[what, str(error)] for what, error in report.failed])
        raise typer.Exit(1)


@app.command("check")
def check() -> None:
    """Look for rows whose class is missing. Their data is kept, they cannot be changed. Exit code 1 if any."""
    _setup()
    families = _families()
    missing = list(_missing(families))
    if not missing:
        number = sum(sum(family.rows.values()) for family in families)
        stdout.print(f"All {number} row(s) have their class.")
        return
    show_table("Rows without a class", ["path", "table", "rows", "why"], missing)
    stdout.print(
        "Bring the class back, give its successor typeclass_aliases = (path,), or: perdure typeclass rename OLD NEW"
    )
    raise typer.Exit(1)


def _missing(families: list[Family]) -> Iterator[list[str]]:
    """Path, table, rows and reason for each stored path that no class answers to."""
    from perdure.typeclasses import registry

    for family in families:
        for path, number in sorted(family.rows.items()):
            try:
                registry.load(path, family.model)
            except TypeclassError as error:
                yield [path, family.name, str(number), str(error).partition("\n")[0]]
