"""A builder without a network: types a command line and reads what comes back; questions get the answers given."""

from __future__ import annotations

from typing import Any

from perdure.text.markup import to_plain

__all__ = ["Builder", "Typed"]


class FakeSession:
    """A session that keeps what was sent to it."""

    protocol_key = "test"
    address = "10.0.0.1"

    def __init__(self, sessid: int) -> None:
        self.sessid = sessid
        self.protocol_flags: dict[str, Any] = {}
        self.sent: list[Any] = []

    def data_out(self, **kwargs: Any) -> None:
        self.sent.append(kwargs)


class Answer:
    """Awaited, gives what it holds at once."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Any:
        return self.value
        yield


class Typed(str):
    """What came back, and the questions that were asked."""

    questions: list[str]


class Builder:
    """Somebody who gives commands.

    Args:
        caller: the character (or account) that acts.
        account: the account behind it.
        session: where its output goes.
    """

    def __init__(self, caller: Any, account: Any, session: FakeSession) -> None:
        self.caller = caller
        self.account = account
        self.session = session

    def type(self, line: str, answers: Any = ()) -> Typed:
        """Give a command; `answers` are the answers to its questions, in order, or "yes" for yes to all."""
        from perdure.commands.default.builder_commands import BUILDING_COMMANDS

        name = next(iter(line.replace("/", " ").split()))
        classes = [cls for cls in BUILDING_COMMANDS if name in {one.lstrip("@") for one in cls.all_names}]
        assert len(classes) == 1, f"{len(classes)} commands are called {name}"
        command = classes[0]()
        command.caller, command.account, command.session = self.caller, self.account, self.session
        command.cmdname, command.raw_cmdname, command.raw_string = name, name, line
        command.args = line[len(name) :]
        left, questions = [] if answers == "yes" else list(answers), []

        def ask(question: str, **kwargs: Any) -> Answer:
            questions.append(question)
            return Answer(True if answers == "yes" else left.pop(0))

        command.ask = command.confirm = ask
        before = len(self.session.sent)
        command.parse()
        running = command.func()
        if running is not None:
            try:
                running.send(None)
            except StopIteration:
                pass
            else:
                raise AssertionError("the command waits for something")
        assert not left, f"these answers were not asked for: {left}"
        texts = [sent["text"] for sent in self.session.sent[before:] if "text" in sent]
        typed = Typed("\n".join(to_plain(text[0] if isinstance(text, tuple) else text) for text in texts))
        typed.questions = questions
        return typed
