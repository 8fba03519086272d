"""A second process on the same database: `python -m tests.processes.child DATABASE ROLE ARGUMENTS…`.

DATABASE is Django's settings of the database in JSON. Roles are the functions below; what a role prints is its ledger.
"""

from __future__ import annotations

import json
import os
import signal
import sys


def set_up(database: str) -> None:
    """Django with nothing but the identity map and the test app."""
    import django
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=["perdure.idmapper", "tests.idmapper_app"],
        DATABASES={"default": json.loads(database)},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()


class Fate:
    """Kills this process at the n-th thing it does to the database; each has a moment before it and one after."""

    def __init__(self, number: int) -> None:
        self.left = number

    def moment(self) -> None:
        """Another moment has come."""
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function, *args, **kwargs):
        """Call `function`, with its two moments."""
        self.moment()
        result = function(*args, **kwargs)
        self.moment()
        return result


def write(number: str, turns: str) -> None:
    """Turn after turn, change two rows and make a third in one transaction; acknowledge it after the commit."""
    from django.db import connection

    from perdure.transactions import transaction
    from tests.idmapper_app.models import Item, Versioned

    fate = Fate(int(number))
    left, right = Item.objects.order_by("pk")[:2]
    counter = Versioned.objects.get()
    commit = connection._connections[connection._alias]._commit
    connection._connections[connection._alias]._commit = lambda: fate.around(commit)
    with connection.execute_wrapper(lambda execute, *args: fate.around(execute, *args)):
        for turn in range(1, int(turns) + 1):
            with transaction():
                left.count = turn
                counter.count = turn
                Item.objects.create(db_key=f"turn {turn}", db_count=turn, db_owner=left)
                with transaction():
                    right.count = turn
            print(turn, flush=True)


def bump(number: str) -> None:
    """Add ten to the count of a `Versioned`."""
    from tests.idmapper_app.models import Versioned

    row = Versioned.objects.get(pk=int(number))
    row.count = row.count + 10
    print(row.version)


def rename(number: str, key: str) -> None:
    """Give an `Item` another key."""
    from tests.idmapper_app.models import Item

    Item.objects.get(pk=int(number)).key = key


def remove(number: str) -> None:
    """Delete an `Item`."""
    from tests.idmapper_app.models import Item

    Item.objects.get(pk=int(number)).delete()


def create() -> None:
    """Make an `Item`; the ledger is its id."""
    from tests.idmapper_app.models import Item

    print(Item.objects.create(db_key="made in another process").pk)


ROLES = {role.__name__: role for role in (write, bump, rename, remove, create)}

if __name__ == "__main__":
    set_up(sys.argv[1])
    ROLES[sys.argv[2]](*sys.argv[3:])
