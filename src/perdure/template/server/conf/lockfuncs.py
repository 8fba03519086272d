"""Lock functions of this game, usable in locks by their names beside Perdure's own.

A lock function gets who wants something, what they want it of, and the words in the lock; it answers
True or False. With the one below a lock can say `open:heavier_than(80)`:

    def heavier_than(accessing_obj, accessed_obj, *args, **kwargs):
        return (accessing_obj.db.weight or 0) > float(args[0])

A function that raises counts as False, and is logged.
"""
