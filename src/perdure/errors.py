"""Every error that Perdure raises, in one catalogue.

Contract: each error says what happened, where (object, field), why, and what to do. All derive from
`PerdureError`; one that replaces a built-in or Django error derives from that too, so code written
for those keeps working.

    PerdureError
    +- IllegalState              an operation that the instance's state does not allow
    |  +- UnsavedObject          (ValueError) it needs a row first
    |  +- DeletedObject          (ObjectDoesNotExist) its row has been deleted
    +- DuplicateInstance         a second live instance for one row was asked for
    +- StaleObject               (DatabaseError) somebody else changed the row first
    +- WrongThread               a live object written outside the thread that owns it
    +- UnstorableValue           (TypeError) a value that cannot be stored
    +- UnreadableValue           (ValueError) a stored value that cannot be read back
    +- DetachedContainer         a container that no longer belongs to its attribute was changed
    +- InvalidKey                (ValueError) blank, too long or not text
    +- InvalidArgument           (ValueError) an argument of a call, named
    |  +- NameTaken              (IntegrityError) another account or channel has the name
    |  +- EntityNotFound         (ObjectDoesNotExist) an argument names an entity that is not there
    |  +- TagCriteriaMismatch    (IndexError) keys and categories of a tag search do not pair up
    |  +- WrongType              (TypeError) a value of another type than its attribute is declared to have
    +- AttributeMissing          (AttributeError) asked for with `raise_exception`
    +- ReadOnlyProperty          (AttributeError) assigned or deleted
    +- MissingName               (AttributeError) a name of the documents that Perdure has not got
    +- MissingCallback           (LookupError) what a stored task calls is not there
    +- MissingPart               (ModuleNotFoundError) a module of the documents that Perdure has not got
    +- UnknownLookup             (FieldError) an attribute lookup the storage cannot answer
    +- TypeclassError
    |  +- TypeclassNotFound      (ImportError)
    |  +- WrongFamily            (TypeError)
    |  +- DuplicateTypeclass     (RuntimeError)
    |  +- TypeclassUnavailable   writing to an object whose class cannot be imported
    |  +- UpgradeFailed
    +- LockException             (ValueError) a malformed lock, with position
    +- NickTemplateInvalid       (ValueError)
    +- MoveLoop                  (RuntimeError) an object inside itself
    +- PuppetingError            (RuntimeError) nothing to puppet, or no session to do it with
    +- NoGameLoop                (RuntimeError) something is to happen later where no world runs
    +- Overloaded                (RuntimeError) too much waits for another thread already
    +- Veto                      raised by a hook, cancels the action and tells why
    |  +- OutcomeUnknown         the database was lost while work was being committed: it may have been done
    +- InterruptCommand          raised in a command, ends it quietly
    |  +- PromptEnded            a question was withdrawn: no answer came in time, or none that fits
    +- CommandNesting            (RecursionError) commands ran each other too deep
    +- CommandSetError           (ImportError) a command set that cannot be made
    +- AlreadyRunning            (RuntimeError) the game's server is to be started and runs
    +- NotRunning                (RuntimeError) the game's server is asked for something and does not run
    +- NotAnswering              (RuntimeError) the game's server runs and does not answer
    +- StartFailed               (RuntimeError) the game's server did not come up
    +- ReloadRefused             (RuntimeError) the new world is not fit to serve; the old one goes on
    +- ConfigurationError        (ImproperlyConfigured)
       +- NoAccess               a file of the game that this user may not use
       +- NoGameDirectory
       +- SchemaOutdated
"""

from __future__ import annotations

from django.core.exceptions import FieldError, ImproperlyConfigured, ObjectDoesNotExist
from django.db.utils import DatabaseError, IntegrityError

__all__ = [
    "AlreadyRunning",
    "AttributeMissing",
    "CommandNesting",
    "CommandSetError",
    "ConfigurationError",
    "DeletedObject",
    "DetachedContainer",
    "DuplicateInstance",
    "DuplicateTypeclass",
    "EntityNotFound",
    "IllegalState",
    "InterruptCommand",
    "InvalidArgument",
    "InvalidKey",
    "LockException",
    "MissingCallback",
    "MissingName",
    "MissingPart",
    "MoveLoop",
    "NameTaken",
    "NickTemplateInvalid",
    "NoAccess",
    "NoGameDirectory",
    "NoGameLoop",
    "NotAnswering",
    "NotRunning",
    "OutcomeUnknown",
    "Overloaded",
    "PerdureError",
    "PromptEnded",
    "PuppetingError",
    "ReadOnlyProperty",
    "ReloadRefused",
    "SchemaOutdated",
    "StaleObject",
    "StartFailed",
    "TagCriteriaMismatch",
    "TypeclassError",
    "TypeclassNotFound",
    "TypeclassUnavailable",
    "UnknownLookup",
    "UnreadableValue",
    "UnsavedObject",
    "UnstorableValue",
    "UpgradeFailed",
    "Veto",
    "WrongFamily",
    "WrongThread",
    "WrongType",
]


class PerdureError(Exception):
    """Base of every error that Perdure raises."""


class IllegalState(PerdureError):
    """The operation is not allowed in the state the instance is in; the message names both."""


class UnsavedObject(IllegalState, ValueError):
    """The operation needs a row, and the instance has none yet: save it first."""


class DeletedObject(IllegalState, ObjectDoesNotExist):
    """The row of this instance has been deleted; drop the reference."""


class DuplicateInstance(PerdureError, RuntimeError):
    """The row already has a live instance; change that one instead of a second."""


class NoGameLoop(PerdureError, RuntimeError):
    """Something is to wait or to happen later, and this process runs no world that could do it."""


class Overloaded(PerdureError, RuntimeError):
    """Too much work waits for another thread already; try again in a moment."""


class StaleObject(PerdureError, DatabaseError):
    """Somebody else changed the row after it was read; memory now holds theirs: decide again and retry."""


class WrongThread(PerdureError, RuntimeError):
    """A live object was written outside the thread that owns the world."""


class UnstorableValue(PerdureError, TypeError):
    """The value cannot be stored. Names the path inside the value and the type found there.

    Args:
        path: where inside the value, as Python would write it (`value['sword'][2]`).
        found: what was found there.
        why: the reason and the way out.
    """

    def __init__(self, path: str, found: object, why: str) -> None:
        self.path = path
        self.found_type = type(found)
        super().__init__(f"{path} is a {type(found).__module__}.{type(found).__qualname__}: {why}")


class UnreadableValue(PerdureError, ValueError):
    """A stored value cannot be read back (its type is not registered here); the row keeps it."""


class DetachedContainer(PerdureError, RuntimeError):
    """A container that no longer belongs to its attribute was changed; read the attribute again."""


class InvalidKey(PerdureError, ValueError):
    """A key or category that is blank, too long, or not text."""


class InvalidArgument(PerdureError, ValueError):
    """An argument of a call cannot be used; the message names it and the forms accepted."""


class EntityNotFound(InvalidArgument, ObjectDoesNotExist):
    """An argument names, by id or dbref, an entity that does not exist; the message names both."""


class NameTaken(InvalidArgument, IntegrityError):
    """Another account or channel has this name already, upper and lower case being the same; choose another."""


class WrongType(InvalidArgument, TypeError):
    """A declared attribute was given a value of another type; the message names object, attribute and type."""


class TagCriteriaMismatch(InvalidArgument, IndexError):
    """A tag search got several categories, but fewer than keys; give one for all keys, or one for each."""


class AttributeMissing(PerdureError, AttributeError):
    """The attribute or tag does not exist and the caller asked for an error."""


class ReadOnlyProperty(PerdureError, AttributeError):
    """The property cannot be assigned or deleted; the message names the call to use."""


class MissingName(PerdureError, AttributeError):
    """A name that the documents have in this module and Perdure has not (yet)."""


class MissingCallback(PerdureError, LookupError):
    """The function or method that a stored task calls is not there; the task waits for it."""


class MissingPart(PerdureError, ModuleNotFoundError):
    """A module, or a name imported from one, that the documents have and Perdure has not (yet)."""


class UnknownLookup(PerdureError, FieldError):
    """An attribute lookup that does not exist or that the storage cannot answer correctly."""


class TypeclassError(PerdureError):
    """Base of the errors about typeclasses."""


class TypeclassNotFound(TypeclassError, ImportError):
    """No typeclass under this path; the message lists what was tried."""


class WrongFamily(TypeclassError, TypeError):
    """The class is not a typeclass of the entity it was given to."""


class DuplicateTypeclass(TypeclassError, RuntimeError):
    """A second typeclass of the same name in one family; the message names both modules."""


class TypeclassUnavailable(TypeclassError):
    """The object's class cannot be imported, so it is kept as it is and refuses writes."""


class UpgradeFailed(TypeclassError):
    """An upgrade step raised; the object stays at the version it had."""


class LockException(PerdureError, ValueError):
    """A malformed lock.

    Args:
        message: what is wrong and what was expected.
        text: the whole lockstring.
        position: index into `text` where it goes wrong, or None.
    """

    def __init__(self, message: str, text: str = "", position: int | None = None) -> None:
        self.reason = message
        self.text = text
        self.position = position
        if position is not None:
            message = f"{message}\n  {text}\n  {' ' * position}^"
        super().__init__(message)


class NickTemplateInvalid(PerdureError, ValueError):
    """The markers in a nick's pattern and replacement do not match."""


class MoveLoop(PerdureError, RuntimeError):
    """The move would put an object inside itself."""


class PuppetingError(PerdureError, RuntimeError):
    """An account was told to puppet without an object or without a session."""


class InterruptCommand(PerdureError):
    """Raised by your own command, ends it quietly; nothing more of it runs."""


class PromptEnded(InterruptCommand):
    """A question that a command asked was withdrawn: no answer came in time, or none that fits."""


class CommandNesting(PerdureError, RecursionError):
    """Commands ran each other deeper than COMMAND_NESTING_LIMIT."""


class CommandSetError(PerdureError, ImportError):
    """A command set cannot be imported or made; the message names it and why."""


class Veto(PerdureError):
    """Raised in a pre-hook: cancels the action and tells why.

    Args:
        reason: told to whoever asked; may be empty.
    """

    def __init__(self, reason: str = "") -> None:
        self.reason = reason
        super().__init__(reason)


class OutcomeUnknown(Veto):
    """The database was lost while work was being committed: it may have been done, and is not done again."""


class AlreadyRunning(PerdureError, RuntimeError):
    """The server of this game runs already; the message says as which process."""


class NotRunning(PerdureError, RuntimeError):
    """The server of this game does not run, and what was asked needs it: start it first."""


class NotAnswering(PerdureError, RuntimeError):
    """The server of this game has a process, which does not answer; the message names it."""


class StartFailed(PerdureError, RuntimeError):
    """The server of this game did not come up; the message says why, and where."""


class ReloadRefused(PerdureError, RuntimeError):
    """The new world is not fit to serve, so the old one goes on; the message names file and line."""


class ConfigurationError(PerdureError, ImproperlyConfigured):
    """A setting is missing or wrong; the message names it and an accepted value."""


class NoAccess(ConfigurationError):
    """A file or folder of the game may not be used by this user; the message names it and its owner."""


class NoGameDirectory(ConfigurationError):
    """No game directory was found here or in a parent."""


class SchemaOutdated(ConfigurationError):
    """The database lacks migrations that this version needs: run `perdure migrate`."""
