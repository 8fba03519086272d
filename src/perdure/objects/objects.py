"""The classes that games derive from: objects, characters, rooms and exits.

Each is put together from one mixin per concern; look there for what it does and for its hooks: `lifecycle`, `movement`,
`searching`, `messaging`, `appearance`, `handling`, `puppeting`, `makers`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from perdure.conf import conf
from perdure.idmapper.states import require
from perdure.objects.appearance import Appearance
from perdure.objects.contents import contents_of
from perdure.objects.handling import Handling
from perdure.objects.lifecycle import Lifecycle, sets_default_locks, with_locks
from perdure.objects.makers import CharacterMaker, ExitMaker, Maker
from perdure.objects.managers import ObjectManager
from perdure.objects.messaging import Messaging
from perdure.objects.models import ObjectDB
from perdure.objects.movement import Movement
from perdure.objects.puppeting import CharacterPuppeting, Puppeting
from perdure.objects.searching import Searching
from perdure.signals import SIGNAL_EXIT_TRAVERSED
from perdure.typeclasses.attributes import NickHandler
from perdure.typeclasses.channel_subscriber import ChannelSubscriber
from perdure.typeclasses.handlers import lazy_handler, registered_handler

__all__ = ["DefaultCharacter", "DefaultExit", "DefaultObject", "DefaultRoom", "set_exit_cmdset_factory"]


class DefaultObject(
    Lifecycle,
    Movement,
    Searching,
    Messaging,
    Appearance,
    Handling,
    Puppeting,
    Maker,
    ChannelSubscriber,
    ObjectDB,
):
    """Anything that is somewhere in the world, or that something can be in."""

    objects: ClassVar[Any] = ObjectManager()

    _content_types: ClassVar[tuple[str, ...]] = ("object",)
    cmdset_provider_order = 100
    cmdset_provider_error_order = 100
    cmdset_provider_type = "object"
    plural_category = "plural_key"

    nicks = lazy_handler(NickHandler, "The nicks of this object.")
    scripts = registered_handler("scripts")

    @property
    def contents(self) -> list[Any]:
        """The objects inside this one, in order of arrival; a list of the caller's own."""
        return contents_of(self)

    def contents_get(self, exclude: Any = None, content_type: str | None = None) -> list[Any]:
        """The objects inside this one.

        Args:
            exclude: an object, or several, to leave out.
            content_type: only those that count as this ("object", "character", "room", "exit", or one of the game's).
        """
        return self.contents_cache.get(exclude=exclude, content_type=content_type)  # type: ignore[no-any-return]

    @property
    def exits(self) -> list[Any]:
        """The objects inside this one that lead somewhere."""
        return [member for member in contents_of(self) if member.db_destination_id is not None]

    def access(
        self,
        accessing_obj: Any,
        access_type: str = "read",
        default: bool = False,
        no_superuser_bypass: bool = False,
        **kwargs: Any,
    ) -> bool:
        """Whether `accessing_obj` passes this object's lock of `access_type`; `at_access` hears of it."""
        result = super().access(
            accessing_obj, access_type, default=default, no_superuser_bypass=no_superuser_bypass, **kwargs
        )
        self.at_access(result, accessing_obj, access_type, **kwargs)
        return result

    def execute_cmd(self, raw_string: str, session: Any = None, **kwargs: Any) -> Any:
        """Do what `raw_string` says, as if this object's player had typed it.

        Args:
            raw_string: a command line; nicks are replaced.
            session: the session that gets the output; all by default.
            kwargs: set on the command.

        Raises `ConfigurationError` where there is no command layer.
        """
        require(self, "read stored data of")
        text = self.nicks.nickreplace(raw_string, categories=("inputline", "channel"), include_account=True)
        return self._command_line(text, session=session, **kwargs)

    _command_line = registered_handler("command_line")


class DefaultCharacter(CharacterPuppeting, CharacterMaker, DefaultObject):
    """Somebody whom a player can be."""

    _content_types = ("character",)
    default_description = "This is a character."
    lockstring = (
        "puppet:id({character_id}) or pid({account_id}) or perm(Developer) or pperm(Developer);"
        "delete:pid({account_id}) or perm(Admin);edit:pid({account_id}) or perm(Admin)"
    )
    default_locks = with_locks(
        DefaultObject.default_locks,
        get="false()",
        call="false()",
        teleport="perm(Admin)",
        teleport_here="perm(Admin)",
    )

    @sets_default_locks
    def basetype_setup(self) -> None:
        """Sets the locks and the commands of characters."""
        super().basetype_setup()
        self.cmdset.add_default(conf.CMDSET_CHARACTER, persistent=True)

    def at_post_move(self, source_location: Any, move_type: str = "move", **kwargs: Any) -> None:
        """Look at the new place."""
        place = self.location
        if place is not None and place.access(self, "view"):
            self.msg((self.at_look(place), {"type": "look"}))


class DefaultRoom(DefaultObject):
    """A place."""

    _content_types = ("room",)
    default_description = "This is a room."
    default_locks = with_locks(
        DefaultObject.default_locks,
        get="false()",
        puppet="false()",
        teleport="false()",
        teleport_here="true()",
    )
    _always_locked = True

    @sets_default_locks
    def basetype_setup(self) -> None:
        """Sets the locks of rooms, which are nowhere themselves unless they are created somewhere."""
        super().basetype_setup()
        self.location = None


class DefaultExit(ExitMaker, DefaultObject):
    """A way from its location to its destination, taken by typing its name."""

    _content_types = ("exit",)
    default_description = "This is an exit."
    default_locks = with_locks(
        DefaultObject.default_locks,
        puppet="false()",
        traverse="all()",
        get="false()",
        teleport="false()",
        teleport_here="false()",
    )
    #: Class of the command that takes the exit; None for the stock one.
    exit_command: Any = None
    priority = 101

    @sets_default_locks
    def basetype_setup(self) -> None:
        """Sets the locks of exits; one that leads nowhere leads back to where it is."""
        super().basetype_setup()
        if self.db_location_id is not None and self.db_destination_id is None:
            self.destination = self.location

    def at_init(self) -> None:
        """Have the exit's command made anew."""
        self.__dict__.pop("_exit_words", None)

    def at_cmdset_get(self, **kwargs: Any) -> None:
        """Make the command that takes this exit, if there is none yet or the exit is called otherwise now."""
        tags = self._tag_store
        tags.load()
        words = (self.key, [slot for slot in tags.slots if slot[0] == "alias"])
        if "force_init" not in kwargs and self.__dict__.get("_exit_words") == words:
            return
        made = self.create_exit_cmdset(self)
        if made is not None:
            self.cmdset.add_default(made, persistent=False)
        self.__dict__["_exit_words"] = words

    def create_exit_cmdset(self, exidbobj: Any) -> Any:
        """The command set with the one command that takes an exit; None where there is no command layer."""
        return _exit_cmdset_factory(exidbobj) if _exit_cmdset_factory is not None else None

    def go_through(self, traversing_object: Any) -> bool:
        """What the exit's command does: check the lock `traverse`, then go. Whether it was allowed."""
        if self.access(traversing_object, "traverse"):
            self.at_traverse(traversing_object, self.destination)
            SIGNAL_EXIT_TRAVERSED.send(sender=self, traverser=traversing_object)
            return True
        self._refuse(traversing_object)
        return False

    def at_traverse(self, traversing_object: Any, target_location: Any, **kwargs: Any) -> None:
        """Move the one who goes to where the exit leads."""
        source = traversing_object.location
        if traversing_object.move_to(target_location, move_type="traverse", exit_obj=self):
            self.at_post_traverse(traversing_object, source)
        else:
            self._refuse(traversing_object)

    def _refuse(self, traversing_object: Any) -> None:
        if self.db.err_traverse:
            traversing_object.msg(self.db.err_traverse)
        else:
            self.at_failed_traverse(traversing_object)

    def at_failed_traverse(self, traversing_object: Any, **kwargs: Any) -> None:
        """Tell the one who could not go."""
        traversing_object.msg("You cannot go there.")

    def get_return_exit(self, return_all: bool = False) -> Any:
        """The object at the destination that leads back here, or None; with `return_all` all of them."""
        found = ObjectDB.objects.filter(
            db_location_id=self.db_destination_id, db_destination_id=self.db_location_id, db_location__isnull=False
        ).order_by("pk")
        return found if return_all else found.first()


_exit_cmdset_factory: Callable[[Any], Any] | None = None


def set_exit_cmdset_factory(factory: Callable[[Any], Any] | None) -> None:
    """Have `factory(exit)` make the command set of exits; the command layer calls this."""
    global _exit_cmdset_factory
    _exit_cmdset_factory = factory
