"""Objects: everything that has a place in the world and is not a character, a room or an exit."""

from perdure import DefaultObject


class ObjectParent:
    """What all objects of this game have in common: Object, Character, Room and Exit inherit from it.

    A method here reaches everything in the world at once, for instance a way of being shown.
    """


class Object(ObjectParent, DefaultObject):
    """A thing in the world. Inherit from it for your own things.

    Declared attributes are typed, have a default, and need no migration:

        class Lamp(Object):
            oil: int = AttributeProperty(100)

    Free-form ones are kept just the same: `lamp.db.seen_by = [player]`; `lamp.ndb.x` lasts until a restart.

    Hooks you will want first:

        at_object_creation()              once, when the object is made
        at_init()                         each time it comes into memory
        at_pre_move(destination)          return False, or raise Veto("why"), to forbid it
        at_post_move(source)              after it has moved
        at_get(getter), at_drop(dropper)  after it was picked up or put down
        return_appearance(looker)         what somebody sees who looks at it
    """
