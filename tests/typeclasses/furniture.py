"""The typeclasses that the tests of managers look for."""

from __future__ import annotations

from perdure.objects.objects import DefaultObject
from perdure.scripts.scripts import DefaultScript


class MgrFurniture(DefaultObject):
    pass


class MgrChair(MgrFurniture):
    pass


class MgrSofa(MgrChair):
    pass


class MgrRock(DefaultObject):
    pass


class MgrWatcher(DefaultScript):
    pass
