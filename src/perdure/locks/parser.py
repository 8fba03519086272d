"""The parser of lockstrings: the grammar, and what makes our tree and our errors of what it finds.

Contract: `run(text, start)` parses a text that `grammar` has found fit, as a `lockstring` or an `expression`. Raises
`LockException` with the position of what is wrong. The parser is made at the first call.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from perdure.errors import LockException
from perdure.locks.tree import (
    ACCESS_TYPE,
    MAX_DEPTH,
    RESERVED_KEYWORDS,
    TEXT,
    VALUE,
    And,
    Call,
    Lockdef,
    Node,
    Not,
    Or,
    depth_of,
)

__all__ = ["run"]

_QUOTED = r""""(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'"""
_ESCAPED = re.compile(r"""\\(["'\\])""")

_GRAMMAR = rf"""
lockstring: lockdef? (SEMICOLON lockdef?)*
lockdef: ACCESS_TYPE COLON either
expression: either
either: both (_OR both)*
both: _not (_AND _not)*
_not: negation | call | _LPAR either _RPAR
negation: _NOT _not
call: NAME _LPAR argument? (_COMMA argument?)* _RPAR
argument: TEXT -> positional
        | QUOTED -> positional
        | KEY (VALUE | QUOTED)? -> keyword

ACCESS_TYPE: /{ACCESS_TYPE}/
COLON: ":"
SEMICOLON: ";"
_COMMA: ","
_LPAR: "("
_RPAR: ")"
_OR: /or(?!\w)/i
_AND: /and(?!\w)/i
_NOT.2: /not(?!\w)/i
NAME: /\w+/
KEY.2: /[^\W\d]\w*\s*=/
TEXT: /{TEXT}/
VALUE: /{VALUE}/
QUOTED: /{_QUOTED}/
%ignore /\s+/
"""

_IN_WORDS = {
    "$END": "the end",
    "ACCESS_TYPE": "an access type",
    "COLON": "':' after the access type",
    "KEY": "an argument",
    "NAME": "a lock function",
    "QUOTED": "an argument",
    "SEMICOLON": "';'",
    "TEXT": "an argument",
    "VALUE": "an argument",
    "_AND": "'and'",
    "_COMMA": "','",
    "_LPAR": "'('",
    "_NOT": "'not'",
    "_OR": "'or'",
    "_RPAR": "')'",
}


def run(text: str, start: str) -> Any:
    """What the text says: lockdefs for the start `lockstring`, a tree for `expression`. Raises `LockException`."""
    try:
        built: Any = _parser().parse(text, start=start)
    except UnexpectedInput as error:
        raise _syntax_error(error, text) from None
    except _Refused as error:
        raise LockException(error.message, text, error.position) from None
    return _with_sources(built, text) if start == "lockstring" else built


class _Refused(Exception):
    """The builder found something wrong; carries message and position to where the text is known."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class _Builder(Transformer[Token, Any]):
    """Makes our tree while Lark parses; methods are named after the rules of the grammar."""

    def lockstring(self, parts: list[Lockdef | Token]) -> list[Lockdef | Token]:
        return parts

    def lockdef(self, parts: list[Any]) -> tuple[str, int, Node]:
        access_type, colon, expression = parts
        return str(access_type).lower(), colon.end_pos, expression

    def expression(self, parts: list[Node]) -> Node:
        return parts[0]

    def either(self, parts: list[Node]) -> Node:
        return parts[0] if len(parts) == 1 else self._bounded(Or(tuple(parts)))

    def both(self, parts: list[Node]) -> Node:
        return parts[0] if len(parts) == 1 else self._bounded(And(tuple(parts)))

    def negation(self, parts: list[Node]) -> Node:
        return self._bounded(Not(parts[0]))

    def call(self, parts: list[Any]) -> Call:
        name, *arguments = parts
        args = tuple(value for key, value, _ in arguments if key is None)
        kwargs: dict[str, str] = {}
        for key, value, position in arguments:
            if key is None:
                continue
            if key in RESERVED_KEYWORDS:
                raise _Refused(f"the argument name {key!r} is the engine's own; use another", position)
            if key in kwargs:
                raise _Refused(f"the argument {key!r} is given twice", position)
            kwargs[key] = value
        return Call(str(name), args, tuple(kwargs.items()), name.start_pos or 0)

    def positional(self, parts: list[Token]) -> tuple[None, str, int | None]:
        return None, _plain(parts[0]), parts[0].start_pos

    def keyword(self, parts: list[Token]) -> tuple[str, str, int | None]:
        key = str(parts[0])[:-1].strip()
        return key, _plain(parts[1]) if len(parts) > 1 else "", parts[0].start_pos

    def _bounded(self, node: Node) -> Node:
        # The operands have passed this already, so the recursion inside is bounded as well.
        if depth_of(node) > MAX_DEPTH:
            raise _Refused(f"the expression is nested deeper than {MAX_DEPTH} levels; simplify it")
        return node


def _plain(token: Token) -> str:
    return _ESCAPED.sub(r"\1", token[1:-1]) if token.type == "QUOTED" else str(token)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", start=["lockstring", "expression"], transformer=_Builder())


def _with_sources(parts: list[Any], text: str) -> tuple[Lockdef, ...]:
    """Adds to each lockdef its expression as written: from its colon to the next semicolon of the list."""
    ends = [part.start_pos for part in parts if isinstance(part, Token)]
    lockdefs = []
    for part in parts:
        if isinstance(part, Token):
            ends.pop(0)
            continue
        access_type, begin, expression = part
        end = ends[0] if ends else len(text)
        lockdefs.append(Lockdef(access_type, expression, text[begin:end].strip()))
    return tuple(lockdefs)


def _syntax_error(error: UnexpectedInput, text: str) -> LockException:
    position, expected = _where_and_expected(error, text)
    if expected == {"_LPAR"}:
        return _stray_word(text, position)
    found = repr(_word_at(text, position)) if position < len(text) else "the end"
    if found in ("'\"'", '"\'"'):
        return LockException("a quote mark that is not closed, or stands inside an unquoted argument", text, position)
    wanted = sorted({_IN_WORDS[name] for name in expected if name in _IN_WORDS})
    if text.count("(", 0, position) <= text.count(")", 0, position) and "')'" in wanted:
        wanted.remove("')'")
    in_argument = "','" in wanted and found != "the end"
    hint = "; put an argument in quotes to keep such characters in it" if in_argument else ""
    return LockException(f"found {found} where {' or '.join(wanted)} should be{hint}", text, position)


def _where_and_expected(error: UnexpectedInput, text: str) -> tuple[int, set[str]]:
    position = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    if isinstance(error, UnexpectedToken):
        return (len(text) if error.token.type == "$END" else position), set(error.expected)
    return position, set(error.allowed or ()) if isinstance(error, UnexpectedCharacters) else set()


def _stray_word(text: str, position: int) -> LockException:
    """A word in the place of a lock function that has no parentheses after it."""
    before = text[:position].rstrip()
    word = re.search(r"\w+$", before)
    begin = word.start() if word else position
    return LockException(
        f"stray word {before[begin:]!r}: lock functions are written with parentheses, and only"
        " 'and', 'or' and 'not' stand between them",
        text,
        begin,
    )


def _word_at(text: str, position: int) -> str:
    word = re.match(r"\w+|\S", text[position:])
    return word.group() if word else text[position]
