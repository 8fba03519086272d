"""Each stock lock function: when it passes, and that senseless questions are answered no."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pytest_django import Settings

from perdure.errors import LockException
from perdure.locks import check_lockstring, get_all_lockfuncs, lockfuncs
from tests.locks.fakes import Account, Attributes, Command, Entity, Names, Object, Script, Tags


def ask(subject: Any, text: str, target: Any = None, session: Any = None) -> bool:
    """Asks as the engine does, of a target that has just this lock."""
    host = Entity("lock holder", 99) if target is None else target
    host.locks.replace(f"probe:{text}")
    return bool(host.locks.check(subject, "probe", no_superuser_bypass=True, session=session))


@pytest.fixture
def room() -> Object:
    return Object("Hall", 2)


@pytest.fixture
def account() -> Account:
    return Account("Ann", 9)


@pytest.fixture
def hero(room: Object, account: Account) -> Object:
    return Object("Hero", 5, account=account, location=room)


def test_every_stock_function_is_known_and_nothing_else_is() -> None:
    assert sorted(get_all_lockfuncs()) == sorted(lockfuncs.__all__)
    expected = "true all false none superuser self perm perm_above pperm pperm_above dbref id pdbref pid attr"
    expected += " attr_eq attr_gt attr_ge attr_lt attr_le attr_ne objattr locattr objlocattr tag objtag objloctag"
    expected += " is_ooc inside inside_rec holds has_account serversetting"
    assert set(lockfuncs.__all__) == set(expected.split())


@pytest.mark.parametrize("name", sorted(lockfuncs.__all__))
@pytest.mark.parametrize("args", [(), ("x",), ("x", "y"), ("x", "y", "z"), ("",)])
def test_nothing_asked_of_nobody_raises(name: str, args: tuple[str, ...]) -> None:
    answer = getattr(lockfuncs, name)(None, None, *args, access_type="probe", session=None)
    assert answer is (name in {"true", "all", "is_ooc"})


def test_always_and_never(hero: Object) -> None:
    assert ask(hero, "true()")
    assert ask(hero, "all()")
    for name in ("false", "none", "superuser"):
        assert not ask(hero, f"{name}()")


def test_only_a_bypassing_superuser_gets_through_superuser(account: Account) -> None:
    account.is_superuser = True
    assert check_lockstring(account, "superuser()")
    account.quell()
    assert not check_lockstring(account, "superuser()")


def test_self(hero: Object, room: Object) -> None:
    assert ask(hero, "self()", hero)
    assert not ask(hero, "self()", room)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("perm(Builder)", True),
        ("perm(Admin)", True),
        ("perm(Developer)", False),
        ("perm(dig)", True),
        ("perm(nothing)", False),
        ("perm()", False),
        ("perm_above(Builder)", True),
        ("perm_above(Admin)", False),
        ("perm_above(dig)", True),
        ("perm_above()", False),
    ],
)
def test_perm_and_perm_above(hero: Object, account: Account, text: str, passes: bool) -> None:
    account.permissions = Names("admin", "dig")
    assert ask(hero, text) is passes


@pytest.mark.parametrize(("name", "above"), [("pperm", False), ("pperm_above", True)])
def test_pperm_asks_the_account(hero: Object, account: Account, name: str, above: bool) -> None:
    account.permissions, hero.permissions = Names("builder"), Names("developer", "fly")
    assert ask(hero, f"{name}(Helper)")
    assert ask(hero, f"{name}(Builder)") is not above
    assert ask(account, f"{name}(Helper)")
    assert not ask(hero, f"{name}(Admin)")
    assert not ask(hero, f"{name}(fly)")
    hero.account = None
    assert not ask(hero, f"{name}(Guest)")


@pytest.mark.parametrize("name", ["id", "dbref"])
@pytest.mark.parametrize(
    ("number", "passes"),
    [
        ("5", True),
        ("#5", True),
        ("05", True),
        ("55", False),
        ("'-5'", False),
        ("five", False),
        ("##5", False),
        ("٥", False),
    ],
)
def test_id(hero: Object, name: str, number: str, passes: bool) -> None:
    assert ask(hero, f"{name}({number})") is passes


def test_id_of_the_unnumbered() -> None:
    assert not ask(Object(number=None), "id(0)")
    assert not ask(Object(number=5), "id()")


@pytest.mark.parametrize("name", ["pid", "pdbref"])
def test_pid_asks_the_account(hero: Object, account: Account, name: str) -> None:
    assert ask(hero, f"{name}(9)")
    assert ask(account, f"{name}(#9)")
    assert not ask(hero, f"{name}(5)")
    hero.account = None
    assert not ask(hero, f"{name}(9)")
    assert not ask(hero, f"{name}(5)")


def test_id_numbers_accounts_too(account: Account) -> None:
    assert ask(account, "id(9)")


# --- attributes ---------------------------------------------------------------------------------


def test_attr_reads_stored_attributes(hero: Object) -> None:
    hero.attributes = Attributes(strong=True, weak=0, name_="x")
    assert ask(hero, "attr(strong)")
    assert not ask(hero, "attr(weak)")
    assert not ask(hero, "attr(missing)")
    assert not ask(hero, "attr()")


def test_attr_reads_declared_properties_first(hero: Object) -> None:
    hero.attributes = Attributes(key="Villain")
    assert ask(hero, "attr(key, Hero)")
    assert not ask(hero, "attr(key, Villain)")
    assert ask(hero, "attr(location)")


def test_attr_runs_no_other_property(settings: Settings) -> None:
    ran = []

    class Trap(Object):
        @property
        def trap(self) -> bool:
            ran.append(self)
            return True

    assert not ask(Trap(), "attr(trap)")
    assert not ask(Trap(), "objattr(trap)", Trap())
    assert not ask(Trap(), "attr(attributes)")
    assert not ask(Trap(), "attr(__class__)")
    assert not ran
    settings.LOCK_READABLE_PROPERTIES = ["trap"]
    assert ask(Trap(), "attr(trap)")


@pytest.mark.parametrize(
    ("value", "text", "passes"),
    [
        ("elf", "elf", True),
        ("elf", "Elf", False),
        (5, "5", True),
        (5, "5.0", True),
        (5.5, "5.5", True),
        ("5", "5.0", True),
        (True, "True", True),
        (True, "1", True),
        (None, "None", True),
        (["a"], "'[\\'a\\']'", True),
        (5, "6", False),
        (5, "five", False),
        (2**60 + 1, str(2**60), False),
    ],
)
def test_attr_equals(hero: Object, value: object, text: str, passes: bool) -> None:
    hero.attributes = Attributes(x=value)
    assert ask(hero, f"attr(x, {text})") is passes
    assert ask(hero, f"attr(x, {text}, compare=eq)") is passes
    assert ask(hero, f"attr_eq(x, {text})") is passes


@pytest.mark.parametrize(
    ("compare", "passing"),
    [("gt", {4}), ("ge", {4, 5}), ("lt", {6}), ("le", {5, 6}), ("ne", {4, 6})],
)
def test_attr_compares_numbers(hero: Object, compare: str, passing: set[int]) -> None:
    hero.attributes = Attributes(x=5)
    for number in (4, 5, 6):
        assert ask(hero, f"attr(x, {number}, compare={compare})") is (number in passing)
        assert ask(hero, f"attr_{compare}(x, {number}.0)") is (number in passing)


@pytest.mark.parametrize("compare", ["gt", "ge", "lt", "le", "ne", "nonsense", ""])
@pytest.mark.parametrize(
    ("value", "text"), [("elf", "elf"), ("elf", "5"), (5, "elf"), (None, "5"), (5, "nan"), ([5], "5")]
)
def test_what_cannot_compare_does_not_pass(hero: Object, compare: str, value: object, text: str) -> None:
    hero.attributes = Attributes(x=value)
    assert not ask(hero, f"attr(x, {text}, compare='{compare}')")


def test_large_numbers_compare_exactly(hero: Object) -> None:
    hero.attributes = Attributes(x=2**60 + 1)
    assert ask(hero, f"attr_gt(x, {2**60})")
    assert ask(hero, f"attr_ne(x, {2**60})")


@pytest.mark.parametrize("compare", ["eq", "gt", "ge", "lt", "le", "ne"])
def test_a_comparison_without_value_does_not_pass(hero: Object, compare: str) -> None:
    hero.attributes = Attributes(x=5)
    assert not ask(hero, f"attr_{compare}(x)")
    assert not ask(hero, f"attr_{compare}(missing, 5)")


def test_attr_of_others(hero: Object, room: Object) -> None:
    box = Object("box", 7, location=Object("Cellar", 8, attributes=Attributes(dark=3)), attributes=Attributes(lid=1))
    room.attributes = Attributes(lit=2)
    assert ask(hero, "objattr(lid)", box)
    assert ask(hero, "objattr(lid, 1)", box)
    assert ask(hero, "objattr(lid, 0, compare=gt)", box)
    assert not ask(hero, "objattr(lit)", box)
    assert ask(hero, "locattr(lit)", box)
    assert ask(hero, "locattr(lit, 1, compare=gt)", box)
    assert not ask(hero, "locattr(dark)", box)
    assert ask(hero, "objlocattr(dark, 3)", box)
    assert not ask(hero, "objlocattr(lit)", box)
    hero.location = box.location = None
    assert not ask(hero, "locattr(lit)", box)
    assert not ask(hero, "objlocattr(dark)", box)


def test_what_sits_on_an_object_stands_for_it(hero: Object, room: Object) -> None:
    hero.attributes, hero.tags = Attributes(x=1), Tags(("hero", None))
    room.attributes = Attributes(lit=1)
    script = Script("script", 3, obj=hero)
    assert ask(script, "attr(x)")
    assert ask(script, "attr_ge(x, 1)")
    assert ask(script, "locattr(lit)")
    assert ask(script, "tag(hero)")
    assert ask(None, "objattr(x)", Command(hero))
    assert ask(None, "objlocattr(lit)", Command(hero))
    assert ask(None, "objtag(hero)", script)
    assert not ask(Script("global", 4, obj=None), "attr(x)")


# --- tags, places, things -----------------------------------------------------------------------


def test_tags(hero: Object, room: Object) -> None:
    hero.tags, room.tags = Tags(("elf", None), ("king", "rank")), Tags(("dark", "light"))
    box = Object("box", 7, location=room, tags=Tags(("wood", None)))
    assert ask(hero, "tag(Elf)")
    assert ask(hero, "tag(king, rank)")
    assert ask(hero, "tag(king, category=rank)")
    assert not ask(hero, "tag(king)")
    assert not ask(hero, "tag()")
    assert not ask(hero, "tag('')")
    assert ask(hero, "objtag(wood)", box)
    assert not ask(hero, "objtag(elf)", box)
    assert ask(hero, "objloctag(dark, light)", box)
    box.location = None
    assert not ask(hero, "objloctag(dark, light)", box)


def test_inside(hero: Object, room: Object) -> None:
    world = Object("World", 1)
    room.location = world
    assert ask(hero, "inside()", room)
    assert not ask(hero, "inside()", world)
    assert not ask(room, "inside()", hero)
    assert ask(hero, "inside()", Command(room))
    assert not ask(Object("lost", 20), "inside()", room)
    assert ask(hero, "inside_rec()", room)
    assert ask(hero, "inside_rec()", world)
    assert ask(hero, "inside_rec()", Command(world))
    assert not ask(world, "inside_rec()", hero)


def test_inside_rec_looks_up_ten_levels() -> None:
    chain = [Object("outermost", 100)]
    for number in range(1, 12):
        chain.append(Object("box", 100 + number, location=chain[-1]))
    assert ask(chain[10], "inside_rec()", chain[0])
    assert not ask(chain[11], "inside_rec()", chain[0])
    chain[0].location = chain[11]
    assert not ask(chain[5], "inside_rec()", Object("elsewhere", 200))


def test_holds(hero: Object, room: Object) -> None:
    sword = Object(
        "Sword of Kings", 7, location=hero, aliases=Names("Blade"), attributes=Attributes(metal="iron", sharp=3)
    )
    assert ask(hero, "holds()", sword)
    assert ask(hero, "holds()", Command(sword))
    assert not ask(hero, "holds()", room)
    for name in ("sword of kings", "'SWORD OF KINGS'", "blade", "#7"):
        assert ask(hero, f"holds({name})")
    for name in ("sword", "7", "#77", "''", "none"):
        assert not ask(hero, f"holds({name})")
    assert ask(hero, "holds(metal, iron)")
    assert ask(hero, "holds(sharp, 3)")
    assert not ask(hero, "holds(metal, Iron)")
    assert not ask(hero, "holds(missing, None)")
    assert not ask(Account(), "holds()", sword)
    assert not ask(Account(), "holds(blade)")


@pytest.mark.defect("V-2")
def test_quoted_names_are_looked_for_without_their_quotes(hero: Object) -> None:
    Object("the green, old key", 7, location=hero)
    assert ask(hero, "holds('the green, old key')")
    assert ask(hero, 'holds("the green, old key")')


# --- the rest -----------------------------------------------------------------------------------


def test_has_account(hero: Object, account: Account) -> None:
    assert ask(hero, "has_account()")
    assert not ask(account, "has_account()")
    assert not ask(Script("script", 3, account=account), "has_account()")
    hero.account = None
    assert not ask(hero, "has_account()")


def test_is_ooc(hero: Object, account: Account) -> None:
    playing, waiting = SimpleNamespace(puppet=hero), SimpleNamespace(puppet=None)
    account.sessions = Names(playing, waiting)  # type: ignore[attr-defined,arg-type]
    assert ask(account, "is_ooc()", account, session=waiting)
    assert not ask(account, "is_ooc()", account, session=playing)
    for target in (account, hero, Command(account), Command(hero)):
        assert not ask(hero, "is_ooc()", target)
    account.sessions = Names(waiting)  # type: ignore[attr-defined,arg-type]
    for target in (account, hero, Command(account), Command(hero)):
        assert ask(hero, "is_ooc()", target)
    hero.account = None
    assert ask(hero, "is_ooc()", hero)


def test_serversetting(hero: Object, settings: Settings) -> None:
    settings.GATES_OPEN, settings.LEVEL, settings.SERVERNAME, settings.NAMES = True, 5, "Perdure", ["a"]
    assert ask(hero, "serversetting(GATES_OPEN)")
    assert ask(hero, "serversetting(GATES_OPEN, True)")
    assert not ask(hero, f"serversetting(SECRET_KEY, {settings.SECRET_KEY})")
    settings.EMAIL_HOST_PASSWORD = "guess"
    assert not ask(hero, "serversetting(EMAIL_HOST_PASSWORD, guess)")
    assert not ask(hero, "serversetting(GATES_OPEN, False)")
    assert ask(hero, "serversetting(LEVEL, 5)")
    assert not ask(hero, "serversetting(LEVEL, 6)")
    assert not ask(hero, "serversetting(LEVEL)")
    assert ask(hero, "serversetting(SERVERNAME, Perdure)")
    assert ask(hero, "serversetting(SERVERNAME, '\"Perdure\"')")
    assert ask(hero, "serversetting(NAMES, '[\"a\"]')")
    assert not ask(hero, "serversetting(NO_SUCH_SETTING, None)")
    assert not ask(hero, "serversetting(configured)")
    assert not ask(hero, "serversetting()")
    assert not ask(hero, "serversetting(LEVEL, '__import__(\"os\").getpid()')")
    assert not ask(hero, f"serversetting(LEVEL, '{'[' * 3000}')")
    assert ask(hero, "serversetting(GUEST_ENABLED, False)"), "a default of the engine's own counts"


def test_helpers_of_the_module_are_no_lock_functions(hero: Object) -> None:
    for name in ("operator", "conf", "_compares", "Any", "Callable"):
        with pytest.raises(LockException, match="no lock function"):
            ask(hero, f"{name}()")
