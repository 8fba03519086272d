"""What is typed as a value, and where inside a value: for any text, not only for those somebody thought of."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.commands.default.attribute_paths import AttributePart, Insert, parse_target
from perdure.commands.default.typed_values import read_value
from perdure.errors import InvalidArgument


def nothing(kind, name):
    return None


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3) | st.tuples(inner)
    ),
    max_leaves=8,
)


@pytest.mark.defect("V-37")
@given(values)
def test_what_python_writes_is_read_back(value):
    read = read_value(repr(value), nothing)
    assert not read.is_plain_text
    assert read.value == value
    assert type(read.value) is type(value)


@pytest.mark.defect("V-37")
@given(st.text())
def test_any_text_is_a_literal_or_itself(text):
    try:
        read = read_value(text, nothing)
    except InvalidArgument:
        return
    if read.is_plain_text:
        assert read.value == text.strip()
    else:
        ast.parse(text.strip(), mode="eval")


@given(st.text())
def test_no_target_is_too_strange(text):
    try:
        target = parse_target(text)
    except InvalidArgument:
        return
    assert all(part.key for part in target.parts)


@given(st.lists(st.text(alphabet="abc/:[]'\" =", min_size=1), max_size=3))
def test_keys_in_quotes_are_taken_as_they_are(keys):
    text = "box/bag" + "".join(f"[{key!r}]" for key in keys)
    assert parse_target(text).parts == (AttributePart("bag", tuple(keys)),)


@pytest.mark.parametrize(
    ("text", "name", "parts", "category"),
    [
        ("box", "box", (), None),
        ("box/a/B:Cat", "box", (AttributePart("a"), AttributePart("b")), "Cat"),
        ("box/a[Key][-1][+][+2]", "box", (AttributePart("a", ("Key", -1, Insert(), Insert(2))),), None),
        ("box/a['1']:c", "box", (AttributePart("a", ("1",)),), "c"),
        ("box/a[(1, 'x')]", "box", (AttributePart("a", ((1, "x"),)),), None),
        ("/a", "", (AttributePart("a"),), None),
    ],
)
def test_targets(text, name, parts, category):
    target = parse_target(text)
    assert (target.name, target.parts, target.category) == (name, parts, category)
