"""`perdure world`: build the demo worlds."""

from __future__ import annotations

import inspect
from importlib import import_module
from types import ModuleType
from typing import Annotated, Any

import typer

from perdure.cli.gateway_client import note_if_running
from perdure.cli.init import WORLDS
from perdure.cli.output import progress_bar, stdout
from perdure.errors import ConfigurationError, InvalidArgument

__all__ = ["app", "build_world", "is_built"]

app = typer.Typer(help="Build a demo world in this game.", no_args_is_help=True)


@app.callback()
def world() -> None:
    """Demo worlds.

    `cave` is Colossal Cave, made from the data of the 1977 game (extra perdure[cave]). `airports` are the 28,000
    airports of the real world with flights to the nearest ones (extra perdure[airports]).
    """


@app.command("build")
def build(
    name: Annotated[str, typer.Argument(help=f"Which world: {', '.join(WORLDS)}.")],
    airports: Annotated[
        int | None, typer.Option(min=1, help="airports: only so many, spread over the world.", show_default=False)
    ] = None,
    country: Annotated[
        list[str] | None, typer.Option(help="airports: only those of this country (IS). Can be given several times.")
    ] = None,
    neighbours: Annotated[
        int | None, typer.Option(min=1, help="airports: flights from each, to the nearest; 4 if not given.")
    ] = None,
) -> None:
    """Build the world. What is there already is left alone, so it can be run again."""
    if name not in WORLDS:
        raise InvalidArgument(f"there is no demo world {name!r}: choose from {', '.join(WORLDS)}")
    from perdure.bootstrap import setup

    note_if_running(setup())
    given: dict[str, Any] = {"airports": airports, "countries": country, "neighbours": neighbours}
    build_world(name, **{option: value for option, value in given.items() if value})


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


def build_world(name: str, *, quiet: bool = False, **options: Any) -> None:
    """Build the world with a progress bar, and remember that it was built.

    Args:
        name: which.
        quiet: do not say what was built.
        options: what to build of it, for the world's own `build`.

    Raises:
        InvalidArgument: the world has no such option, or refuses its value.
        ConfigurationError: a package that it needs is not installed.
    """
    from perdure.serverconfig.models import ServerConfig

    make = _module(name).build
    unknown = options.keys() - inspect.signature(make).parameters.keys()
    if unknown:
        raise InvalidArgument(f"the world {name!r} is built as it is: it has no choice of {', '.join(sorted(unknown))}")
    with progress_bar() as bar:
        task = bar.add_task(f"Building {name}", total=None)
        summary = make(
            progress=lambda done, total, what: bar.update(
                task, description=f"Building {name}: {what}", completed=done, total=total
            ),
            **options,
        )
    # Only now: a world that commits its parts one by one, and was cut off, is to be built on by the next `migrate`.
    ServerConfig.objects.conf(f"world_{name}", True)
    if not quiet:
        stdout.print(f"World {name}: {summary}", markup=False)
