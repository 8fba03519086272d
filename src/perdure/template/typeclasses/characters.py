"""Characters: the objects that players and other minds act through."""

from perdure import DefaultCharacter

from typeclasses.objects import ObjectParent


class Character(ObjectParent, DefaultCharacter):
    """Somebody in the world. An account puppets it; without one it is nobody's, or a creature of yours.

    Hooks you will want first:

        at_object_creation()          once: set what every character begins with
        at_pre_puppet(account)        before an account takes it over
        at_post_puppet()              after: by default it looks around and the room is told
        at_post_unpuppet(account)     when the account lets go
    """
