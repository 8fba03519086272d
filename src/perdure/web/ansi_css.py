"""The style sheet for the colours of the game's text, worked out so that all of them can be read.

Contract: `render()` is what `static/perdure/css/ansi.css` holds; `python -m perdure.web.ansi_css` writes it; a test
compares. Text in a colour has a contrast of at least 4.5 to the page's background, dark or light: a colour that is too
near to it is moved away from it, and greys are turned round on a light page (what was meant to stand out still does).
Text on a background of its own has the colours as they were meant; with no colour of its own it is black or white.
"""

from __future__ import annotations

from pathlib import Path

from perdure.text.palette import rgb_of

__all__ = ["contrast", "readable", "render"]

CONTRAST = 4.5
#: `--sunken` of base.css, where the text stands.
DARK = (16, 18, 22)
LIGHT = (239, 236, 228)

Rgb = tuple[int, int, int]

#: The base colours, softer than those of old terminals.
_BASE: tuple[Rgb, ...] = (
    (0, 0, 0),
    (205, 72, 66),
    (70, 160, 82),
    (184, 140, 50),
    (74, 126, 220),
    (176, 92, 196),
    (48, 160, 164),
    (190, 192, 196),
    (122, 126, 134),
    (255, 120, 112),
    (120, 224, 130),
    (255, 222, 110),
    (130, 174, 255),
    (240, 150, 255),
    (116, 232, 232),
    (255, 255, 255),
)

_HEAD = """/* Made by `python -m perdure.web.ansi_css`; change it there. */
.underline{text-decoration:underline}
.strike{text-decoration:line-through}
.underline.strike{text-decoration:underline line-through}
.italic{font-style:italic}
.bold{font-weight:700}
.blink{animation:blink 1.2s steps(2,jump-none) infinite}
@keyframes blink{to{opacity:.35}}
@media (prefers-reduced-motion:reduce){.blink{animation:none;font-weight:700}}
.inverse{color:var(--sunken);background:var(--text)}
"""


def render() -> str:
    """The whole style sheet."""
    lines = [_HEAD]
    lines += [f".color-{number:03}{{color:{_hex(readable(_rgb(number), DARK))}}}" for number in range(256)]
    lines.append("@media (prefers-color-scheme:light){")
    lines += [f".color-{number:03}{{color:{_hex(readable(_rgb(number), LIGHT))}}}" for number in range(256)]
    lines.append("}")
    lines += [_background(number) for number in range(256)]
    lines += [f'[class*="bgcolor-"].color-{number:03}{{color:{_hex(_rgb(number))}}}' for number in range(256)]
    return "\n".join(lines) + "\n"


def readable(colour: Rgb, background: Rgb) -> Rgb:
    """The colour, or one like it that can be read on the background."""
    dark = _luminance(background) < 0.2
    if not dark:
        # Greys are turned round; of colours the white in them goes first, so that they stay colours.
        low = min(colour)
        grey = max(colour) - low < 24
        red, green, blue = ((255 - part) if grey else part - round(low * 0.7) for part in colour)
        colour = (red, green, blue)
    target = 255 if dark else 0
    for step in range(101):
        mixed = _mix(colour, target, step / 100)
        if contrast(mixed, background) >= CONTRAST:
            return mixed
    return (target, target, target)


def contrast(one: Rgb, other: Rgb) -> float:
    """How well one can be read on the other: 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _rgb(number: int) -> Rgb:
    return _BASE[number] if number < 16 else rgb_of(number)


def _mix(colour: Rgb, target: int, share: float) -> Rgb:
    red, green, blue = (round(part + (target - part) * share) for part in colour)
    return red, green, blue


def _background(number: int) -> str:
    rgb = _rgb(number)
    text = "#fff" if contrast((255, 255, 255), rgb) >= contrast((0, 0, 0), rgb) else "#000"
    return f".bgcolor-{number:03}{{background:{_hex(rgb)};color:{text}}}"


def _luminance(rgb: Rgb) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in rgb
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _hex(rgb: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)


if __name__ == "__main__":
    (Path(__file__).parent / "static/perdure/css/ansi.css").write_text(render(), encoding="utf-8")
