"""Commands about the server itself: reloading and stopping it, how it is doing, what it is made of, the time."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from datetime import UTC, datetime

from django import get_version

from perdure import gametime
from perdure.commands.default.server_facts import (
    gateway_started,
    loop_or_none,
    server_name,
    world_started,
)
from perdure.commands.default.stock import StockCommand
from perdure.commands.durations import spelled
from perdure.idmapper.models import cache_stats, flush_cache
from perdure.sessions import SESSION_HANDLER
from perdure.version import __version__

__all__ = ["CmdAbout", "CmdReload", "CmdReset", "CmdServer", "CmdShutdown", "CmdTime"]

MEGABYTE = 1024 * 1024


class _Control(StockCommand):
    """Asks the gateway for something; what comes of it is told to who asked by whichever world runs then."""

    help_category = "system"
    verb = ""

    def ask_for(self, reason: str) -> bool:
        """Whether there is somebody to ask; it is told if not."""
        loop = loop_or_none()
        if loop is not None and loop.wanted(self.verb, reason, self.session):
            return True
        self.msg("There is no running server here that could do that.")
        return False


class CmdReload(_Control):
    """Load the game's code anew, without anybody being disconnected.

    Usage:
      reload [<reason>]

    A new world is started beside this one and checked. Only if everything can be loaded it takes over; else this one
    goes on, and you are told the file and the line.
    """

    key = "@reload"
    aliases = ["@restart"]
    locks = "cmd:perm(reload) or perm(Developer)"
    verb = "reload"

    def func(self) -> None:
        """Ask for it."""
        if self.ask_for(self.args.strip()):
            self.msg("The new world is being started and checked …")


class CmdReset(_Control):
    """Load the game's code anew as after a stop: scripts and objects are told of a shutdown, nobody is disconnected.

    Usage:
      reset [<reason>]
    """

    key = "@reset"
    locks = "cmd:perm(reload) or perm(Developer)"
    verb = "reset"

    def func(self) -> None:
        """Ask for it."""
        if self.ask_for(self.args.strip()):
            self.msg("The new world is being started and checked …")


class CmdShutdown(_Control):
    """Stop the whole server. Everybody is disconnected.

    Usage:
      shutdown [<what to tell everybody>]
    """

    key = "@shutdown"
    locks = "cmd:perm(shutdown) or perm(Developer)"
    verb = "stop"
    needs_session = True

    def func(self) -> None:
        """Ask for it."""
        told = self.args.strip()
        if self.ask_for(told):
            SESSION_HANDLER.announce_all(f"|r{self.caller.key} shuts the server down.|n{f' {told}' if told else ''}")


class CmdServer(StockCommand):
    """See how the server is doing.

    Usage:
      server
      server/mem
      server/flushmem
      server/slow

    Switches:
      mem      - memory, in one line
      flushmem - let go of what is only kept in memory for speed
      slow     - what took long lately, and where

    The cache command says more of what is kept in memory and why.
    """

    key = "@server"
    aliases = ["@serverload"]
    help_category = "system"
    locks = "cmd:perm(list) or perm(Developer)"
    switch_options = ("mem", "flushmem", "slow")

    def func(self) -> None:
        """Show it."""
        if "flushmem" in self.switches:
            before = cache_stats().total
            flush_cache()
            self.msg(f"Objects in memory: {before} before, {cache_stats().total} now. {memory_line()}")
        elif "mem" in self.switches:
            self.msg(memory_line())
        elif "slow" in self.switches:
            self._slow()
        else:
            self._all()

    def _all(self) -> None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        started = world_started()
        table = self.table("Server", "")
        table.add_rows(
            [
                ("Process", os.getpid()),
                ("Up for", spelled(time.time() - started) if started else "unknown"),
                ("Load average", ", ".join(f"{part:.2f}" for part in os.getloadavg())),
                ("Memory", memory_line()),
                ("CPU time", f"{usage.ru_utime:.1f} s own, {usage.ru_stime:.1f} s system"),
                ("Page faults", f"{usage.ru_majflt} major, {usage.ru_minflt} minor"),
                ("Blocks", f"{usage.ru_inblock} in, {usage.ru_oublock} out"),
                ("Context switches", f"{usage.ru_nvcsw} waiting, {usage.ru_nivcsw} preempted"),
                ("Sessions", len(SESSION_HANDLER.get_sessions(include_unloggedin=True))),
            ]
        )
        stats = cache_stats()
        classes = self.table("Class", "In memory")
        for path, count in sorted(stats.live.items(), key=lambda item: (-item[1], item[0]))[:20]:
            classes.add_row(path, count)
        self.msg(f"{table}\n\n|w{stats.total} objects in memory|n\n{classes}")

    def _slow(self) -> None:
        reports = list(getattr(loop_or_none(), "slow", ()))
        if not reports:
            self.msg("Nothing has been slow lately.")
            return
        table = self.table("Seconds", "What", "Where")
        for report in reports[-20:]:
            table.add_row(f"{report.seconds:.3f}", report.label, getattr(report, "where", "") or "")
        self.msg(str(table))


class CmdAbout(StockCommand):
    """See what this game runs on.

    Usage:
      about
    """

    key = "@about"
    aliases = ["@version"]
    help_category = "system"
    locks = "cmd:all()"

    def func(self) -> None:
        """Show it."""
        self.msg(
            f"|w{server_name()}|n runs on Perdure {__version__}.\n"
            f"  Python {platform.python_version()}, Django {get_version()}, {platform.system()} {platform.machine()}"
        )


class CmdTime(StockCommand):
    """See the time here and in the game, and for how long the server has been running.

    Usage:
      time

    The time of the game runs by itself: it has its own beginning, and its hours may be shorter than yours.
    """

    key = "@time"
    aliases = ["@uptime"]
    help_category = "system"
    locks = "cmd:perm(time) or perm(Player)"

    def func(self) -> None:
        """Show it."""
        now = time.time()
        table = self.table("Time", "")
        for title, since in (("World", world_started()), ("Gateway", gateway_started())):
            table.add_row(title, f"since {self.moment(since)}, {spelled(now - since)}" if since else "unknown")
        ran = spelled(gametime.runtime())
        table.add_row("Game", f"first started {self.moment(gametime.server_epoch())}, has run for {ran}")
        table.add_row("Now", self.moment(now, "%Y-%m-%d %H:%M:%S"))
        table.add_row("In the game", f"{game_date(gametime.gametime(absolute=True))}, {_pace(gametime.time_factor())}")
        table.add_row("", f"{spelled(gametime.gametime())} since {game_date(gametime.game_epoch())}")
        self.msg(str(table))


def game_date(seconds: float) -> str:
    """A date of the game: seconds since 1970 as a calendar has them, which knows no time zones."""
    try:
        return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, OSError, ValueError):
        return f"{spelled(abs(seconds))} {'after' if seconds > 0 else 'before'} 1970"


def _pace(factor: float) -> str:
    """How fast the time of the game goes."""
    if factor == 0:
        return "where time stands still"
    return "as fast as here" if factor == 1 else f"{factor:g} times as fast as here"


def memory_line() -> str:
    """Memory of this process: resident and virtual."""
    page = resource.getpagesize()
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            virtual, resident = (int(part) * page for part in file.read().split()[:2])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return f"{peak / MEGABYTE:.1f} MB at most"
    return f"{resident / MEGABYTE:.1f} MB resident, {virtual / MEGABYTE:.1f} MB virtual"
