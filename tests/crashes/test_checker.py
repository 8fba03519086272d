"""The checker finds what it is there to find."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.crashes.bank import COINS, Books, check


def books() -> Books:
    """Eleven deposits of one client, all in order."""
    return Books(bank=11, coins={"anna": COINS - 11}, numbers={"anna": list(range(1, 12))}, receipts={"anna": [10]})


def found(change: Callable[[Books], object], acknowledged: range = range(1, 12), sent: int = 12) -> list[str]:
    stored = books()
    change(stored)
    return check(stored, {"anna": acknowledged}, {"anna": sent})


def test_nothing_is_wrong_with_what_fits() -> None:
    assert found(lambda stored: None) == []
    assert found(lambda stored: None, acknowledged=range(1, 10)) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda stored: stored.numbers["anna"].remove(5), "not there"),
        (lambda stored: stored.numbers["anna"].append(11), "each once"),
        (lambda stored: stored.numbers["anna"].append(3), "in order"),
        (lambda stored: stored.numbers["anna"].append(13), "never sent"),
        (lambda stored: stored.coins.update(anna=COINS), "coins"),
        (lambda stored: stored.receipts.update(anna=[]), "receipts"),
        (lambda stored: stored.receipts.update(anna=[10, 20]), "receipts"),
        (lambda stored: setattr(stored, "bank", 10), "the bank"),
    ],
)
def test_half_a_command_is_found(change: Callable[[Books], object], what: str) -> None:
    assert any(what in each for each in found(change))
