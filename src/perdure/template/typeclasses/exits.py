"""Exits: the ways from room to room."""

from perdure import DefaultExit

from typeclasses.objects import ObjectParent


class Exit(ObjectParent, DefaultExit):
    """A way from its `location` to its `destination`; its key and aliases are what one types to take it.

    One exit leads one way: the way back is another. Hooks you will want first:

        at_traverse(traverser, destination)           does the moving; override it for doors and tolls
        at_post_traverse(traverser, source)           afterwards
        at_failed_traverse(traverser)                 when the lock `traverse` refuses
    """
