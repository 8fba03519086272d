"""`scripts`: the scripts of the game and of things."""

from __future__ import annotations

import re
from typing import Any

from perdure.commands.default.editing import EditingCommand, named, plural_s
from perdure.commands.default.examination import examination
from perdure.create import create_script
from perdure.errors import TypeclassError
from perdure.scripts.models import ScriptDB
from perdure.scripts.state_machine import TimerState
from perdure.text.markup import escape
from perdure.typeclasses import registry

__all__ = ["CmdScripts"]

_RANGE = re.compile(r"#([0-9]{1,18})\s*-\s*#?([0-9]{1,18})")
_MOST = 100
_LARGEST_RANGE = 100
_ACTIONS = ("start", "stop", "pause", "delete")
_DONE = {"start": "started", "stop": "stopped", "pause": "paused", "delete": "deleted"}


class CmdScripts(EditingCommand):
    """Show, make and manage scripts.

    Usage:
      scripts
      script <#number, key or class>
      script [<key>:]<class>
      script/<switch> <#number, #<first>-#<last>, key or class>
      script <thing> =
      script <thing> = [<key>:]<class>
      script/<switch> <thing> = [<#number or key>]

    Switches:
      start, stop, pause - the timer of the script
      delete             - the script

    Without an = it is about global scripts and those given by number; a class that no script has yet makes a global
    one. With an = it is about the scripts of a thing (or *account): list them, make one, or act on one or on all of
    them. You are asked before it acts on several.

    Example:
      script clock = tick:scripts.Ticker
    """

    key = "@scripts"
    aliases = ["@script"]
    switch_options = _ACTIONS
    locks = "cmd:perm(scripts) or perm(Builder)"

    async def func(self) -> None:
        """Show, make or act."""
        action = next((switch for switch in self.switches if switch in _ACTIONS), None)
        if not self.args:
            await self._list(ScriptDB.objects.order_by("pk"), "in the game")
        elif self.rhs is not None:
            await self._of_host(action)
        elif action is not None:
            await self._act(action, self._named(self.args))
        else:
            await self._show_or_make(self.args)

    # --- showing

    async def _list(self, scripts: Any, where: str) -> None:
        number = scripts.count()
        if not number:
            self.msg(f"There are no scripts {where}.")
            return
        table = self.table("number", "of", "key", "every", "next", "left", "timer", "class", "description")
        for script in scripts[:_MOST]:
            host = script.obj if script.obj is not None else script.account
            due, left = script.time_until_next_repeat(), script.remaining_repeats()
            table.add_row(
                script.dbref,
                named(host) if host is not None else "",
                escape(script.key),
                f"{script.db_interval} s" if script.db_interval > 0 else "",
                "" if due is None else f"{due:.0f} s",
                "" if left is None else left,
                script.timer.value,
                escape(script.typeclass_path.rpartition(".")[2]),
                escape(script.db_desc or ""),
            )
        lines = [f"{number} script{plural_s(number)} {where}:", str(table)]
        if number > _MOST:
            lines.append(f"… and {number - _MOST} more.")
        await self.page("\n".join(lines))

    async def _show_or_make(self, text: str) -> None:
        key, _, path = text.rpartition(":")
        found = self._named(text, quiet=True) or (self._named(path, quiet=True, key=key) if key else [])
        if len(found) > 1:
            await self._list(
                ScriptDB.objects.filter(pk__in=[one.pk for one in found]).order_by("pk"), f"for '{escape(text)}'"
            )
        elif found:
            await self._examine(found[0])
        elif (cls := self._class(path)) is not None:
            self._make(cls, key, None)

    async def _examine(self, script: Any) -> None:
        """All that is known of a script, for those who may see it; a line about it for others."""
        host = script.obj if script.obj is not None else script.account
        if self.may(script if host is None else host, "examine"):
            await self.page("\n".join(examination(script, self.caller)))
        else:
            await self._list(ScriptDB.objects.filter(pk=script.pk), "of this name")

    def _named(self, text: str, quiet: bool = False, key: str = "") -> list[Any]:
        """The scripts meant by a number, a range of numbers, a key or a class; tells if there are none."""
        text = text.strip()
        span = _RANGE.fullmatch(text)
        if span is not None:
            first, last = sorted((int(span[1]), int(span[2])))
            if last - first >= _LARGEST_RANGE:
                self.msg(f"A range takes in at most {_LARGEST_RANGE} numbers.")
                return []
            found = list(ScriptDB.objects.filter(pk__gte=first, pk__lte=last).order_by("pk"))
        elif text.startswith("#"):
            found = list(ScriptDB.search(text))
        else:
            everywhere = ScriptDB.objects.filter(db_obj__isnull=True, db_account__isnull=True).order_by("pk")
            found = list(everywhere.filter(db_key__iexact=text)[:_MOST]) if not key else []
            if not found and (cls := self._class(text, quiet=True)) is not None:
                wanted = everywhere.filter(db_typeclass_path__in=registry.own_paths(cls))
                found = list((wanted.filter(db_key__iexact=key) if key else wanted)[:_MOST])
        if not found and not quiet:
            self.msg(f"There is no script '{escape(text)}'.")
        return found

    def _class(self, path: str, quiet: bool = False) -> Any:
        try:
            return registry.resolve(path.strip(), ScriptDB)
        except TypeclassError as error:
            if not quiet:
                self.msg(f"There is no script and no class of scripts '{escape(path)}': {escape(str(error))}")
            return None

    # --- of a thing

    async def _of_host(self, action: str | None) -> None:
        host = self.find_object(self.lhs, accounts=True)
        if host is None:
            return
        if action is not None:
            scripts = list(host.scripts.get(self.rhs) if self.rhs else host.scripts.all())
            if scripts:
                await self._act(action, scripts)
            else:
                self.msg(f"{named(host)} has no {f'script {escape(repr(self.rhs))}' if self.rhs else 'scripts'}.")
        elif not self.rhs:
            if self.may(host, "examine"):
                await self._list(host.scripts.all().order_by("pk"), f"on {named(host)}")
            else:
                self.msg(f"You may not see the scripts of {named(host)}: it takes 'examine' access (see explain).")
        elif self.require(host, what="put a script on"):
            key, _, path = self.rhs.rpartition(":")
            cls = self._class(path)
            if cls is not None:
                self._make(cls, key, host)

    def _make(self, cls: Any, key: str, host: Any) -> None:
        arguments: dict[str, Any] = {"key": key.strip()} if key.strip() else {}
        if host is not None:
            arguments["account" if host.__dbclass__.__name__ == "AccountDB" else "obj"] = host
        with self.alone("The script was not made"):
            script = create_script(cls, autostart=True, **arguments)
            if script is None:
                self.msg("The script deleted itself when it was made.")
                return
            if not script.locks.get("control"):
                who = " or ".join([*([f"pid({self.account.pk})"] if self.account else []), "perm(Admin)"])
                script.locks.add(f"control:{who};edit:{who}")
            on = f"on {named(host)}" if host is not None else "a global one"
            timer = f"its timer is {_timer(script)}"
            self.msg(f"Made the script {named(script)}, {on}, of the class {escape(cls.path)}; {timer}.")

    # --- acting

    async def _act(self, action: str, scripts: list[Any]) -> None:
        allowed = [script for script in scripts if self._may_manage(script)]
        if not allowed:
            return
        if len(allowed) > 1:
            names = ", ".join(named(script) for script in allowed[:20])
            more = f" and {len(allowed) - 20} more" if len(allowed) > 20 else ""
            if not await self.confirm(f"{action.capitalize()} {len(allowed)} scripts: {names}{more}?", default=False):
                self.msg("Nothing was done.")
                return
            allowed = [script for script in allowed if not script._is_deleted and self._may_manage(script)]
        for script in allowed:
            label = named(script)
            with self.alone(f"{label} was not {_DONE[action]}"):
                self.msg(_done(script, action, label))

    def _may_manage(self, script: Any) -> bool:
        host = script.obj if script.obj is not None else script.account
        return self.require(
            script if host is None else host, what="manage scripts of" if host is not None else "manage"
        )


def _done(script: Any, action: str, label: str) -> str:
    """Do it; what came of it."""
    if action == "delete":
        return f"{label} is deleted." if script.delete() else f"{label} was not deleted: it refuses."
    if action == "start" and script.db_interval <= 0:
        return f"{label} has no timer, so there is nothing to start."
    if action == "pause" and script.timer is not TimerState.RUNNING:
        return f"{label} is not running, so it cannot be paused."
    getattr(script, action)()
    return f"{label} is {_DONE[action]}."


def _timer(script: Any) -> str:
    return str(script.timer.value) if script.db_interval > 0 else "none"
