"""The 256 colours of terminals as red, green and blue, and the nearest of them to any other colour.

A colour is a number here: 0 to 15 are the base colours (8 and up the bright ones), 16 to 231 a cube of 6 x 6 x 6, 232
to 255 greys. A colour of its own red, green and blue is `TRUE + 0xRRGGBB`.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["TRUE", "cube", "hex_of", "nearest_16", "nearest_256", "rgb_of"]

#: Added to 0xRRGGBB, to tell it from the numbers of the palette.
TRUE = 1 << 24

_BASE = (
    (0, 0, 0),
    (170, 0, 0),
    (0, 170, 0),
    (170, 85, 0),
    (0, 0, 170),
    (170, 0, 170),
    (0, 170, 170),
    (170, 170, 170),
    (85, 85, 85),
    (255, 85, 85),
    (85, 255, 85),
    (255, 255, 85),
    (85, 85, 255),
    (255, 85, 255),
    (85, 255, 255),
    (255, 255, 255),
)
_LEVELS = (0, 95, 135, 175, 215, 255)


def cube(red: int, green: int, blue: int) -> int:
    """The number of a colour of the cube; each part is 0 to 5."""
    return 16 + 36 * red + 6 * green + blue


def rgb_of(colour: int) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255 each."""
    if colour >= TRUE:
        return (colour >> 16) & 255, (colour >> 8) & 255, colour & 255
    if colour < 16:
        return _BASE[colour]
    if colour < 232:
        red, rest = divmod(colour - 16, 36)
        green, blue = divmod(rest, 6)
        return _LEVELS[red], _LEVELS[green], _LEVELS[blue]
    grey = 8 + 10 * (colour - 232)
    return grey, grey, grey


def hex_of(colour: int) -> str:
    """As `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*rgb_of(colour))


@lru_cache(maxsize=4096)
def nearest_256(colour: int) -> int:
    """The colour of the cube or the greys that is nearest; colours of the palette are themselves."""
    if colour < TRUE:
        return colour
    red, green, blue = rgb_of(colour)
    in_cube = cube(_level(red), _level(green), _level(blue))
    grey = 232 + max(0, min(23, round(((red + green + blue) / 3 - 8) / 10)))
    return min(in_cube, grey, key=lambda number: _distance(number, (red, green, blue)))


@lru_cache(maxsize=4096)
def nearest_16(colour: int) -> int:
    """The base colour that is nearest."""
    if colour < 16:
        return colour
    rgb = rgb_of(colour)
    return min(range(16), key=lambda number: _distance(number, rgb))


def _level(part: int) -> int:
    return min(range(6), key=lambda level: abs(_LEVELS[level] - part))


def _distance(colour: int, rgb: tuple[int, int, int]) -> int:
    """How different two colours look, roughly: eyes see green best."""
    red, green, blue = (one - other for one, other in zip(rgb_of(colour), rgb, strict=True))
    return 3 * red * red + 4 * green * green + 2 * blue * blue
