"""Rooms: the places of the world."""

from perdure import DefaultRoom

from typeclasses.objects import ObjectParent


class Room(ObjectParent, DefaultRoom):
    """A place. It has no place itself; what is in it is `room.contents`, what leads out `room.exits`.

    Hooks you will want first:

        at_pre_object_receive(arriving, source)   return False, or raise Veto("why"), to keep it out
        at_object_receive(arriving, source)       after somebody or something has come in
        at_object_leave(leaving, destination)     when it goes
    """
