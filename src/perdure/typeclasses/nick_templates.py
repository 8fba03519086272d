"""The little language of nicks: a pattern of what is typed, and a replacement with the parts of it.

Contract: in a pattern `*`, `?`, `[seq]` and `[!seq]` match as in a shell, `$1` to `$99` match some text and name it,
and a space matches one or more blanks. In regex mode the pattern is a regular expression whose groups `arg1` to
`arg99` are the markers; those that did not take part become empty. A match ignores case and covers the whole input, but
for line breaks at its end. In a replacement only the markers mean something: braces are text.

Invariants
    - A template is only ever searched for markers, never formatted or evaluated.
    - Regexes made from shell patterns never go back over what a wildcard has taken: no input makes them slow.

Failure modes: `NickTemplateInvalid`, naming the nick, for markers that do not match, a malformed or too long pattern,
and a regular expression with a repeat inside a repeat (it can hang on a short input).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from perdure.errors import NickTemplateInvalid

__all__ = ["MAX_PATTERN", "compiled", "initialize_nick_templates", "parse_nick_template"]

MAX_PATTERN = 512

_MARKER = re.compile(r"\$([1-9][0-9]?)(?![0-9])")
_GROUP = re.compile(r"arg([1-9][0-9]?)\Z")
_SLOT = re.compile(r"\{\{|\}\}|\{arg([1-9][0-9]?)\}")
_COUNT = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_END = r"[\r\n]*\Z"


def initialize_nick_templates(pattern: str, replacement: str, pattern_is_regex: bool = False) -> tuple[str, str]:
    """The regex and the output template of a nick. Raises `NickTemplateInvalid`."""
    for name, text in (("pattern", pattern), ("replacement", replacement)):
        if not isinstance(text, str):
            raise NickTemplateInvalid(f"the {name} of nick {pattern!r} is text, got {text!r} ({type(text).__name__})")
    if not pattern.strip():
        raise NickTemplateInvalid(f"the pattern of a nick cannot be blank (got {pattern!r})")
    if len(pattern) > MAX_PATTERN:
        raise NickTemplateInvalid(
            f"the pattern of nick {pattern[:40]!r}… has {len(pattern)} characters; at most {MAX_PATTERN} are allowed"
        )
    used = {int(number) for number in _MARKER.findall(replacement)}
    if pattern_is_regex:
        regex = _from_regex(pattern)
        named = {int(found[1]) for name in compiled(regex).groupindex if (found := _GROUP.match(name))}
        _refuse_unknown(pattern, used - named, "the regular expression has no group", "arg")
    else:
        named = set(_markers(pattern))
        _refuse_unknown(pattern, used - named, "the pattern has no marker", "$")
        _refuse_unknown(pattern, named - used, "the replacement does not use (write * to ignore text)", "$")
        regex = _from_wildcards(pattern.strip())
    escaped = replacement.replace("{", "{{").replace("}", "}}")
    return regex, _MARKER.sub(r"{arg\1}", escaped)


def parse_nick_template(string: str, regex: str | re.Pattern[str], outtemplate: str) -> tuple[bool, str]:
    """Whether `string` matches, and the template filled with its parts (or `string` itself).

    Raises `NickTemplateInvalid` if the regex is malformed or lacks a group that the template names.
    """
    match = (compiled(regex) if isinstance(regex, str) else regex).match(string)
    if match is None:
        return False, string
    groups = match.groupdict()

    def fill(found: re.Match[str]) -> str:
        number = found[1]
        if number is None:
            return found[0][0]
        if f"arg{number}" not in groups:
            raise NickTemplateInvalid(f"template {outtemplate!r} uses ${number}; its regex has no group arg{number}")
        return groups[f"arg{number}"] or ""

    return True, _SLOT.sub(fill, outtemplate)


@lru_cache(maxsize=1024)
def compiled(regex: str) -> re.Pattern[str]:
    """The regex of a nick, compiled. Raises `NickTemplateInvalid` if it is malformed."""
    try:
        return re.compile(regex, re.IGNORECASE | re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        raise NickTemplateInvalid(f"nick regex {regex!r} is malformed: {error}") from error


def _refuse_unknown(pattern: str, numbers: set[int], why: str, sign: str) -> None:
    if numbers:
        names = ", ".join(f"{sign}{number}" for number in sorted(numbers))
        raise NickTemplateInvalid(f"nick {pattern!r}: {why} {names}; pattern and replacement need the same markers")


# --- regular expressions


def _from_regex(pattern: str) -> str:
    try:
        compiled(pattern)  # on its own first: `a)(b` must not pass by closing our group
        regex = f"(?:{pattern}){_END}"
        compiled(regex)
    except NickTemplateInvalid as error:
        raise NickTemplateInvalid(f"nick {pattern!r}: {error.__cause__}") from error
    if _repeats_a_repeat(pattern):
        raise NickTemplateInvalid(
            f"nick {pattern!r}: a repeated group holds a repeat or a choice, which can take for ever on a short text; "
            "repeat a plain group or a [set] instead"
        )
    return regex


def _repeats_a_repeat(pattern: str) -> bool:
    """Whether a group that can match in more than one way is itself repeated (`(a+)*`, `(a|b)+`)."""
    varies = [False]  # by open group: can it match in more than one way
    closed = False  # the item just before is such a group
    for sign in _signs(pattern):
        if sign == "(":
            varies.append(False)
        elif sign == ")":
            closed = varies.pop() if len(varies) > 1 else False
            varies[-1] = varies[-1] or closed
            continue
        elif sign == "*":
            if closed:
                return True
            varies[-1] = True
        elif sign in "?|":
            varies[-1] = True
        closed = False
    return False


def _signs(pattern: str) -> Iterator[str]:
    """The signs of a regex that matter for repeats: `( ) | ? *` (any repeat is `*`), and `a` for everything else."""
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "\\":
            at += 1
            yield "a"
        elif char == "[":
            at = _set_end(pattern, at, "^", "\\") or len(pattern)
            yield "a"
        elif char == "(":
            at += pattern[at : at + 1] == "?"
            yield char
        elif char == "{" and (count := _COUNT.match(pattern, at - 1)):
            at = count.end()
            yield "*"
        else:
            yield "*" if char in "*+" else char if char in ")|?" else "a"


# --- shell patterns


def _markers(pattern: str) -> list[int]:
    numbers = [int(item[4:]) for item in _items(pattern) if item.startswith("$arg")]
    for number in numbers:
        if numbers.count(number) > 1:
            raise NickTemplateInvalid(f"nick {pattern!r} has the marker ${number} twice; give each its own number")
    return numbers


def _from_wildcards(pattern: str) -> str:
    """The regex of a shell pattern.

    Each wildcard takes as little as lets the fixed text after it match, and is then held to that: only the last one
    is tried further, against the end. For fixed text that gives what going back would give.
    """
    parts = [""]
    wildcards: list[str] = []
    for item in _items(pattern):
        if item == "*":
            wildcards.append(".*?")
            parts.append("")
        elif item.startswith("$arg"):
            wildcards.append(f"(?P<{item[1:]}>.+?)")
            parts.append("")
        else:
            parts[-1] += item
    regex = parts[0]
    for at, (wildcard, fixed) in enumerate(zip(wildcards, parts[1:], strict=True), 1):
        regex += f"{wildcard}{fixed}" if at == len(wildcards) else f"(?>{wildcard}{fixed})"
    return regex + _END


def _items(pattern: str) -> Iterator[str]:
    """The items of a shell pattern: `*`, `$argN`, or the regex of one character (or of a run of blanks)."""
    at = 0
    while at < len(pattern):
        char = pattern[at]
        marker = _MARKER.match(pattern, at)
        closing = _set_end(pattern, at + 1, "!") if char == "[" else None
        if marker:
            at = marker.end()
            yield f"$arg{marker[1]}"
        elif closing:
            yield _set(pattern, pattern[at + 1 : closing - 1])
            at = closing
        elif char.isspace():
            at += len(pattern[at:]) - len(pattern[at:].lstrip())
            yield r"\s+"
        else:
            at += 1
            yield "*" if char == "*" else "." if char == "?" else re.escape(char)


def _set_end(pattern: str, start: int, negation: str, escape: str = "") -> int | None:
    """Where the set that opens just before `start` has ended; None if it does not end."""
    at = start + pattern.startswith(negation, start)
    at += pattern.startswith("]", at)
    while at < len(pattern):
        if pattern[at] == "]":
            return at + 1
        at += 2 if pattern[at] == escape else 1
    return None


def _set(pattern: str, inside: str) -> str:
    negated = inside.startswith("!")
    chars = inside[negated:]
    items, at = "", 0
    while at < len(chars):
        if chars[at + 1 : at + 2] == "-" and at + 2 < len(chars):
            first, last = chars[at], chars[at + 2]
            if first > last:
                raise NickTemplateInvalid(f"nick {pattern!r}: the range {first}-{last} in [{inside}] runs backwards")
            items += f"{re.escape(first)}-{re.escape(last)}"
            at += 3
        else:
            items += re.escape(chars[at])
            at += 1
    return f"[{'^' if negated else ''}{items}]"
