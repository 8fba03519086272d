from __future__ import annotations

import re
from contextlib import suppress
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.errors import InvalidArgument, InvalidKey
from perdure.objects.models import ObjectDB
from perdure.transactions import transaction
from perdure.typeclasses.nicks import NickHandler, NickTemplateInvalid, initialize_nick_templates, parse_nick_template


class NickOwner(ObjectDB):
    """Somebody with nicks."""

    account = None


@pytest.fixture
def hero(db):
    owner = NickOwner(db_key="hero")
    owner.save()
    return owner


@pytest.fixture
def nicks(hero):
    return NickHandler(hero)


def fresh(hero):
    """A handler over what is stored, not over what memory holds."""
    hero.attributes.reset_cache()
    return NickHandler(hero)


def replace(pattern, replacement, string, is_regex=False):
    return parse_nick_template(string, *initialize_nick_templates(pattern, replacement, is_regex))


# --- the language of patterns


@pytest.mark.parametrize(
    ("pattern", "replacement", "typed", "expected"),
    [
        ("hi", "say hello", "hi", "say hello"),
        ("hi", "say hello", "HI", "say hello"),
        ("hi", "say hello", "hi\r\n", "say hello"),
        ("hi", "say hello", "hi there", None),
        ("hi", "say hello", "oh hi", None),
        ("build $1 $2", "create/drop $1;$2", "build fish  tuna", "create/drop fish;tuna"),
        ("build $1 $2", "$2 of $1, $2", "build a b c", "b c of a, b c"),
        ("tell $1=$2", "page $1 = $2", "tell bob=a=b", "page bob = a=b"),
        ("give $2 to $1", "$1<$2", "give a sword to the king", "the king<a sword"),
        ("$1!", "shout $1", "help!!", "shout help!"),
        ("$1 b c", "$1", "x b b c", "x b"),
        ("say *", "mumble", "say anything at all", "mumble"),
        ("say *", "mumble", "say", None),
        ("s?y", "ok", "sxy", "ok"),
        ("s?y", "ok", "sy", None),
        ("[a-c]1", "ok", "B1", "ok"),
        ("[!a-c]1", "ok", "b1", None),
        ("[!a-c]1", "ok", "d1", "ok"),
        ("[]]", "ok", "]", "ok"),
        ("[ab", "ok", "[ab", "ok"),
        (r"[\]x", "ok", r"\x", "ok"),
        ("[^a]", "ok", "^", "ok"),
        ("look   up", "l", "look up", "l"),
        ("a.b", "ok", "axb", None),
        ("(a|b)+", "ok", "(a|b)+", "ok"),
        ("cost $100", "ok", "cost $100", "ok"),
        ("pay $1", "give $1 $100", "pay bob", "give bob $100"),
        ("$10 $1", "$1-$10", "ten one", "one-ten"),
        ("multi $1", "$1", "multi line\nline", "line\nline"),
    ],
)
def test_shell_patterns(pattern, replacement, typed, expected):
    matched, result = replace(pattern, replacement, typed)
    assert (matched, result) == ((False, typed) if expected is None else (True, expected))


@pytest.mark.parametrize(
    ("pattern", "replacement", "typed", "expected"),
    [
        (r"pub\s*?|pub\s+?(?P<arg1>.+?)", "channel Public = $1", "pub hello you", "channel Public = hello you"),
        (r"pub\s*?|pub\s+?(?P<arg1>.+?)", "channel Public = $1", "PUB", "channel Public = "),
        (r"a|b", "x", "ab", None),
        (r"a|b", "x", "b\n", "x"),
        (r"(?P<arg1>\d+)(?P<extra>x)?", "$1!", "12", "12!"),
        (r"(?:go )?(?P<arg1>n|s)", "walk $1", "s", "walk s"),
        (r"[(+]+", "x", "(+(", "x"),
        (r"\(a+\)\+", "x", "(aa)+", "x"),
        (r"(?:ab)+", "x", "abab", "x"),
        (r"(a+)?b", "x", "aab", "x"),
    ],
)
def test_regular_expressions(pattern, replacement, typed, expected):
    matched, result = replace(pattern, replacement, typed, is_regex=True)
    assert (matched, result) == ((False, typed) if expected is None else (True, expected))


@pytest.mark.defect("A-30")
@pytest.mark.parametrize(
    ("pattern", "replacement", "is_regex"),
    [
        ("foo $1", "bar $2", False),
        ("foo", "bar $1", False),
        ("foo $1 $2", "bar $1", False),
        ("foo $1 $1", "bar $1", False),
        (r"foo (?P<arg1>.+)", "bar $2", True),
        (r"foo (.+)", "bar $1", True),
    ],
)
def test_markers_that_do_not_match_are_refused_when_the_nick_is_made(pattern, replacement, is_regex):
    with pytest.raises(NickTemplateInvalid, match=re.escape(repr(pattern))):
        initialize_nick_templates(pattern, replacement, is_regex)


@pytest.mark.defect("A-30")
@pytest.mark.parametrize("text", ["{x}", "{}", "{{", "}", "{0.__class__}", "{arg1}", "{{arg1}}", "{$1}", "\\1 \\g<0>"])
def test_braces_in_a_replacement_are_text(text):
    assert replace("do $1", f"{text} $1", "do it") == (True, f"{text} $1".replace("$1", "it"))


@given(st.text(max_size=30), st.text(min_size=1, max_size=30).filter(lambda text: text.strip() == text))
def test_any_replacement_and_any_argument_come_out_as_written(replacement, argument):
    wanted = "|".join([replacement.replace("$", ""), argument])
    template = replacement.replace("$", "") + "|$1"
    assert replace("do $1", template, f"do {argument}") == (True, wanted)


@given(
    st.lists(st.sampled_from(["*", "?", "a", "b", "[ab]", "[!a]"]), min_size=1, max_size=8), st.text("abc", max_size=12)
)
def test_shell_patterns_match_what_full_backtracking_matches(items, text):
    plain = {"*": ".*", "?": ".", "[!a]": "[^a]"}
    expected = re.fullmatch("".join(plain.get(item, item) for item in items), text)
    assert replace("".join(items), "x", text)[0] == bool(expected)


@given(st.lists(st.sampled_from(["$", "a", "b", "="]), min_size=1, max_size=8), st.text("ab=", max_size=12))
def test_markers_take_as_little_as_they_can(items, text):
    pattern, regex, count = "", "", 0
    for item in items:
        count += item == "$"
        pattern += f"${count}" if item == "$" else item
        regex += f"(?P<arg{count}>.+?)" if item == "$" else item
    template = "|".join(f"${number}" for number in range(1, count + 1))
    expected = re.fullmatch(regex, text)
    matched, result = replace(pattern, template, text)
    assert matched == bool(expected)
    if expected:
        assert result == "|".join(expected.groups())


@pytest.mark.parametrize(
    ("pattern", "is_regex"),
    [
        ("x" * 513, False),
        ("x" * 513, True),
        ("(", True),
        ("a)(b", True),
        ("[z-a]", False),
        ("   ", False),
        ("a{2,1}", True),
    ],
)
def test_malformed_and_too_long_patterns_are_refused(pattern, is_regex):
    with pytest.raises(NickTemplateInvalid):
        initialize_nick_templates(pattern, "x", is_regex)


@pytest.mark.parametrize(
    "pattern", [r"(a+)+b", r"(a|aa)*b", r"((a*)b?)*", r"(?:x+x+){2,}y", r"([ab]+c?)+", r"(a?){30}"]
)
def test_a_regex_that_can_hang_is_refused(pattern):
    with pytest.raises(NickTemplateInvalid, match="repeat"):
        initialize_nick_templates(pattern, "x", True)


def test_no_input_makes_a_shell_pattern_slow():
    regex, template = initialize_nick_templates("*a" * 40 + "b$1c", "$1")
    # A pattern that backtracks would not come back from this.
    assert parse_nick_template("a" * 2000, regex, template)[0] is False


def test_a_template_without_its_group_is_an_error_not_a_crash():
    with pytest.raises(NickTemplateInvalid, match="arg2"):
        parse_nick_template("x", "x", "{arg2}")


def test_text_is_asked_for():
    with pytest.raises(NickTemplateInvalid, match="int"):
        initialize_nick_templates("x", 5)


# --- the handler


def test_a_nick_is_stored_and_survives_a_reload(hero, nicks):
    nicks.add("hi $1", "say hello, $1!")
    nicks = fresh(hero)
    assert nicks.get("HI $1") == "say hello, $1!"
    assert nicks.nickreplace("hi you") == "say hello, you!"
    regex, template, pattern, replacement = nicks.get("hi $1", return_tuple=True)
    assert (pattern, replacement) == ("hi $1", "say hello, $1!")
    assert parse_nick_template("hi you", regex, template) == (True, "say hello, you!")


def test_nicks_and_attributes_do_not_meet(hero, nicks):
    nicks.add("desc", "nick", category=None)
    hero.db.desc = "attribute"
    assert nicks.get("desc", category=None) == "nick"
    assert hero.db.desc == "attribute"
    nicks.clear()
    assert hero.db.desc == "attribute"


@pytest.mark.defect("A-30")
def test_get_gives_the_default(nicks):
    assert nicks.get("nope") is None
    assert nicks.get("nope", default=5) == 5
    assert nicks.get("nope", return_list=True) == []
    assert nicks.get() is None


def test_get_shapes(nicks):
    nicks.add("a", "1")
    assert nicks.get() == "1"
    nicks.add("b", "2")
    assert nicks.get() == ["1", "2"]
    assert nicks.get(["b", "nope"]) == "2"
    assert nicks.get("a", return_list=True) == ["1"]
    assert nicks.get("a", return_obj=True).value[3] == "1"
    assert [nick.key for nick in nicks.all()] == ["a", "b"]


def test_has_and_remove(nicks):
    nicks.add("a", "1")
    nicks.add("a", "2", category="channel")
    assert nicks.has("A") is True
    assert nicks.has(["a", "b"]) == [True, False]
    nicks.remove("a")
    assert nicks.has("a") is False
    assert nicks.get("a", category="channel") == "2"


def test_a_refused_nick_changes_nothing(hero, nicks):
    nicks.add("foo $1", "bar $1")
    with pytest.raises(NickTemplateInvalid, match=r"foo \$1"):
        nicks.add("foo $1", "bar $3")
    with pytest.raises(NickTemplateInvalid):
        nicks.batch_add(("x", "y"), ("foo $1", "bar $3"))
    assert fresh(hero).get() == "bar $1"


def test_blank_patterns_are_refused(nicks):
    nicks.add("a", "1")
    with pytest.raises(NickTemplateInvalid):
        nicks.add("  ", "x")
    with pytest.raises(InvalidKey):
        nicks.remove("")
    assert nicks.has("a")


def test_batch_add(hero, nicks):
    nicks.batch_add(("a", "1"), ("b", "2", "channel"))
    with pytest.raises(InvalidArgument):
        nicks.batch_add("ab")
    nicks = fresh(hero)
    assert nicks.get("a") == "1"
    assert nicks.get("b", category="channel") == "2"


def test_patterns_longer_than_the_key_column(hero, nicks):
    one, two = "x" * 400, "x" * 401
    nicks.add(one, "1")
    nicks.add(two, "2")
    nicks = fresh(hero)
    assert (nicks.get(one), nicks.get(two)) == ("1", "2")
    assert nicks.nickreplace(two) == "2"
    assert all(len(nick.key) <= 255 for nick in nicks.all())


# --- nickreplace


def test_nothing_matches(nicks):
    nicks.add("hi", "say hello")
    assert nicks.nickreplace("hi there") == "hi there"


def test_the_first_that_matches_wins_and_is_not_replaced_again(hero, nicks):
    nicks.add("go *", "first")
    nicks.add("go north", "second")
    nicks.add("first", "third")
    assert nicks.nickreplace("go north") == "first"
    nicks = fresh(hero)
    assert nicks.get("go north") == "second"  # read alone, before the others
    assert nicks.nickreplace("go north") == "first"


def test_a_nick_added_before_the_others_were_read_stays_behind_them(hero, nicks):
    nicks.add("go *", "first")
    nicks = fresh(hero)
    nicks.add("go north", "second")
    assert nicks.nickreplace("go north") == "first"


def test_later_categories_win_over_earlier_ones(nicks):
    nicks.add("x", "from inputline")
    nicks.add("x", "from channel", category="channel")
    nicks.add("y", "from object", category="object")
    assert nicks.nickreplace("x") == "from channel"
    assert nicks.nickreplace("x", categories=("channel", "inputline")) == "from inputline"
    assert nicks.nickreplace("y") == "y"
    assert nicks.nickreplace("y", categories="object") == "from object"


def test_the_nicks_of_the_account_win(nicks, monkeypatch):
    account = NickOwner(db_key="account")
    account.save()
    theirs = NickHandler(account)
    nicks.add("x", "object")
    nicks.add("only mine", "object")
    theirs.add("x", "account")
    monkeypatch.setattr(NickOwner, "account", SimpleNamespace(nicks=theirs))
    assert nicks.nickreplace("x") == "account"
    assert nicks.nickreplace("only mine") == "object"
    assert nicks.nickreplace("x", include_account=False) == "object"


def test_a_broken_regex_in_the_database_is_passed_over_and_logged(hero, nicks, caplog):
    nicks.add("a", "1")
    nicks.add("b", "2")
    nicks.get("a", return_obj=True).value = ("(", "1", "a", "1")
    assert nicks.nickreplace("b") == "2"
    assert "passed over" in caplog.text


def test_replacing_costs_no_query_once_warm(hero, nicks, django_assert_num_queries):
    nicks.add("a", "1")
    nicks = fresh(hero)
    with django_assert_num_queries(1):
        assert nicks.nickreplace("a") == "1"
    with django_assert_num_queries(0):
        assert nicks.nickreplace("b") == "b"


def test_a_rollback_takes_the_nick_back(nicks):
    with suppress(RuntimeError), transaction():
        nicks.add("a", "1")
        assert nicks.nickreplace("a") == "1"
        raise RuntimeError("stop")
    assert nicks.nickreplace("a") == "a"


def test_locks_of_nicks(hero, nicks):
    nicks.add("a", "1", lockstring="attrread:false()")
    assert nicks.get("a") == "1"
    other = NickOwner(db_key="other")
    other.save()
    assert nicks.get("a", accessing_obj=other) is None
