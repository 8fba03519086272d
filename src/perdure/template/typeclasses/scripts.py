"""Scripts: things without a place that keep state or do something from time to time."""

from perdure import DefaultScript


class Script(DefaultScript):
    """State or time without a body: weather, a quest, a global store.

    With an `interval` (seconds) its `at_repeat` runs again and again; `repeats` limits how often, and
    `persistent` lets it outlive a restart. Hooks you will want first:

        at_script_creation()      once: set key, interval, what it keeps
        at_start()                when its timer starts
        at_repeat()               at each tick
        at_stop()                 when its timer ends
    """
