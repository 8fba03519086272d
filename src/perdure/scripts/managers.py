"""Finding and making scripts, and bringing their timers back when the server starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps

from perdure.errors import EntityNotFound, InvalidArgument
from perdure.idmapper.wrappers import dbref_number
from perdure.scripts.hosts import host_fields, host_filter
from perdure.scripts.timing import checked_timer
from perdure.signals import SIGNAL_SCRIPT_POST_CREATE
from perdure.transactions import transaction
from perdure.typeclasses import registry
from perdure.typeclasses.applied_arguments import create_many, normal_labels
from perdure.typeclasses.creation import NOT_GIVEN
from perdure.typeclasses.managers import TypeclassManager, TypedObjectManager

__all__ = ["ScriptDBManager", "ScriptManager"]

_ARGUMENTS = (
    "key",
    "locks",
    "interval",
    "start_delay",
    "repeats",
    "persistent",
    "desc",
    "tags",
    "attributes",
)


class ScriptDBManager(TypedObjectManager):
    """Manager of all scripts."""

    # --- finding

    def get_all_scripts_on_obj(self, obj: Any, key: Any = None) -> Any:
        """The scripts of an object or account (given as itself, or an object by id or dbref); those with this key or
        dbref if one is given. None or something that is no host has none."""
        if obj is None:
            return self.none()
        scripts = self.filter(**host_filter(obj)).order_by("pk")
        return scripts if key is None else _narrowed(scripts, key)

    def get_all_scripts(self, key: Any = None) -> Any:
        """All scripts; those with this key or dbref if one is given."""
        scripts = self.order_by("pk")
        return scripts if key is None else _narrowed(scripts, key)

    def search_script(self, ostring: Any, obj: Any = None, only_timed: bool = False, typeclass: Any = None) -> Any:
        """Scripts by dbref or id, or by key (case does not matter); a queryset ordered by id.

        Args:
            ostring: key, dbref, id, or a script. Blank text finds nothing.
            obj: only scripts of this host.
            only_timed: only those with an interval.
            typeclass: only scripts of this class (or path) and of classes derived from it.
        """
        scripts = self.order_by("pk")
        if obj is not None:
            scripts = scripts.filter(**host_filter(obj))
        if only_timed:
            scripts = scripts.filter(db_interval__gt=0)
        if typeclass is not None:
            cls = registry.resolve(typeclass, self._kind)
            scripts = scripts.filter(db_typeclass_path__in=registry.family_paths(cls))
        if isinstance(ostring, self._kind):
            return scripts.filter(pk=ostring.pk)
        if isinstance(ostring, int) or (isinstance(ostring, str) and ostring.strip().startswith("#")):
            number = dbref_number(ostring)
            found = scripts.filter(pk=number) if number is not None else scripts.none()
            if isinstance(ostring, int) or found.exists():
                return found
        if not isinstance(ostring, str) or not ostring.strip():
            return scripts.none()
        return scripts.filter(db_key__iexact=ostring.strip())

    script_search = search_script
    search = search_script

    # --- changing

    def delete_script(self, dbref: Any) -> bool:
        """Delete a script by dbref or id; whether it was there and agreed to go."""
        number = dbref_number(dbref)
        script = None if number is None else self.filter(pk=number).first()
        return script is not None and bool(script.delete())

    def copy_script(
        self, original_script: Any, new_key: str | None = None, new_obj: Any = None, new_locks: Any = None
    ) -> Any:
        """A new script like `original_script`: class, host, timer settings, description, locks, tags, permissions,
        aliases and attributes. Its timer is started if that of the original was.

        Args:
            new_key, new_obj, new_locks: taken instead of the original's if given.
        """
        attributes = [
            (item.db_key, item.value, item.db_category, item.db_lock_storage)
            for item in original_script.db_attributes.filter(db_attrtype="")
        ]
        with transaction():
            copy = self.create_script(
                type(original_script),
                key=new_key or original_script.db_key,
                obj=original_script.obj if new_obj is None else new_obj,
                locks=new_locks or original_script.lock_storage,
                interval=original_script.db_interval,
                start_delay=original_script.db_start_delay,
                repeats=original_script.db_repeats,
                persistent=original_script.db_persistent,
                desc=original_script.db_desc,
                tags=original_script.tags.all(return_key_and_category=True),
                attributes=attributes,
                autostart=original_script.db_is_active,
            )
            if copy is not None:
                for name in ("aliases", "permissions"):
                    getattr(copy, name).batch_add(*getattr(original_script, name).all(return_key_and_category=True))
        return copy

    def create_script(
        self,
        typeclass: Any = None,
        key: Any = NOT_GIVEN,
        obj: Any = NOT_GIVEN,
        account: Any = NOT_GIVEN,
        locks: Any = NOT_GIVEN,
        interval: Any = NOT_GIVEN,
        start_delay: Any = NOT_GIVEN,
        repeats: Any = NOT_GIVEN,
        persistent: Any = NOT_GIVEN,
        autostart: bool = True,
        report_to: Any = None,
        desc: Any = NOT_GIVEN,
        tags: Any = NOT_GIVEN,
        attributes: Any = NOT_GIVEN,
    ) -> Any:
        """Make a script, all in one transaction.

        Whatever is given wins over what the class and its hooks set, False and 0 too.

        Args:
            typeclass: class or path; the project's base class if None.
            key: its name; one made of class and id if there is none.
            obj, account: the host, an object or an account, also by id or dbref; neither makes a global script.
            locks: lockstring or several.
            interval: whole seconds between ticks; 0 or less for no timer.
            start_delay: True waits one interval before the first tick, False none, a number that many seconds.
            repeats: how many ticks there will be; 0 for no end.
            persistent: whether the timer survives a restart of the server.
            autostart: whether to start the timer, if there is an interval.
            report_to: accepted for compatibility; errors are raised.
            desc: a line for listings.
            tags, attributes: as for every kind.

        Returns the script, or None if a creation hook deleted it. Raises `InvalidArgument`, `WrongFamily`,
        `TypeclassNotFound`, and whatever a hook raises; then nothing is left of it.
        """
        script = self._new_script(
            typeclass=typeclass,
            key=key,
            obj=obj,
            account=account,
            locks=locks,
            interval=interval,
            start_delay=start_delay,
            repeats=repeats,
            persistent=persistent,
            autostart=autostart,
            desc=desc,
            tags=tags,
            attributes=attributes,
        )
        with transaction():
            script.save()
            if script._is_deleted:
                return None
            SIGNAL_SCRIPT_POST_CREATE.send(sender=script)
        return script

    def create_scripts(
        self, typeclass: Any, rows: Iterable[Mapping[str, Any]], *, hooks: bool = True, batch_size: int = 500
    ) -> list[Any]:
        """Make many scripts, all or none; `rows` are dicts of arguments of `create_script`. See `create_many`."""
        return create_many(
            self._kind,
            self._new_script,
            typeclass,
            rows,
            hooks=hooks,
            batch_size=batch_size,
            signal=SIGNAL_SCRIPT_POST_CREATE,
        )

    def _new_script(
        self,
        typeclass: Any = None,
        obj: Any = NOT_GIVEN,
        account: Any = NOT_GIVEN,
        autostart: bool = True,
        report_to: Any = None,
        **given: Any,
    ) -> Any:
        """A script without a row that knows what it is created with."""
        unknown = given.keys() - set(_ARGUMENTS)
        if unknown:
            raise InvalidArgument(f"create_script got {', '.join(sorted(unknown))}; it takes {', '.join(_ARGUMENTS)}")
        cls = self._class_for(typeclass)
        arguments = normal_labels(given)
        arguments = {name: value for name, value in arguments.items() if value is not None}
        checked_timer(arguments.get("interval"), arguments.get("start_delay"), arguments.get("repeats"))
        arguments.update(_hosts(obj, account), autostart=autostart)
        script = cls()
        script._createdict = arguments
        return script

    # --- the server

    def update_scripts_after_server_start(self) -> None:
        """Bring timers back after a start, clean or not.

        See `perdure.scripts.lifecycle.resume_after`.
        """
        from perdure.scripts.lifecycle import resume_after

        resume_after()

    def pause_for_shutdown(self) -> None:
        """Hold all running timers, until `update_scripts_after_server_start`; see `lifecycle.pause_for`."""
        from perdure.scripts.lifecycle import pause_for

        pause_for("shutdown")

    # --- inner

    @property
    def _kind(self) -> Any:
        return self.model.__dbclass__

    def _class_for(self, typeclass: Any) -> Any:
        if typeclass is not None:
            return registry.resolve(typeclass, self._kind)
        return registry.default_class(self._kind) if self.model is self._kind else self.model


class ScriptManager(TypeclassManager, ScriptDBManager):
    """Manager of one script typeclass."""


def _narrowed(scripts: Any, key: Any) -> Any:
    """Those called `key`, or with this dbref or id."""
    if not isinstance(key, str | int) or not str(key).strip():
        return scripts.none()
    number = dbref_number(key) if isinstance(key, int) or key.strip().startswith("#") else None
    return scripts.filter(pk=number) if number is not None else scripts.filter(db_key=key)


def _hosts(obj: Any, account: Any) -> dict[str, Any]:
    """The host columns for the two arguments, if one was given."""
    if account is not NOT_GIVEN and account is not None:
        if obj is not NOT_GIVEN and obj is not None:
            raise InvalidArgument(f"a script has one host: give obj ({obj!r}) or account ({account!r}), not both")
        number = dbref_number(account)
        if number is not None:
            found = apps.get_model("accounts", "AccountDB")._base_manager.filter(pk=number).first()
            if found is None:
                raise EntityNotFound(f"account is {account!r}, but there is no account #{number}")
            account = found
        fields = host_fields(account)
        if fields["db_account"] is None:
            raise InvalidArgument(f"account is {account!r}; give an account, or an object as obj")
        return fields
    return {} if obj is NOT_GIVEN else host_fields(obj)
