"""Writing longer texts line by line, at the prompt of any client, through whatever happens to the process.

Contract: `await edit(self, self.save_it, lamp, text="…")` in a command lets the player change a text until `:q`. The
action is a method of the command that is marked with `@writes("name")`; for `:w` it is called with the text and the
arguments, and says whether it was saved (a coroutine may too).

What has been typed is stored with each line (`drafts`), so that the editor opens again by itself, where it was, after a
reload, a reset, a crash, or when the writer comes back after a stop or a lost connection. The action is then looked up
by its name among the commands that the writer has and may use at that moment; the text waits as long as there is none.

Invariants: a line that does not begin with a colon is text, and is kept as it was typed; `::` begins a line of text
with a colon. A draft goes when its editor is left by `:q` or `:wq`, in the same transaction.

Failure modes: an action that raises is undone and told as in any command, and the editor opens again with the text as
it was before that line.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, TypeVar

from perdure.commands.drafts import MOST_DRAFTS, Draft, can_keep, drafts_of
from perdure.commands.gathering import gather_for
from perdure.commands.line_editor import MOST_CHARACTERS, MOST_LINES, LineEditor
from perdure.commands.running import CommandRun, current_run, settled
from perdure.errors import InvalidArgument, NoGameLoop, PromptEnded
from perdure.gameloop import current_loop
from perdure.sessions import SESSION_HANDLER
from perdure.text.markup import escape

__all__ = ["edit", "resume", "resume_soon", "writes"]

#: Seconds after which an editor that nobody types into is closed.
PATIENCE = 3600

_COMMAND = re.compile(r":(?P<name>[a-z]+!?|!)?\s*(?P<rest>.*)", re.DOTALL)
_MARK = "_writes_as"
_open: set[tuple[Any, str]] = set()  # owner and key of the drafts that are being written now

Function = TypeVar("Function", bound=Callable[..., Any])


def writes(name: str) -> Callable[[Function], Function]:
    """Mark a method of a command as what is done with a text: `method(self, text, *arguments)`.

    Args:
        name: what is stored of it, so it stays the same when code moves.
    """

    def mark(function: Function) -> Function:
        setattr(function, _MARK, name)
        return function

    return mark


async def edit(
    command: Any,
    action: Callable[..., Any],
    *arguments: Any,
    text: str = "",
    title: str = "a text",
    others: dict[str, Callable[..., Any]] | None = None,
) -> None:
    """Let the player of a command write a text.

    Args:
        command: the command that runs.
        action: what saves it: a method of the command, marked with `@writes`.
        arguments: for the action; plain data and entities.
        text: what there is.
        title: what is being written, as markup.
        others: further actions by editing command (`!` for `:!`).
    """
    names = {name: _name_of(method) for name, method in (others or {}).items()}
    sessid = getattr(command.session, "sessid", 0)
    draft = Draft(command.caller, _name_of(action), arguments, names, title, LineEditor(text), sessid)
    known = drafts_of(draft.owner) if command.session is not None else []
    if (draft.owner, draft.key) in _open:
        command.msg(f"You are writing {title} in another session already.")
        return
    note = f"|wEditing {title}.|n :h shows the commands."
    for kept in known:
        if kept.key == draft.key:
            draft.editor = kept.editor
            note = f"|wEditing {title}.|n This is what you were writing before; :q! forgets it. :h shows the commands."
    if len(known) >= MOST_DRAFTS and all(kept.key != draft.key for kept in known):
        command.msg(f"You are writing {len(known)} texts already: {', '.join(kept.title for kept in known)}.")
        return
    if len(text) > MOST_CHARACTERS or len(draft.editor.lines) > MOST_LINES:
        command.msg(f"{title} is too long for the line editor ({MOST_CHARACTERS} characters, {MOST_LINES} lines).")
        return
    await _write(command, draft, note)


async def _write(command: Any, draft: Draft, note: str) -> None:
    """Take line after line, until the editor is left."""
    session = command.session
    if session is None:
        draft.owner = None  # nobody could come back to it
    here = (draft.owner, draft.key)
    run = current_run()
    if run is not None and session is not None:
        run.when_undone = partial(resume_soon, session)
    _open.add(here)
    answered = False
    try:
        draft.keep()
        command.msg(f"{note}\n{escape(draft.editor.shown())}")
        while True:
            typed = str(await command.ask("", timeout=PATIENCE))
            answered = True
            if await _is_left(command, draft, typed):
                draft.drop()
                return
            draft.keep()
    except PromptEnded:
        kept = " What you wrote is kept: edit it again to go on." if can_keep(draft.owner) else ""
        command.msg(f"The editor is closed.{kept}")
        raise
    except Exception:
        # What was done for that line is undone, and told; the editor itself goes on.
        if answered and session is not None:
            resume_soon(session, anyway=True)
        raise
    finally:
        _open.discard(here)


async def _is_left(command: Any, draft: Draft, typed: str) -> bool:
    """Do what a line says; whether it ends the editing."""
    editor = draft.editor
    match = _COMMAND.fullmatch(typed)
    if match is None or typed.startswith("::"):
        told = editor.add(typed[1:] if match else typed)
    elif match["name"] in ("w", "wq"):
        return await _save(command, draft) and match["name"] == "wq"
    elif match["name"] in ("q", "q!"):
        if match["name"] == "q" and editor.changed and not await _give_up(command):
            return False
        told = "The editor is closed."
    elif match["name"] in draft.others:
        await settled(_action(command, draft.others[match["name"]])(editor.text, *draft.arguments))
        return False
    else:
        told = editor.do(match["name"] or "", match["rest"])
    if told:
        command.msg(escape(told))
    return match is not None and match["name"] in ("q", "q!")


async def _save(command: Any, draft: Draft) -> bool:
    saved = bool(await settled(_action(command, draft.action)(draft.editor.text, *draft.arguments)))
    if saved:
        draft.editor.note_saved()
    command.msg("Saved." if saved else "It was not saved.")
    return saved


async def _give_up(command: Any) -> bool:
    try:
        return bool(await command.confirm("Something is not saved. End without saving?", default=False))
    except PromptEnded:
        return False


# --- going on


def resume_soon(session: Any, anyway: bool = False) -> None:
    """Have `resume` done as a unit of its own, `anyway` if this one is undone; nothing where no world runs."""
    try:
        loop = current_loop()
    except NoGameLoop:
        return
    turn = getattr(session, "sessid", None)
    loop.submit(partial(resume, session), label="texts", caller=session, turn=turn, anyway=anyway)


def resume(session: Any) -> int:
    """Open again what the puppet or account of this session is in the middle of writing; how many texts that are."""
    known: Any = SESSION_HANDLER.get(session.sessid)
    if known is not session or getattr(session, "is_closing", False):
        return 0
    opened = 0
    for owner in (session.puppet, session.account):
        for draft in drafts_of(owner):
            if (owner, draft.key) in _open or _is_of_another(draft, session):
                continue
            command = _command_for(session, draft)
            if command is None and owner is session.account and session.puppet is not None:
                continue  # it goes on when they are out of character again
            if command is None:
                session.data_out(text=f"|y{draft.title}, which you were writing, is kept, but you cannot go on now.|n")
                continue
            draft.sessid = session.sessid
            CommandRun(owner, session, command).start(_resumed(command, draft))
            opened += 1
    return opened


async def _resumed(command: Any, draft: Draft) -> None:
    await settled(command.parse())
    note = f"|yYou go on writing {draft.title}, which you had not finished.|n :h shows the commands."
    await _write(command, draft, note)


def _is_of_another(draft: Draft, session: Any) -> bool:
    """Whether another live session of the same writer is where it is written."""
    other = SESSION_HANDLER.get(draft.sessid)
    return other is not None and other is not session and draft.owner in (other.puppet, other.account)


def _command_for(session: Any, draft: Draft) -> Any:
    """A command of the writer, ready to run, that knows all actions of the draft; None if there is none now."""
    from perdure.commands.dispatch import cmdhandler

    wanted = {draft.action, *draft.others.values()}
    gathered = gather_for(session)
    for command in gathered.cmdset:
        if not wanted <= _actions(command).keys() or not all(_takes(command, name, draft) for name in wanted):
            continue
        acts = session.account if getattr(command, "account_caller", False) else gathered.caller
        if acts is draft.owner and command.access(gathered.caller, "cmd"):
            return cmdhandler(session, "", session=session, cmdobj=command, _testing=True)
    return None


def _takes(command: Any, name: str, draft: Draft) -> bool:
    """Whether the action takes these arguments: the code may be another than when the draft was begun."""
    try:
        inspect.signature(_action(command, name)).bind("", *draft.arguments)
    except TypeError:
        return False
    return True


def _action(command: Any, name: str) -> Any:
    return getattr(command, _actions(command)[name])


def _actions(command: Any) -> dict[str, str]:
    """The methods of a command that are marked with `@writes`, by the name that is stored."""
    command_class: Any = type(command)
    return _actions_of(command_class)


@lru_cache(maxsize=256)
def _actions_of(command_class: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for base in reversed(command_class.__mro__):
        for name, function in vars(base).items():
            if (marked := getattr(function, _MARK, None)) is not None:
                found[marked] = name
    return found


def _name_of(action: Callable[..., Any]) -> str:
    """The name of a method that is marked, or that overrides one that is."""
    method, owner = getattr(action, "__name__", ""), getattr(action, "__self__", None)
    for name, marked in _actions(owner).items():
        if marked == method:
            return name
    raise InvalidArgument(f"{action!r} cannot be named in a draft: give a method that is marked with @writes(name)")
