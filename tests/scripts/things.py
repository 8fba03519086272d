"""Script classes that the tests use."""

from __future__ import annotations

from typing import ClassVar

from perdure.scripts.scripts import DefaultScript


class Noted(DefaultScript):
    """Notes each hook that is called."""

    calls: ClassVar[list[str]] = []

    def at_start(self, **kwargs):
        self.calls.append("start")

    def at_repeat(self, **kwargs):
        self.calls.append("repeat")

    def at_pause(self, manual_pause=True, **kwargs):
        self.calls.append(f"pause manual={manual_pause}")

    def at_stop(self, **kwargs):
        self.calls.append("stop")

    def at_server_start(self):
        self.calls.append("server")


class Counting(DefaultScript):
    """Counts its ticks in an attribute."""

    def at_script_creation(self):
        self.db.ticks = 0

    def at_repeat(self, **kwargs):
        self.db.ticks += 1
        if self.db.explode:
            raise ZeroDivisionError("boom")


class Preset(DefaultScript):
    """Sets everything in its creation hook."""

    def at_script_creation(self):
        self.db_key = "preset"
        self.db_desc = "from the hook"
        self.db_interval = 30
        self.db_repeats = 7
        self.db_start_delay = True
        self.db_persistent = True
        self.save()


class Stubborn(DefaultScript):
    """Refuses to be deleted while `db.stay` is true, and says nothing otherwise."""

    def at_script_delete(self):
        if self.db.stay:
            return False
        return None


class SelfDestroying(DefaultScript):
    def at_script_creation(self):
        self.delete()


class FailingAtStart(DefaultScript):
    def at_start(self, **kwargs):
        raise RuntimeError("no start")
