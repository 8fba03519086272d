"""The language of lockstrings: what parses, what is refused and where, and the way back to text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.errors import LockException
from perdure.locks.grammar import (
    MAX_DEPTH,
    MAX_LENGTH,
    RESERVED_KEYWORDS,
    compile_ad_hoc,
    compile_lockstring,
    parse,
    parse_expression,
)
from perdure.locks.tree import And, Call, Node, Not, Or, depth_of, render

TRUE, FALSE, A, B, C = Call("true"), Call("false"), Call("a"), Call("b"), Call("c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a() or b() and c()", Or((A, And((B, C))))),
        ("a() and b() or c()", Or((And((A, B)), C))),
        ("(a() or b()) and c()", And((Or((A, B)), C))),
        ("not a() and b()", And((Not(A), B))),
        ("not (a() and b())", Not(And((A, B)))),
        ("not not a()", Not(Not(A))),
        ("NOT a() AND b() OR c()", Or((And((Not(A), B)), C))),
        ("Not a() And b() oR c()", Or((And((Not(A), B)), C))),
        ("a()or not(b())and(c())", Or((A, And((Not(B), C))))),
        ("  a (\n) or\tb()  ", Or((A, B))),
        ("((((a()))))", A),
        ("order() or nothing() and android()", Or((Call("order"), And((Call("nothing"), Call("android")))))),
    ],
)
@pytest.mark.defect("V-2")
def test_operators_group_and_bind(text: str, tree: Node) -> None:
    assert parse_expression(text) == tree


@pytest.mark.parametrize(
    ("text", "args", "kwargs"),
    [
        ("f()", (), ()),
        ("f(Builder)", ("Builder",), ()),
        ("f( the green key , #12 )", ("the green key", "#12"), ()),
        ("f(,a,,b,)", ("a", "b"), ()),
        ("f('the green key')", ("the green key",), ()),
        ('f("a, b; (c) = d")', ("a, b; (c) = d",), ()),
        ("f('it\\'s', \"a \\\"b\\\"\", 'back\\\\slash', 'new\\n')", ("it's", 'a "b"', "back\\slash", "new\\n"), ()),
        ("f('')", ("",), ()),
        ("f(' x ')", (" x ",), ()),
        ("f(the king's key)", ("the king's key",), ()),
        ("f(a:b)", ("a:b",), ()),
        ("f(hp, 5, compare = gt)", ("hp", "5"), (("compare", "gt"),)),
        ("f(compare='a, b', x)", ("x",), (("compare", "a, b"),)),
        ("f(k=a=b)", (), (("k", "a=b"),)),
        ("f(k=)", (), (("k", ""),)),
        ("f(not or and)", ("not or and",), ()),
    ],
)
@pytest.mark.defect("V-2")
def test_arguments(text: str, args: tuple[str, ...], kwargs: tuple[tuple[str, str], ...]) -> None:
    assert parse_expression(text) == Call("f", args, kwargs)


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("a: foo true() bar", 3, "stray word 'foo'"),
        ("a: true() bar", 10, "'bar'"),
        ("a: true() nor false()", 10, "'nor'"),
        ("a:true() & false()", 9, "'&'"),
        ("a:true() true()", 9, "'true'"),
        ("a:true() or", 11, "the end"),
        ("a:true() or or true()", 12, "'or'"),
        ("a", 1, "':'"),
        (":true()", 0, "an access type"),
        ("a:", 2, "the end"),
        ("a:true(", 7, "')'"),
        ("a:true())", 8, "')'"),
        ("a:(true()", 9, "')'"),
        ("a:()", 3, "')'"),
        ("a:not", 5, "the end"),
        ("a b:true()", 2, "':'"),
        ("a:true();b", 10, "':'"),
        ("a:perm(Admin or perm(Builder)", 20, "quotes"),
        ("a:perm('x' y)", 11, "'y'"),
        ("a:perm('x)", 7, "quote mark"),
        ('a:perm(x "y")', 9, "quote mark"),
        ("a:perm(a b=c)", 10, "'='"),
        ("a:perm(session=x)", 7, "'session'"),
        ("a:perm(k=1, k=2)", 12, "twice"),
        ("a=b:true()", 1, "'='"),
    ],
)
@pytest.mark.defect("V-2")
def test_malformed_text_is_refused_where_it_goes_wrong(text: str, position: int, says: str) -> None:
    with pytest.raises(LockException) as refused:
        parse(text)
    assert refused.value.position == position
    assert refused.value.text == text
    assert says in str(refused.value)


def test_lockdefs_keep_their_order_and_their_own_wording() -> None:
    lockdefs = parse(" B : perm( X )\n;; a:true()  OR false();")
    assert [lockdef.text for lockdef in lockdefs] == ["b:perm( X )", "a:true()  OR false()"]


@pytest.mark.parametrize("text", ["", "  \n", ";", " ; ;; "])
def test_nothing_is_no_lock(text: str) -> None:
    assert parse(text) == ()


def test_the_later_lockdef_wins_and_types_fold() -> None:
    compiled = compile_lockstring("Get:true();get:false()")
    assert {name: lockdef.expression for name, lockdef in compiled.items()} == {"get": FALSE}


def test_equal_texts_share_one_compiled_form() -> None:
    assert compile_lockstring("get:perm(Shared)") is compile_lockstring("".join(["get:", "perm(Shared)"]))


def test_the_compiled_form_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        compile_lockstring("get:true()")["get"] = None  # type: ignore[index]


def test_ad_hoc_text_may_be_a_bare_expression() -> None:
    assert [lock.expression for lock in compile_ad_hoc("attr(desc, a:b)").values()] == [Call("attr", ("desc", "a:b"))]
    assert list(compile_ad_hoc(";; get : true()")) == ["get"]
    with pytest.raises(LockException):
        compile_ad_hoc(":true()")


@pytest.mark.parametrize("text", [None, 7, b"a:true()", ["a:true()"]])
def test_only_text_is_a_lockstring(text: object) -> None:
    with pytest.raises(LockException, match="text"):
        parse(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\ud800"])
def test_what_no_database_stores_is_refused(character: str) -> None:
    with pytest.raises(LockException, match="character 9"):
        parse(f"a:perm('x{character}')")


def test_length_is_bounded() -> None:
    padding = " " * (MAX_LENGTH - len("a:true()"))
    assert len(parse(f"a:true(){padding}")) == 1
    with pytest.raises(LockException, match=str(MAX_LENGTH)):
        parse(f"a:true(){padding} ")


def test_depth_is_bounded() -> None:
    assert depth_of(parse_expression("not " * (MAX_DEPTH - 1) + "a()")) == MAX_DEPTH
    for text in ("not " * MAX_DEPTH + "a()", "(a() and " * MAX_DEPTH + "a()" + ")" * MAX_DEPTH):
        with pytest.raises(LockException, match="nested"):
            parse_expression(text)


def test_parentheses_that_say_nothing_do_not_count_as_depth() -> None:
    assert parse_expression("(" * 1500 + "a()" + ")" * 1500) == A


# --- there and back -----------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n'\"\\(),;= "), max_size=12)
names = st.from_regex(r"[A-Za-z_]\w{0,8}", fullmatch=True).filter(lambda name: name.lower() != "not")
keywords = names.filter(lambda name: name not in RESERVED_KEYWORDS)
calls = st.builds(
    Call,
    names,
    st.lists(texts, max_size=3).map(tuple),
    st.dictionaries(keywords, texts, max_size=2).map(lambda found: tuple(found.items())),
)


def _compound(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(nodes, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, nodes) | st.builds(And, several) | st.builds(Or, several)


trees = st.recursive(calls, _compound, max_leaves=8).filter(lambda tree: depth_of(tree) <= MAX_DEPTH)


@given(trees)
def test_a_tree_survives_the_way_through_text(tree: Node) -> None:
    assert parse_expression(render(tree)) == tree


@given(trees)
def test_rendering_is_settled_after_one_round(tree: Node) -> None:
    text = render(tree)
    assert render(parse_expression(text)) == text


fragments = st.lists(
    st.sampled_from(
        [
            "a",
            ":",
            ";",
            "(",
            ")",
            "true()",
            "false()",
            " and ",
            " or ",
            " not ",
            ",",
            "=",
            "'",
            '"',
            "\\",
            "x",
            "\n",
            "#",
        ]
    )
    | st.text(max_size=4),
    max_size=25,
).map("".join)


@given(fragments | st.text(max_size=60))
@pytest.mark.defect("V-2")
def test_no_text_raises_anything_but_lock_exception(text: str) -> None:
    refused = None
    try:
        lockdefs = parse(text)
    except LockException as error:
        refused = error
    if refused is not None:
        assert refused.position is None or 0 <= refused.position <= len(text)
        return
    # What is accepted says nothing that the text does not say: its own wording parses to the same tree.
    assert parse(";".join(lockdef.text for lockdef in lockdefs)) == lockdefs
    assert parse(";".join(f"{one.access_type}:{render(one.expression)}" for one in lockdefs)) == lockdefs


def _truth(tree: Node) -> bool:
    if isinstance(tree, Call):
        return tree.name == "true"
    if isinstance(tree, Not):
        return not _truth(tree.operand)
    values = [_truth(operand) for operand in tree.operands]
    return all(values) if isinstance(tree, And) else any(values)


terms = st.tuples(st.integers(0, 2), st.booleans())


@given(st.lists(st.lists(terms, min_size=1, max_size=3), min_size=1, max_size=3))
def test_precedence_is_not_then_and_then_or(alternatives: list[list[tuple[int, bool]]]) -> None:
    text = " or ".join(
        " and ".join("not " * nots + ("true()" if value else "false()") for nots, value in group)
        for group in alternatives
    )
    expected = any(all(value != bool(nots % 2) for nots, value in group) for group in alternatives)
    assert _truth(parse_expression(text)) is expected
