"""A first screen that fails."""


def connection_screen():
    return 1 / 0
