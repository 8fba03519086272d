"""Questions to players: what the next line that somebody types is the answer to.

Contract: a question waits for the session that gave the command (or, for a command that came from no session, for
whoever did it). The next line of that session answers it and is nothing else. Yes and no are asked for in so many
words: whatever is neither is asked again, twice, and then the command ends; nothing is ever taken for a yes. A question
that nobody answers in PROMPT_TIMEOUT seconds is withdrawn with a notice, and the command ends.

Invariants
    - Questions are kept in memory only. A newer one of the same session comes first; when it is answered, the older is
      shown again.
    - A unit of work that is done again (its tick could not be committed) does not take the answer for a command.
    - While a hidden question waits, the client does not show what is typed; afterwards it does again.

Failure modes: `PromptEnded` inside the command when the question was withdrawn; `NoGameLoop` where no world runs.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from perdure.commands.running import CommandRun, Request, current_run, settled
from perdure.conf import conf
from perdure.errors import InvalidArgument, NoGameLoop, PromptEnded
from perdure.gameloop import current_loop
from perdure.transactions import on_rollback

__all__ = ["Ask", "Confirm", "ask_yes_no", "get_input", "interactive", "pending_question", "withdraw_questions"]

#: How often a question is asked before the command ends.
ATTEMPTS = 3
YES, NO, ABORT = frozenset({"y", "yes"}), frozenset({"n", "no"}), frozenset({"a", "abort"})

_questions: dict[Any, list[Ask]] = {}


class Ask(Request):
    """Awaited, shows a question and gives the next line that the player types.

    Args:
        question: what is shown; empty shows nothing.
        timeout: seconds until it is withdrawn; None is the setting PROMPT_TIMEOUT, 0 is never.
        hidden: the client does not show what is typed.
    """

    def __init__(self, question: str = "", timeout: float | None = None, hidden: bool = False) -> None:
        self.question = question
        self.hidden = hidden
        self.timeout = conf.PROMPT_TIMEOUT if timeout is None else timeout
        self._run: CommandRun | None = None
        self._resume: Callable[[Any, BaseException | None], None] | None = None
        self._timer: Any = None
        self._key: Any = None

    def begin(self, run: CommandRun, resume: Callable[[Any, BaseException | None], None]) -> None:
        loop = current_loop()
        self._run, self._resume = run, resume
        self._key = run.session if run.session is not None else run.caller
        if self.timeout:
            # Weakly: a timer that is cancelled lies about until its time, and the question leads to the session.
            self._timer = loop.call_later(self.timeout, _expired, weakref.ref(self), label=f"question of {run.label}")
        _questions.setdefault(self._key, []).append(self)
        self.show()

    def show(self) -> None:
        """Show the question."""
        if any(one.hidden for one in _questions.get(self._key, ())):
            self._echo(not self.hidden)
        if self.question:
            self._tell(self.question)

    def answer(self, line: str) -> None:
        """Take a line as the answer, and go on with the command."""
        self._go_on(line)

    def withdraw(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        waiting = _questions.get(self._key, [])
        if self not in waiting:
            return
        newest = waiting[-1] is self
        waiting.remove(self)
        on_rollback(self._withdraw_anyway)
        if newest and self.hidden:
            self._echo(True)
        if not waiting:
            del _questions[self._key]
        elif newest:
            waiting[-1].show()

    def _withdraw_anyway(self) -> None:
        """It was withdrawn by work that is undone, but is not asked again: timer and client have to hear that."""
        with suppress(NoGameLoop):  # there is no world any more
            current_loop().submit(self._be_withdrawn, label="question", anyway=True)

    def _be_withdrawn(self) -> None:
        waiting = _questions.get(self._key, [])
        if self._timer is not None and self not in waiting:
            self._timer.cancel()
        if self.hidden:
            self._echo(not (waiting and waiting[-1].hidden))

    def _expire(self) -> None:
        if self._resume is None or self not in _questions.get(self._key, ()):
            return  # it was answered, by work that is undone: its timer is there again
        self._tell("|yNobody answered, so the question is withdrawn.|n")
        self._resume(None, PromptEnded(f"no answer to {self.question!r} in {self.timeout:g} seconds"))

    def _give_up(self) -> None:
        self._tell("|yThat is no answer either; it is left as it was.|n")
        self._go_on(None, PromptEnded(f"no answer to {self.question!r} that fits"))

    def _go_on(self, value: Any, error: BaseException | None = None) -> None:
        if self._run is not None:
            self._run.answer(value, error)

    def _tell(self, text: str) -> None:
        run = self._run
        if run is None:
            return
        if run.session is not None:
            run.session.data_out(text=(text, {"type": "prompt"}))
        elif not getattr(run.caller, "_is_deleted", False):
            run.caller.msg((text, {"type": "prompt"}))

    def _echo(self, visible: bool) -> None:
        echo = getattr(self._run.session if self._run is not None else None, "echo_input", None)
        if echo is not None:
            echo(visible)


def _expired(question: weakref.ref[Ask]) -> None:
    if (asked := question()) is not None:
        asked._expire()


class Confirm(Ask):
    """Awaited, asks for yes or no and gives True or False.

    Args:
        question: what is shown, with the answers to choose from.
        default: what an empty line means; None: there must be an answer.
        timeout: as for `Ask`.
    """

    def __init__(self, question: str, default: bool | None = None, timeout: float | None = None) -> None:
        super().__init__(f"{question} {_choices(default)}", timeout)
        self.default = default
        self._attempts = 0

    def answer(self, line: str) -> None:
        word = line.strip().lower()
        if word in YES or word in NO:
            self._go_on(word in YES)
        elif not word and self.default is not None:
            self._go_on(self.default)
        else:
            self._again()

    def _again(self) -> None:
        self._attempts += 1
        if self._attempts >= ATTEMPTS:
            self._give_up()
            return
        empty = "" if self.default is None else f", or an empty line for {'yes' if self.default else 'no'}"
        self._tell(f"Please answer |wyes|n or |wno|n{empty}.")
        self._tell(self.question)


class _Choice(Ask):
    """Asks for one of several words."""

    def __init__(self, question: str, words: dict[str, str], default: str | None) -> None:
        super().__init__(question)
        self.words = words
        self.default = default
        self._attempts = 0

    def answer(self, line: str) -> None:
        word = line.strip().lower()
        chosen = self.words.get(word) or (self.default if not word else None)
        if chosen is not None:
            self._go_on(chosen)
            return
        self._attempts += 1
        if self._attempts >= ATTEMPTS:
            self._give_up()
            return
        self._tell(self.question)


def _choices(default: bool | None) -> str:
    return {None: "(yes/no)", True: "([yes]/no)", False: "(yes/[no])"}[default]


def pending_question(session: Any = None, *others: Any) -> Ask | None:
    """The question that the next line of this session answers; `others` are who it acts as."""
    if not _questions:
        return None
    for key in (session, *others):
        waiting = _questions.get(key) if key is not None else None
        if waiting:
            return waiting[-1]
    return None


def withdraw_questions(caller: Any, reason: str) -> None:
    """End the commands that wait for an answer of this caller, in whatever session."""
    for question in list(_questions.get(caller, ())):
        if question._run is not None:
            question._run.cancel(reason)


def answer_line(session: Any, question: Ask, line: str) -> None:
    """Take what a session has typed as the answer to a question. Raises what the command raises."""
    unit = current_loop().unit
    if unit is not None:
        unit.answered = (session, question)
        if question.hidden:
            unit.line = None  # a password must not be in the log if what it is for goes wrong
    question.answer(line)


def answered_in_this_unit(session: Any) -> Ask | None:
    """The question that the present unit has answered already, if it is being done again."""
    unit = current_loop().unit
    if unit is None or unit.answered is None:
        return None
    of, question = unit.answered
    return question if of is session else None


# --- asking from functions


def get_input(
    caller: Any,
    prompt: str,
    callback: Callable[..., Any],
    session: Any = None,
    *args: Any,
    **kwargs: Any,
) -> CommandRun:
    """Ask, and call `callback(caller, prompt, answer, *args, **kwargs)` with the line that comes.

    Args:
        caller: who is asked.
        prompt: what is shown.
        callback: gives something true to be called with the next line too.
        session: which session of the caller; that of the running command by default.
        args, kwargs: passed on to `callback`.
    """

    async def steps() -> None:
        question = prompt
        while True:
            answer = await Ask(question)
            if not await settled(callback(caller, prompt, answer.strip(), *args, **kwargs)):
                return
            question = ""

    return _started(caller, session, steps(), "question")


def ask_yes_no(
    caller: Any,
    prompt: str,
    yes_action: Any = "Yes.",
    no_action: Any = "No.",
    default: str | None = None,
    allow_abort: bool = False,
    session: Any = None,
    *args: Any,
    **kwargs: Any,
) -> CommandRun:
    """Ask for yes or no, and do one of two things.

    Args:
        caller: who is asked.
        prompt: what is shown; `{options}` in it becomes the answers to choose from, which else stand at its end.
        yes_action, no_action: a text to send, or a function called with `(caller, *args, **kwargs)`.
        default: what an empty line means: "Y", "N", or "A" with `allow_abort`; None: there must be an answer.
        allow_abort: a third answer does neither.
        session: which session of the caller; that of the running command by default.
        args, kwargs: passed on to the actions.
    """
    words = {**dict.fromkeys(YES, "yes"), **dict.fromkeys(NO, "no")}
    if allow_abort:
        words.update(dict.fromkeys(ABORT, "abort"))
    chosen = None if default is None else words.get(default.strip().lower())
    if default is not None and chosen is None:
        raise InvalidArgument(f"ask_yes_no: default is {default!r}; it is Y, N, A (with allow_abort) or None")
    names = ["yes", "no", *(["abort"] if allow_abort else [])]
    options = f"({'/'.join(f'[{name}]' if name == chosen else name for name in names)})"
    question = prompt.replace("{options}", options) if "{options}" in prompt else f"{prompt} {options}"

    async def steps() -> None:
        answer = await _Choice(question, words, chosen)
        action = {"yes": yes_action, "no": no_action}.get(answer)
        if callable(action):
            await settled(action(caller, *args, **kwargs))
        elif action is not None:
            caller.msg(action)

    return _started(caller, session, steps(), "question")


def interactive(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function with a parameter `caller` wait (`yield 2`) and ask (`answer = yield "Name?"`), as commands can.

    Calling it gives a `CommandRun`; what does not wait gives its result at once.
    """
    signature = inspect.signature(function)
    if "caller" not in signature.parameters:
        raise InvalidArgument(f"@interactive: {function.__qualname__} needs a parameter called 'caller', who is asked")

    @functools.wraps(function)
    def start(*args: Any, **kwargs: Any) -> Any:
        outcome = function(*args, **kwargs)
        if not (inspect.isgenerator(outcome) or inspect.iscoroutine(outcome)):
            return outcome
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()
        caller = given.arguments["caller"]
        return _started(caller, None, settled(outcome), function.__name__)

    return start


def _started(caller: Any, session: Any, steps: Any, label: str) -> CommandRun:
    """A run of these steps, for the session of the present command if it is the same caller's."""
    run = current_run()
    if session is None and run is not None and caller in (run.caller, getattr(run.command, "account", None)):
        session = run.session
    if getattr(caller, "cmdset_provider_type", "") == "session":
        session = caller
    return CommandRun(caller, session, label=label).start(steps)
