"""How an object comes to be and passes away, with the hooks that hear of it.

Contract: `at_first_save` drives creation, `delete` drives deletion; each is one transaction. Deleting an object deletes
the exits that lead to it (by `on_target_deleted`), sends what is inside it home, quietly and all at once, and lets go
of whoever controls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.idmapper.states import require
from perdure.objects.creation import announce_arrival, apply_arguments, default_home, normal_lockstring
from perdure.objects.models import ObjectDB
from perdure.objects.removal import references_to, remove_row
from perdure.objects.user_code import logger
from perdure.transactions import all_or_nothing, transaction
from perdure.typeclasses import veto
from perdure.typeclasses.creation import NOT_GIVEN
from perdure.typeclasses.handlers import provides
from perdure.typeclasses.swap import locks_to_set

__all__ = ["Lifecycle", "sets_default_locks", "with_locks"]


def with_locks(lockstring: str, **changes: str) -> str:
    """A lockstring with some of its locks replaced or added, by access type."""
    locks = dict(part.split(":", 1) for part in lockstring.split(";"))
    return ";".join(f"{access_type}:{text}" for access_type, text in {**locks, **changes}.items())


def sets_default_locks(hook: Any) -> Any:
    """Marks a `basetype_setup` of the library: the row can be inserted with the locks that it sets."""
    hook.sets_default_locks = True
    return hook


# To a type checker the whole is there already; what runs is a plain class to mix in.
if TYPE_CHECKING:
    Whole = ObjectDB
else:
    Whole = object


class Lifecycle(Whole):
    """How an object begins and ends; part of `DefaultObject`."""

    #: Locks of a new object.
    default_locks = (
        "control:perm(Developer);examine:perm(Builder);view:all();edit:perm(Admin);delete:perm(Admin);get:all();"
        "drop:holds();call:true();tell:perm(Admin);puppet:pperm(Developer);teleport:true();teleport_here:true()"
    )

    #: What happens to this object when its destination is deleted: "delete" it, or "clear" the destination.
    on_target_deleted = "delete"

    # --- creation

    def at_first_save(self: Any) -> None:
        """Called once, in the transaction that inserts the row: runs the creation hooks and applies the arguments."""
        if self.__dict__.pop("_without_hooks", False):
            self.init_evennia_properties()
            apply_arguments(self)
            self.__dict__.pop("_createdict", None)
            return
        self.basetype_setup()
        self.at_object_creation()
        self.init_evennia_properties()
        given = apply_arguments(self) if "_createdict" in self.__dict__ else {}
        self.__dict__.pop("_createdict", None)
        self.at_object_post_creation()
        self.basetype_posthook_setup()
        announce_arrival(self, given)

    @sets_default_locks
    def basetype_setup(self: Any) -> None:
        """Called first on a new object: sets its default locks."""
        locks = normal_lockstring(self.default_locks)
        if not self.lock_storage:
            self.lock_storage = locks
        elif self.lock_storage != locks and (locks := locks_to_set(self, locks)):
            self.locks.add(locks)

    def at_object_creation(self) -> None:
        """Called once, when the object has just been created: the place to set it up."""

    def at_object_post_creation(self) -> None:
        """Called once, when what the create call said has been applied too."""

    def basetype_posthook_setup(self) -> None:
        """Called last on a new object, before anybody is told of it."""

    def at_object_post_spawn(self, prototype: Any = None) -> None:
        """Called after a prototype has made or changed this object."""

    # --- copies

    def copy(self: Any, new_key: Any = NOT_GIVEN, **kwargs: Any) -> Any:
        """Make another object like this one.

        Args:
            new_key: its key; by default this one's with the next free number among the things beside it (`lamp001`).
            kwargs: `include` or `exclude` name what is (or is not) copied, of `perdure.objects.copying.PARTS`;
                `new_location`, `new_home`, `new_destination`, `new_locks`, `new_permissions`, `new_aliases` replace
                what this object has, None included; the rest goes to `at_object_post_copy`.
        """
        from perdure.objects.copying import copy_of

        return copy_of(self, new_key, kwargs)

    def at_object_post_copy(self, new_obj: Any, **kwargs: Any) -> None:
        """Called after a copy of this object has been made."""

    # --- the end

    def at_object_delete(self) -> bool | None:
        """Called before this object is deleted. False (or `Veto`) keeps it."""
        return True

    def delete(self: Any, announce: bool = False) -> veto.Decision:  # type: ignore[override]
        """Delete this object, with its attributes, tags and scripts, and the exits in it and to it.

        What is inside goes home, without announcements and whatever it says to that.

        Args:
            announce: move what is inside with all hooks and announcements first, as `clear_contents` does.

        Returns a true value if it is gone; a false one, with the `reason`, if `at_object_delete` forbade it. Raises
        `DeletedObject` if it was deleted before.
        """
        require(self, "delete")
        with all_or_nothing(self._state.db):
            decision = veto.ask(self.at_object_delete)
            if not decision or self._is_deleted:  # the hook may have deleted it itself
                return decision
            self._let_go_of_account()
            found = references_to(self)
            if not any(found):
                remove_row(self)
                return decision
            if found.others and provides("scripts"):
                for script in list(self.scripts.all()):
                    script.delete()
            if found.leading or found.located:
                self._delete_exits()
                if announce:
                    self.clear_contents()
                self._evacuate()
            if found.at_home:
                ObjectDB.unscoped.using(self._state.db).filter(db_home=self.pk).update(db_home=None)
            if any(references_to(self)):  # whatever a hook has made meanwhile
                super().delete()
            else:
                remove_row(self)
            return decision

    def _let_go_of_account(self: Any) -> None:
        """Tell the sessions that control this object, and end that."""
        for session in self.sessions.all() if self.db_sessid else ():
            self.msg("Your character has been destroyed.", session=session)
            account = self.account
            if account is not None and hasattr(account, "unpuppet_object"):
                account.unpuppet_object(session)
        account = None if self.db_account_id is None else self.account
        if account is not None and (characters := getattr(account, "characters", None)) is not None:
            characters.remove(self)

    def _delete_exits(self: Any) -> None:
        """Delete what leads here, and what is in here and leads somewhere; what forbids that is left."""
        self.__dict__["_going"] = True
        try:
            self._delete_entrances()
            inside = ObjectDB.unscoped.using(self._state.db).filter(db_location=self.pk)
            for way_out in inside.filter(db_destination__isnull=False):
                if not _is_going(way_out) and way_out._unavailable is None:
                    way_out.delete()
        finally:
            del self.__dict__["_going"]

    def _delete_entrances(self: Any) -> None:
        """Delete what leads here, or clear its destination."""
        leading = ObjectDB.unscoped.using(self._state.db).filter(db_destination=self.pk)
        for entrance in leading.exclude(pk=self.pk):
            if _is_going(entrance):
                continue
            if getattr(entrance, "on_target_deleted", "delete") == "delete" and entrance._unavailable is None:
                entrance.delete()
        leading.update(db_destination=None)

    def _evacuate(self: Any) -> None:
        """Send everything inside home, in a few statements, whoever objects."""
        inside = ObjectDB.unscoped.using(self._state.db).filter(db_location=self.pk)
        refuge = default_home(ObjectDB)
        # A place that is inside this object goes away from here too, so nothing may be sent there.
        refuge_pk = None if refuge is None or self._is_inside_me(refuge.pk) else refuge.pk
        homes = set(inside.order_by().values_list("db_home_id", flat=True))
        targets = {pk: refuge_pk if pk is None or self._is_inside_me(pk) else pk for pk in homes}
        for home_pk, target in targets.items():
            if home_pk is None or home_pk == self.pk:
                inside.filter(db_home=home_pk).update(db_location=target, db_home=target)
            else:
                inside.filter(db_home=home_pk).update(db_location=target)
        if None in targets.values():
            logger.warning("%s was deleted and some of what was inside has no home to go to", self.dbref)

    def _is_inside_me(self: Any, pk: int) -> bool:
        """Whether the object with this id is this one, or inside it at any depth."""
        seen: set[int] = set()
        above: int | None = pk
        while above is not None and above not in seen:
            if above == self.pk:
                return True
            seen.add(above)
            place = ObjectDB.unscoped.using(self._state.db).filter(pk=above).first()
            above = place.db_location_id if place is not None else None
        return False

    def clear_exits(self: Any) -> None:
        """Delete the exits in this object, and those anywhere that lead to it."""
        with transaction(using=self._state.db):
            for way_out in self.exits:
                if not _is_going(way_out):
                    way_out.delete()
            self._delete_entrances()

    def clear_contents(self: Any) -> None:
        """Send everything inside home, with all hooks and announcements; each stays that forbids it."""
        refuge = default_home(ObjectDB)
        if refuge is self:
            refuge = None
        for member in self.contents:
            home = member.home
            if home is None or home is self:
                home = refuge
                member.home = refuge
            if home is None:
                member.location = None
                member.msg("The place you were in is gone, and there is nowhere to go.")
                logger.warning("%s has no home to go to from %s", member.dbref, self.dbref)
                continue
            if member.has_account:
                member.msg("The place you were in is going away: you are being moved home.")
            member.move_to(home, move_type="teleport")


def _is_going(way: Any) -> bool:
    """Whether an exit is being deleted already: each leads to the other, or one is in the other."""
    return way._is_deleted or "_going" in way.__dict__
