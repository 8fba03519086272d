"""`perdure token`: tokens with which programs use the REST interface."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from perdure.cli.output import show_table, stderr, stdout

__all__ = ["app"]

app = typer.Typer(help="Tokens with which programs use the REST interface.", no_args_is_help=True)

Account = Annotated[str, typer.Argument(help="The account's name.")]


@app.callback()
def token() -> None:
    """A token acts for an account: it may do what the account may. It works at once, also while the game runs."""


@app.command("create")
def create(
    account: Account,
    name: Annotated[str, typer.Option("--name", "-n", help="What it is for.")] = "cli",
    days: Annotated[int, typer.Option(help="For how many days it is good; 0: for ever.")] = 90,
    read_only: Annotated[bool, typer.Option("--read-only", help="It changes nothing.")] = False,
    network: Annotated[str, typer.Option(help="The address or network it can be used from; any, if not given.")] = "",
) -> None:
    """Make a token for an account and show it, this once: what is stored is no more than a hash of it."""
    _setup()
    from perdure.accounts.access_tokens import create_token
    from perdure.conf import conf
    from perdure.transactions import transaction

    with transaction():
        made, secret = create_token(
            _find(account), name, days=days if days else None, read_only=read_only, network=network
        )
    good = "for ever" if made.expires is None else f"until {made.expires:%Y-%m-%d}"
    stderr.print(f"Token #{made.pk} for {made.account.key}, good {good}. It is shown this once:", markup=False)
    typer.echo(secret)
    if not conf.REST_API_ENABLED:
        stderr.print("There is no REST interface yet: REST_API_ENABLED is False.", style="yellow")


@app.command("list")
def list_tokens(
    account: Annotated[str | None, typer.Argument(help="Only those of this account.")] = None,
) -> None:
    """List tokens: what each is for, until when it is good, when it was used last."""
    _setup()
    from perdure.accounts.access_tokens import tokens_of

    tokens = tokens_of(_find(account) if account else None).select_related("account")
    rows = [
        [
            f"#{one.pk}",
            one.account.key,
            one.name,
            "reads" if one.read_only else "changes",
            one.network or "anywhere",
            "for ever" if one.expires is None else f"{one.expires:%Y-%m-%d}",
            "never" if one.last_used is None else f"{one.last_used:%Y-%m-%d %H:%M}",
        ]
        for one in tokens
    ]
    show_table("Tokens", ["number", "account", "for", "may", "from", "good until", "last used"], rows)


@app.command("revoke")
def revoke(number: Annotated[str, typer.Argument(help="The token's number, as `list` shows it.")]) -> None:
    """End a token. Whoever uses it is refused from now on."""
    _setup()
    from perdure.accounts.access_tokens import revoke_token
    from perdure.errors import InvalidArgument

    digits = number.removeprefix("#")
    if not (digits.isdecimal() and len(digits) < 19) or not revoke_token(int(digits)):
        raise InvalidArgument(f"there is no token {number!r}: perdure token list shows those there are")
    stdout.print(f"Token #{digits} is revoked.", markup=False)


def _find(name: str) -> Any:
    from perdure.accounts.models import AccountDB
    from perdure.errors import InvalidArgument

    found = AccountDB.objects.get_account_from_name(name)
    if found is None:
        raise InvalidArgument(f"there is no account {name!r}")
    return found


def _setup() -> None:
    from perdure.bootstrap import setup

    setup()
