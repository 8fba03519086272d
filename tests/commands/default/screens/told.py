"""A first screen that is told by a function."""


def connection_screen():
    return "Told by a function"
