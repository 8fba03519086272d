"""`perdure world`: build the demo worlds."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Annotated

import typer

from perdure.cli.init import WORLDS
from perdure.cli.output import progress_bar, stdout
from perdure.errors import ConfigurationError, InvalidArgument

__all__ = ["app", "build_world", "is_built"]

app = typer.Typer(help="Build a demo world in this game.", no_args_is_help=True)


@app.callback()
def world() -> None:
    """Demo worlds: `cave` is Colossal Cave, made from the data of the 1977 game (extra perdure[cave])."""


@app.command("build")
def build(
    name: Annotated[str, typer.Argument(help=f"Which world: {', '.join(WORLDS)}.")],
) -> None:
    """Build the world in one transaction. What is there already is left alone, so it can be run again."""
    if name not in WORLDS:
        raise InvalidArgument(f"there is no demo world {name!r}: choose from {', '.join(WORLDS)}")
    from perdure.bootstrap import setup

    setup()
    build_world(name)


def _module(name: str) -> ModuleType:
    """The module that builds the world.

    Raises:
        ConfigurationError: a package that it needs is not installed.
    """
    try:
        return import_module(f"perdure.worlds.{name}")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the world {name!r} needs the package {error.name}: pip install 'perdure[{name}]'"
        ) from error


def is_built(name: str) -> bool:
    """Whether this game has had the world built."""
    from perdure.serverconfig.models import ServerConfig

    return bool(ServerConfig.objects.conf(f"world_{name}", default=False))


def build_world(name: str, *, quiet: bool = False) -> None:
    """Build the world with a progress bar, and remember that it was built."""
    from perdure.serverconfig.models import ServerConfig
    from perdure.transactions import transaction

    module = _module(name)
    with progress_bar() as bar, transaction():
        task = bar.add_task(f"Building {name}", total=None)
        summary = module.build(
            progress=lambda done, total, what: bar.update(
                task, description=f"Building {name}: {what}", completed=done, total=total
            )
        )
        ServerConfig.objects.conf(f"world_{name}", True)
    if not quiet:
        stdout.print(f"World {name}: {summary}", markup=False)
