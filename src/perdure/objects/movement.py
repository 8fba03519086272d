"""Moving objects from place to place, with the hooks that may forbid it and those that hear of it.

Contract: `move_to` asks first and acts then. The loop check and the three pre-hooks decide; once the location is
written the object has moved, whatever the hooks after that do (their errors are logged and listed in the result).
No locks are checked. Moving to where the object is already does nothing, unless forced.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from perdure.errors import EntityNotFound, MoveLoop
from perdure.objects.models import ObjectDB
from perdure.objects.user_code import ask, attempt
from perdure.transactions import transaction
from perdure.typeclasses.creation import normal_entity

__all__ = ["MoveResult", "Movement"]

SOMEWHERE = "somewhere"


class MoveResult(int):
    """What came of a move: true when the object is where it should be.

    Attributes:
        phase: "moved", "already there", or the step that stopped it ("destination", "loop", or a hook's name).
        reason: why it was stopped, in words for players; may be empty.
        errors: what hooks raised that could not stop the move any more.
    """

    phase: str
    reason: str
    errors: tuple[Exception, ...]

    def __new__(cls, moved: bool, phase: str, reason: str = "", errors: tuple[Exception, ...] = ()) -> MoveResult:
        """Arguments are the attributes above, after whether the object is where it should be."""
        self = super().__new__(cls, moved)
        self.phase = phase
        self.reason = reason
        self.errors = errors
        return self

    def __repr__(self) -> str:
        return f"<{'moved' if self else 'not moved'}: {self.phase}{f' ({self.reason})' if self.reason else ''}>"

    __str__ = __repr__


class _UndoMove(Exception):
    """Carries the result of a move that is to be undone out of its transaction."""

    def __init__(self, result: MoveResult) -> None:
        self.result = result


# To a type checker the whole is there already; what runs is a plain class to mix in.
if TYPE_CHECKING:
    Whole = ObjectDB
else:
    Whole = object


class Movement(Whole):
    """How an object moves; part of `DefaultObject`."""

    def move_to(
        self: Any,
        destination: Any,
        quiet: bool = False,
        emit_to_obj: Any = None,
        use_destination: bool = True,
        to_none: bool = False,
        move_hooks: bool = True,
        move_type: str = "move",
        force: bool = False,
        rollback: bool = False,
        **kwargs: Any,
    ) -> MoveResult:
        """Move this object to another place.

        Args:
            destination: an object, its id or dbref.
            quiet: do not announce it in the old and the new place.
            emit_to_obj: who is told why it is not possible; the object itself by default.
            use_destination: moving "into" an exit goes to where it leads.
            to_none: allow no destination, which takes the object out of the world without any hook.
            move_hooks: call the hooks.
            move_type: passed to every hook ("move", "teleport", "traverse", "get", "give", "drop" ...).
            force: go through it all even when the object is there already.
            rollback: an error in any hook undoes the whole move.
            kwargs: passed to every hook.

        Returns a result that is true if the object is there now, and says why not otherwise.
        """
        told = emit_to_obj if emit_to_obj is not None else self
        try:
            target = normal_entity(destination or None, ObjectDB, "destination", self._state.db)
        except EntityNotFound:
            target = None
            to_none = False
        if target is None:
            nowhere: MoveResult = self._move_nowhere(to_none, told)
            return nowhere
        if use_destination and target.db_destination_id is not None:
            target = target.destination
        if target.pk == self.db_location_id and not force:
            return MoveResult(True, "already there")
        arguments = {"move_type": move_type, **kwargs}
        if not rollback:
            return self._move(target, quiet, told, move_hooks, arguments)  # type: ignore[no-any-return]
        try:
            with transaction(using=self._state.db):
                result = self._move(target, quiet, told, move_hooks, arguments)
                if result.errors:
                    raise _UndoMove(result)
        except _UndoMove as undo:
            return MoveResult(False, "undone", str(undo.result.errors[0]), undo.result.errors)
        return result  # type: ignore[no-any-return]

    def _move_nowhere(self: Any, to_none: bool, told: Any) -> MoveResult:
        if to_none:
            self.location = None
            return MoveResult(True, "moved")
        reason = "The destination doesn't exist."
        told.msg(reason)
        return MoveResult(False, "destination", reason)

    def _move(
        self: Any, target: Any, quiet: bool, told: Any, move_hooks: bool, arguments: dict[str, Any]
    ) -> MoveResult:
        source = self.location
        stopped: MoveResult | None = self._move_refusal(source, target, move_hooks, arguments)
        if stopped is not None:
            if stopped.reason:
                told.msg(stopped.reason)
            return stopped
        errors = []
        if move_hooks and source is not None:
            errors.append(attempt(source.at_object_leave, self, target, **arguments))
        if not quiet:
            errors.append(attempt(self.announce_move_from, target, **arguments))
        self.location = target
        if not quiet:
            errors.append(attempt(self.announce_move_to, source, **arguments))
        if move_hooks:
            errors.append(attempt(target.at_object_receive, self, source, **arguments))
            errors.append(attempt(self.at_post_move, source, **arguments))
        return MoveResult(True, "moved", "", tuple(error for error in errors if error is not None))

    def _move_refusal(
        self: Any, source: Any, target: Any, move_hooks: bool, arguments: dict[str, Any]
    ) -> MoveResult | None:
        """Why the move may not be made, or None."""
        try:
            self._check_loop(target.pk)
        except MoveLoop:
            return MoveResult(False, "loop", "Something cannot be put inside itself.")
        if not move_hooks:
            return None
        questions = [(self.at_pre_move, (target,)), (target.at_pre_object_receive, (self, source))]
        if source is not None:
            questions.insert(1, (source.at_pre_object_leave, (self, target)))
        for hook, args in questions:
            decision = ask(hook, *args, **arguments)
            if isinstance(decision, Exception):
                return MoveResult(False, hook.__name__, "", (decision,))
            if not decision:
                return MoveResult(False, hook.__name__, decision.reason)
        return None

    # --- hooks

    def at_pre_move(self, destination: Any, move_type: str = "move", **kwargs: Any) -> bool | None:
        """Called before this object moves to `destination`. False (or `Veto`) keeps it where it is."""
        return True

    def at_pre_object_leave(self, leaving_object: Any, destination: Any, **kwargs: Any) -> bool | None:
        """Called before an object leaves this one. False (or `Veto`) keeps it here."""
        return True

    def at_pre_object_receive(self, arriving_object: Any, source_location: Any, **kwargs: Any) -> bool | None:
        """Called before an object comes into this one. False (or `Veto`) keeps it out."""
        return True

    def at_object_leave(self, moved_obj: Any, target_location: Any, move_type: str = "move", **kwargs: Any) -> None:
        """Called when an object is about to leave this one."""

    def at_object_receive(self, moved_obj: Any, source_location: Any, move_type: str = "move", **kwargs: Any) -> None:
        """Called when an object has come into this one."""

    def at_post_move(self, source_location: Any, move_type: str = "move", **kwargs: Any) -> None:
        """Called when this object has moved."""

    def announce_move_from(
        self: Any,
        destination: Any,
        msg: str | None = None,
        mapping: dict[str, Any] | None = None,
        move_type: str = "move",
        **kwargs: Any,
    ) -> None:
        """Tell those in the old place, before the move.

        Args:
            destination: where this object goes.
            msg: a template to use instead; its names are object, exit, origin, destination.
            mapping: more names.
            move_type: sent along as the type of the message.
            kwargs: what `move_to` was given.
        """
        place = self.location
        if place is None:
            return
        text = msg or "{object} is leaving {origin}, heading for {destination}."
        names = self._announced(text, place, destination, mapping)
        place.msg_contents((text, {"type": move_type}), exclude=(self,), from_obj=self, mapping=names)

    def announce_move_to(
        self: Any,
        source_location: Any,
        msg: str | None = None,
        mapping: dict[str, Any] | None = None,
        move_type: str = "move",
        **kwargs: Any,
    ) -> None:
        """Tell those in the new place, after the move; arguments as in `announce_move_from`."""
        place = self.location
        if place is None:
            return
        if source_location is None and place.has_account:
            place.msg((msg or f"You now have {self.get_display_name(place)} in your possession.", {"type": move_type}))
            return
        text = msg or (
            "{object} arrives in {destination} from {origin}."
            if source_location
            else "{object} arrives in {destination}."
        )
        names = self._announced(text, source_location, place, mapping)
        place.msg_contents((text, {"type": move_type}), exclude=(self,), from_obj=self, mapping=names)

    def _announced(
        self: Any, text: str, origin: Any, destination: Any, mapping: dict[str, Any] | None
    ) -> dict[str, Any]:
        names = {
            "object": self,
            "exit": SOMEWHERE,
            "origin": origin if origin is not None else SOMEWHERE,
            "destination": destination if destination is not None else SOMEWHERE,
        }
        if "{exit}" in text and origin is not None and destination is not None:
            names["exit"] = next(_exits_between(origin, destination), SOMEWHERE)
        return {**names, **(mapping or {})}

    # --- older names of hooks

    def at_before_move(self: Any, destination: Any, **kwargs: Any) -> Any:
        """The older name of `at_pre_move`."""
        return self.at_pre_move(destination, **kwargs)

    def at_after_move(self: Any, source_location: Any, **kwargs: Any) -> Any:
        """The older name of `at_post_move`."""
        return self.at_post_move(source_location, **kwargs)


def _exits_between(origin: Any, destination: Any) -> Iterator[Any]:
    for member in origin.contents:
        if member.db_destination_id is not None and member.db_destination_id == destination.pk:
            yield member
