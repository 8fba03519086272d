"""The command that shows colours with their codes."""

from __future__ import annotations

import colorsys

from perdure.commands.default.stock import StockCommand

__all__ = ["CmdColor", "ansi_samples", "cube_samples", "true_samples"]


class CmdColor(StockCommand):
    """See which colours your client shows, and the codes for them.

    Usage:
      color ansi
      color xterm256
      color truecolor
    """

    key = "color"
    aliases = ["colour", "colors"]
    locks = "cmd:all()"
    account_caller = True

    def func(self) -> None:
        """Show the samples."""
        wanted = self.args.strip().lower()
        samples = {"ansi": ansi_samples, "xterm256": cube_samples, "truecolor": true_samples}
        chosen = [name for name in samples if wanted and name.startswith(wanted)]
        if len(chosen) != 1:
            self.usage()
            return
        self.msg(samples[chosen[0]]())


def ansi_samples() -> str:
    """The 16 colours and the styles, each beside its code."""
    lines = ["|wColours, bright and dark, and as background:|n"]
    for letter in "rgybmcwx":
        codes = (letter, letter.upper(), f"[{letter}", f"[{letter.upper()}")
        lines.append("  " + "  ".join(f"|{code}||{code}|n" for code in codes))
    lines.append("|wStyles:|n |h||h|n  |u||u|n  |i||i|n  |s||s|n  |*||*|n; ||n ends them all, |||| is a bar")
    return "\n".join(lines)


def cube_samples() -> str:
    """The colour cube and the greys: three digits from 0 to 5 for red, green, blue; letters for grey."""
    lines = ["|wRed, green and blue from 0 to 5; ||[520 is a background:|n"]
    for red in range(6):
        for green in range(6):
            codes = [f"{red}{green}{blue}" for blue in range(6)]
            lines.append(" ".join(f"|{code}||{code}|n" for code in codes))
    letters = "abcdefghijklmnopqrstuvwxyz"
    lines.append("|wGreys:|n " + " ".join(f"|={letter}||={letter}|n" for letter in letters))
    return "\n".join(lines)


def true_samples() -> str:
    """A band through the colours of the rainbow."""
    lines = ["|wAny colour, as on web pages: ||#ff8800, ||[#ff8800:|n"]
    for start in range(0, 36, 6):
        row = []
        for step in range(start, start + 6):
            row.append(f"|#{_rainbow(step / 36)}||#{_rainbow(step / 36)}|n")
        lines.append(" ".join(row))
    return "\n".join(lines)


def _rainbow(at: float) -> str:
    return "".join(f"{round(part * 255):02x}" for part in colorsys.hsv_to_rgb(at, 1.0, 1.0))
