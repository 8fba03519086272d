"""What players can type: the base of all commands.

Contract: a subclass says in class attributes how the command is called and who may use it, and in `func` what it does.
Its docstring is its help text. When a line names the command, a fresh copy of the instance in the command set gets the
attributes listed at `Command` and runs its hooks: `at_pre_cmd`, `parse`, `func`, `at_post_cmd`. Each hook may be a
plain function, a generator (`yield 2.5` waits, `yield "question?"` asks) or a coroutine.

Invariants
    - Two commands are the same if any name of one is a name of the other (a name is the key or an alias).
    - Names, locks and patterns are worked out once per class; an instance in a set costs one small object.
    - What a command sits on (`obj`) is referred to weakly while it lies in a set, so a set keeps nothing alive.
    - Nothing that a client sends becomes an attribute: all of them are set by server code.

Failure modes: `InvalidArgument` when the class is defined, for names that are no text; `LockException` when the first
instance is made, for locks that are malformed.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, ClassVar, Final

from perdure.commands import naming, running
from perdure.conf import conf
from perdure.errors import InterruptCommand, InvalidArgument, LockException
from perdure.locks.handler import LockHandler
from perdure.locks.validation import checked_lockdefs

__all__ = ["Command", "InterruptCommand"]

#: What `arg_regex` is where a class does not say: the setting COMMAND_DEFAULT_ARG_REGEX.
BY_SETTING: Final = "by COMMAND_DEFAULT_ARG_REGEX"


class _Locks:
    """`command.locks`: the handler of the command's locks; on the class, the text."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        return owner.lock_storage if instance is None else LockHandler(instance)

    def __set__(self, instance: Any, locks: str) -> None:
        instance.lock_storage = _checked_locks(locks, f"{type(instance).__module__}.{type(instance).__qualname__}")


class Command:
    """Base of all commands.

    Set on the copy that runs: `caller` (who does it), `account` and `session` (or None), `cmdname` (the name that was
    typed), `raw_cmdname` (that name as the command has it), `args` (what follows the name, its blank included),
    `raw_string` (the whole line), `cmdset` (a copy of all commands there were), `cmdset_providers`, `cmdset_source`
    (the set it is from), `obj` (what the command sits on), and the keywords that server code gave.

    Args:
        kwargs: attributes of this instance.
    """

    #: Main name; may contain blanks.
    key: str = "command"
    #: Other names: a list, or a text with commas.
    aliases: Any = ()
    #: Who may use it; an expression without a type is the lock `cmd`.
    locks: Any = _Locks()
    #: Where help lists it; None is the setting COMMAND_DEFAULT_HELP_CATEGORY.
    help_category: Any = None
    #: Whether help knows it.
    auto_help = True
    #: What help calls it instead of its key.
    auto_help_display_key: Any = None
    #: What must follow the name, as a pattern; None is anything.
    arg_regex: Any = BY_SETTING
    #: Whether it takes somebody through an exit.
    is_exit = False
    #: Whether answers go to all sessions of the caller; None is the setting COMMAND_DEFAULT_MSG_ALL_SESSIONS.
    msg_all_sessions: bool | None = None
    #: Run the instance in the set itself, so that it keeps what one run leaves for the next.
    retain_instance = False
    #: A reload that interrupts it before anybody is logged in has it begin anew in the next world, with all that was
    #: typed for it. Only for commands that change nothing before they have heard all that they wait for.
    begins_anew = False
    #: Keep a copy as `caller.ndb.last_cmd`.
    save_for_next = False
    #: Have the web client tell that somebody is typing this.
    client_live_report_typing = False

    caller: Any = None
    account: Any = None
    session: Any = None
    cmdname: str = ""
    raw_cmdname: str = ""
    args: Any = ""
    raw_string: str = ""
    cmdset: Any = None
    cmdset_providers: dict[str, Any] = {}

    lock_storage: str = ""
    all_names: ClassVar[tuple[str, ...]] = ("command",)
    name_set: ClassVar[frozenset[str]] = frozenset({"command"})
    _declared_locks: ClassVar[str | None] = None
    _declared_category: ClassVar[Any] = None
    _arg_pattern: ClassVar[re.Pattern[str] | None] = None
    _obj: Any = None
    _source: Any = None
    #: Counts changes of names of instances that may lie in sets already.
    renamed: ClassVar[int] = 0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.key = naming.normal_name(cls.key, cls.__qualname__)
        cls._set_names(cls, cls.key, cls.aliases)
        source = next(base for base in cls.__mro__ if "help_category" in vars(base))
        if source is cls or not issubclass(source, Command):
            cls._declared_category = cls.help_category
        if cls.__doc__ is None:
            cls.__doc__ = next((base.__doc__ for base in cls.__mro__[1:] if base.__doc__), None)
        locks = next(vars(base)["locks"] for base in cls.__mro__ if "locks" in vars(base))
        if locks is None or isinstance(locks, str):
            cls._declared_locks = locks or ""
            cls.locks = vars(Command)["locks"]
        elif not isinstance(locks, _Locks):
            raise InvalidArgument(f"{cls.__qualname__}.locks is a lockstring, not {locks!r}")

    def __init__(self, **kwargs: Any) -> None:
        if "_prepared" not in type(self).__dict__:
            type(self)._prepare()
        if kwargs:
            self._configure(kwargs)

    @classmethod
    def _prepare(cls) -> None:
        """Work out what depends on settings, once for the class."""
        declared = conf.COMMAND_DEFAULT_LOCKS if cls._declared_locks is None else cls._declared_locks
        cls.lock_storage = _checked_locks(declared or "", f"{cls.__module__}.{cls.__qualname__}")
        cls._arg_pattern = _pattern(conf.COMMAND_DEFAULT_ARG_REGEX if cls.arg_regex is BY_SETTING else cls.arg_regex)
        declared_category = cls._declared_category
        cls.help_category = str(
            conf.COMMAND_DEFAULT_HELP_CATEGORY if declared_category is None else declared_category
        ).lower()
        cls._prepared = True  # type: ignore[attr-defined]

    def _configure(self, attributes: dict[str, Any]) -> None:
        for name, value in attributes.items():
            setattr(self, name, value)
        if "key" in attributes or "aliases" in attributes:
            self.key = naming.normal_name(self.key, type(self).__qualname__)
            self._set_names(self, self.key, self.aliases)
        if "arg_regex" in attributes:
            self.__dict__["_arg_pattern"] = _pattern(self.arg_regex)
        if "help_category" in attributes:
            self.help_category = str(self.help_category).lower()

    @staticmethod
    def _set_names(target: Any, key: str, aliases: Any) -> None:
        """Names of a class or of an instance."""
        owner = target.__qualname__ if isinstance(target, type) else type(target).__qualname__
        others = naming.normal_aliases(aliases, key, owner)
        if isinstance(target, type):
            target.aliases = list(others)  # type: ignore[attr-defined]
            target.all_names = (key, *others)  # type: ignore[attr-defined]
            target.name_set = frozenset(target.all_names)  # type: ignore[attr-defined]
        else:
            names = (key, *others)
            target.__dict__.update(aliases=list(others), all_names=names, name_set=frozenset(names))

    # --- identity

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Command):
            return not self.name_set.isdisjoint(other.name_set)
        if isinstance(other, str):
            return other.strip().lower() in self.name_set
        return NotImplemented

    def __hash__(self) -> int:
        # Commands that are equal must have equal hashes, and equality goes by any name: so all have the same one.
        return hash(Command)

    def __str__(self) -> str:
        return self.key

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key!r}>"

    def set_key(self, new_key: str) -> None:
        """Give this instance another main name."""
        self.key = naming.normal_name(new_key, type(self).__qualname__)
        self._set_names(self, self.key, self.aliases)
        Command.renamed += 1

    def set_aliases(self, new_aliases: str | Iterable[str]) -> None:
        """Give this instance other aliases: a list, or a text with commas."""
        self._set_names(self, self.key, new_aliases)
        Command.renamed += 1

    def match(self, cmdname: str, include_prefixes: bool = True) -> bool:
        """Whether `cmdname` is a name of this command; without `include_prefixes` their prefixes do not count."""
        name = cmdname.strip().lower()
        if name in self.name_set:
            return True
        if include_prefixes:
            return False
        prefixes = conf.CMD_IGNORE_PREFIXES
        bare = name.lstrip(prefixes)
        return bool(bare) and any(one.lstrip(prefixes) == bare for one in self.all_names)

    def takes(self, rest: str, name: str = "") -> bool:
        """Whether this may follow the name (`arg_regex`); behind a name that is a sign, as in 'hello, anything may."""
        if self.arg_regex is BY_SETTING and name and not name[-1].isalnum():
            return True
        pattern = self._arg_pattern
        return pattern is None or pattern.match(rest) is not None

    # --- what it sits on

    @property
    def obj(self) -> Any:
        """What the command sits on; None if that has left memory."""
        held = self._obj
        return held() if isinstance(held, weakref.ref) else held

    @obj.setter
    def obj(self, value: Any) -> None:
        try:
            self._obj = None if value is None else weakref.ref(value)
        except TypeError:
            self._obj = value

    @property
    def cmdset_source(self) -> Any:
        """The set that the command was added to; None if that is gone."""
        return None if self._source is None else self._source()

    def instance_to_run(self) -> Command:
        """The copy that runs (with `retain_instance`, this one); it holds what it sits on."""
        if self.retain_instance:
            return self
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__)
        copied._obj = self.obj
        return copied

    # --- who may

    def access(self, srcobj: Any, access_type: str = "cmd", default: bool = False, session: Any = None) -> bool:
        """Whether `srcobj` passes the lock of this type; some locks (`is_ooc`) ask for the session."""
        return self.locks.check(srcobj, access_type, default=default, session=session)  # type: ignore[no-any-return]

    # --- hooks

    def at_pre_cmd(self) -> Any:
        """Called first; something true ends the command quietly."""

    def parse(self) -> Any:
        """Called second: makes something of `self.args`."""

    def func(self) -> Any:
        """Called third: does what the command does."""
        self.msg(self.get_command_info())

    def at_post_cmd(self) -> Any:
        """Called last, when `func` is through."""

    # --- talking

    def msg(
        self,
        text: Any = None,
        to_obj: Any = None,
        from_obj: Any = None,
        session: Any = None,
        **kwargs: Any,
    ) -> None:
        """Send something, to the caller if nobody else is named.

        Args:
            text: a text, or `(text, {options})`.
            to_obj: who gets it.
            from_obj: who sends it; the caller by default.
            session: only this session (or these); for the caller, the session that gave the command.
            kwargs: other messages, by name.
        """
        receiver = self.caller if to_obj is None else to_obj
        if receiver is None:
            return
        if getattr(receiver, "cmdset_provider_type", "") == "session":
            receiver.msg(text=text, **kwargs)
            return
        if session is None and not self._to_all_sessions() and receiver in (self.caller, self.account):
            session = self.session
        receiver.msg(text=text, from_obj=self.caller if from_obj is None else from_obj, session=session, **kwargs)

    def _to_all_sessions(self) -> bool:
        everywhere = self.msg_all_sessions
        return bool(conf.COMMAND_DEFAULT_MSG_ALL_SESSIONS if everywhere is None else everywhere)

    def execute_cmd(self, raw_string: str, session: Any = None, obj: Any = None, **kwargs: Any) -> Any:
        """Do another command line, as the caller (or `obj`); what it gives can be awaited.

        Args:
            raw_string: what would be typed.
            session: the session that gets the output; this command's own by default, when the caller does it.
            obj: who does it.
            kwargs: set on that command.
        """
        actor = self.caller if obj is None else obj
        if session is None and obj is None:
            session = self.session
        if actor is self.session or getattr(actor, "cmdset_provider_type", "") == "session":
            return actor.execute_cmd(raw_string, **kwargs)
        return actor.execute_cmd(raw_string, session=session, **kwargs)

    # --- waiting

    def sleep(self, seconds: float) -> running.Sleep:
        """`await self.sleep(2)`: go on in so many seconds."""
        return running.Sleep(seconds)

    def offload(self, func: Callable[..., Any], *args: Any, exclusive: bool = False) -> running.Offload:
        """`await self.offload(func, *args)`: the result of a function that runs on another thread.

        Args:
            func: must not touch live objects.
            args: its arguments.
            exclusive: keep further lines of the session waiting until this is done.
        """
        return running.Offload(func, args, exclusive=exclusive)

    def ask(self, question: str, timeout: float | None = None, hidden: bool = False) -> Any:
        """`answer = await self.ask("Name?")`: the next line that the player types.

        Args:
            question: what is shown.
            timeout: seconds after which the question is withdrawn, which ends the command; the setting PROMPT_TIMEOUT.
            hidden: do not show what is typed (passwords).
        """
        from perdure.commands import prompts

        return prompts.Ask(question, timeout=timeout, hidden=hidden)

    def confirm(self, question: str, default: bool | None = None, timeout: float | None = None) -> Any:
        """`if await self.confirm("Delete it?", default=False)`: yes or no.

        Args:
            question: what is shown; the answers to choose from are added.
            default: what an empty line means; None: there must be an answer.
            timeout: as for `ask`.
        """
        from perdure.commands import prompts

        return prompts.Confirm(question, default=default, timeout=timeout)

    # --- help and looks

    def get_help(self, caller: Any, cmdset: Any) -> str:
        """The help text: the docstring of the class."""
        return self.__doc__ or ""

    def get_extra_info(self, caller: Any, **kwargs: Any) -> str:
        """What tells this command from others of its name: where the thing is that it belongs to."""
        obj = self.obj
        if obj is None or obj is caller or not hasattr(obj, "get_display_name"):
            return ""
        place = " (carried)" if getattr(obj, "location", None) is caller else ""
        return f" of {obj.get_display_name(caller)}{place}"

    def web_get_detail_url(self) -> str:
        """Address of the help page on the website; "#" where there is none."""
        return "#"

    def client_width(self) -> int:
        """Columns of the client that gave the command."""
        size = getattr(self.session, "get_client_size", None)
        width = size()[0] if size is not None else None
        return int(width or conf.CLIENT_DEFAULT_WIDTH)

    def styled_table(self, *headers: Any, **kwargs: Any) -> Any:
        """An empty table with these headings; `add_row(*cells)` fills it, `str()` shows it."""
        from perdure.commands.tables import Table, look_for

        return Table(*(str(header) for header in headers), look=look_for(self))

    def styled_header(self, header_text: str = "", **kwargs: Any) -> str:
        """A line that begins something."""
        from perdure.commands import tables

        return tables.header(header_text, look=tables.look_for(self))

    def styled_separator(self, header_text: str = "", **kwargs: Any) -> str:
        """A line between two things."""
        from perdure.commands import tables

        return tables.separator(header_text, look=tables.look_for(self))

    def styled_footer(self, header_text: str = "", **kwargs: Any) -> str:
        """A line that ends something."""
        from perdure.commands import tables

        return tables.footer(header_text, look=tables.look_for(self))

    def get_command_info(self) -> str:
        """What the command was given, line by line; a command without a `func` of its own shows it."""
        shown = ("caller", "account", "session", "cmdname", "args", "raw_string", "cmdset_source", "obj")
        lines = [f"  {name}: {getattr(self, name)!r}" for name in shown]
        return "\n".join([f"The command |w{self.key}|n has no func() of its own. It was given:", *lines])


@lru_cache(maxsize=512)
def _pattern(regex: str | re.Pattern[str] | None) -> re.Pattern[str] | None:
    if regex is None or isinstance(regex, re.Pattern):
        return regex
    return re.compile(regex, re.IGNORECASE)


@lru_cache(maxsize=2048)
def _checked_locks(locks: str, owner: str) -> str:
    """The locks as stored. Raises `LockException`, naming the command."""
    text = naming.lock_text(locks)
    try:
        checked_lockdefs(text)
    except LockException as error:
        raise LockException(f"the locks of {owner} are malformed: {error}") from error
    return text
