"""Called once, when the game is started for the first time."""


def at_initial_setup() -> None:
    """Make here what the world cannot begin without. The owner's character is #1, the first room #2.

    It runs inside the transaction of the first start: if it raises, the start is undone and can be repeated.
    """
