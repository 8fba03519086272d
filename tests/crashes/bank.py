"""The game that is killed: everybody has a hundred thousand coins, and brings them to the bank one by one.

`deposit N` changes rows of three tables in one command: a coin leaves the depositor and comes to the bank, which all
share; N is written into the depositor's book; and every tenth time a new receipt replaces the old one. `check` says
what of that does not fit together. It reads the file of the database, with nothing of Perdure.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

COINS = 100_000
#: So many numbers on each page of a book; a page is an attribute.
PAGE = 50
#: So many deposits for each receipt.
RECEIPT = 10
PASSWORD = "a-clew-of-thread"

SETTINGS = """
CMDSET_CHARACTER = "commands.bank.CharacterCmdSet"
RELOAD_CHECK_TIMEOUT = 60.0
"""

FILES = {
    "commands/bank.py": f'''"""Deposits."""

from django.db import connection

from perdure import create_object, search_object
from perdure.commands.command import Command
from perdure.commands.default.cmdsets import CharacterCmdSet as Stock


class CmdDeposit(Command):
    """Bring a coin to the bank."""

    key = "deposit"

    def func(self):
        number = int(self.args)
        me, (bank,) = self.caller, search_object("Bank")
        me.db.coins -= 1
        page = f"book {{number // {PAGE}:05}}"
        if not me.attributes.has(page):
            me.attributes.add(page, [])
        me.attributes.get(page).append(number)
        bank.db.coins += 1
        if number % {RECEIPT} == 0:
            for old in [each for each in me.contents if each.key.startswith("receipt")]:
                old.delete()
            create_object("typeclasses.objects.Object", key=f"receipt {{number}}", location=me)
        self.msg(f"ok {{number}}")


class CmdReady(Command):
    """Say that one is there."""

    key = "ready"

    def func(self):
        self.msg(f"ready as {{self.caller.key}}.")


class CmdHalf(Command):
    """Do half of a deposit and fail."""

    key = "half"

    def func(self):
        self.caller.db.coins -= 1
        self.msg("half done")
        raise RuntimeError("this command always fails")


class CmdPragma(Command):
    """Tell how this process keeps what it writes."""

    key = "pragma"

    def func(self):
        with connection.cursor() as cursor:
            for name in ("synchronous", "journal_mode"):
                self.msg(f"{{name}}={{cursor.execute(f'PRAGMA {{name}}').fetchone()[0]}};")


class CharacterCmdSet(Stock):
    def at_cmdset_creation(self):
        super().at_cmdset_creation()
        for command in (CmdDeposit, CmdReady, CmdHalf, CmdPragma):
            self.add(command())
''',
}

SET_UP = """
from perdure import create_account, create_object, search_object

bank = create_object("typeclasses.objects.Object", key="Bank", nohome=True)
bank.db.coins = 0
for number in range({count}):
    account = create_account(f"client{{number:02}}", None, "{password}")
    account.create_character(key=f"client{{number:02}}")
    (character,) = search_object(f"client{{number:02}}", exact=True)
    character.db.coins = {coins}
"""


def set_up(count: int) -> str:
    """What makes the bank and so many depositors."""
    return SET_UP.format(count=count, password=PASSWORD, coins=COINS)


@dataclass
class Books:
    """What is stored, as one transaction sees it."""

    bank: int = 0
    coins: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, list[int]] = field(default_factory=dict)
    receipts: dict[str, list[int]] = field(default_factory=dict)


def read(database: Path) -> Books:
    """Read the file; also while others write."""
    books = Books()
    with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        people = connection.execute("SELECT id, db_key FROM objects_objectdb WHERE db_key LIKE 'client%'").fetchall()
        for identity, name in people:
            rows = connection.execute(
                "SELECT db_key, db_value FROM objects_objectattribute WHERE owner_id = ? ORDER BY db_key", [identity]
            )
            books.numbers[name] = []
            for key, value in rows:
                if key == "coins":
                    books.coins[name] = json.loads(value)
                elif key.startswith("book"):
                    books.numbers[name] += json.loads(value)
            kept = connection.execute(
                "SELECT db_key FROM objects_objectdb WHERE db_location_id = ? AND db_key LIKE 'receipt%'", [identity]
            )
            books.receipts[name] = [int(key.split()[1]) for (key,) in kept]
        (books.bank,) = connection.execute(
            "SELECT db_value FROM objects_objectattribute JOIN objects_objectdb ON owner_id = objects_objectdb.id "
            "WHERE objects_objectdb.db_key = 'Bank' AND objects_objectattribute.db_key = 'coins'"
        ).fetchone()
        books.bank = int(books.bank)
        connection.execute("COMMIT")
    return books


def check_file(database: Path) -> list[str]:
    """What SQLite itself finds wrong with the file."""
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        return found + [f"a reference to nothing: {row}" for row in connection.execute("PRAGMA foreign_key_check")]


def check(books: Books, acknowledged: Mapping[str, Collection[int]], sent: Mapping[str, int]) -> list[str]:
    """What does not fit: with itself, or with what was acknowledged to each client and was sent by it."""
    wrong = []
    for name, numbers in books.numbers.items():
        if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
            wrong.append(f"{name}: not each once and in order: {numbers[-2 * PAGE :]}")
        if missing := sorted(set(acknowledged[name]) - set(numbers)):
            wrong.append(f"{name}: acknowledged and not there: {missing}")
        if invented := [number for number in numbers if number > sent[name]]:
            wrong.append(f"{name}: there and never sent: {invented}")
        if books.coins[name] != COINS - len(numbers):
            wrong.append(f"{name}: {len(numbers)} deposits and {books.coins[name]} coins of {COINS}")
        last = [number for number in numbers if number % RECEIPT == 0][-1:]
        if books.receipts[name] != last:
            wrong.append(f"{name}: the receipts are {books.receipts[name]} where {last} was deposited")
    if books.bank != sum(map(len, books.numbers.values())):
        wrong.append(f"the bank has {books.bank} coins of {sum(map(len, books.numbers.values()))} deposits")
    return wrong
