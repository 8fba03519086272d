"""What objects say and hear."""

from __future__ import annotations

import pytest

from perdure.create import create_object
from perdure.errors import InvalidArgument, Veto
from perdure.objects.objects import DefaultCharacter, DefaultObject
from perdure.text.english import conjugate, join_words, numbered, possessive, pronoun
from perdure.text.stance import Reading, Template

HEARD: list[tuple] = []


class Listener(DefaultCharacter):
    """Notes what it hears; answers what `answer` says."""

    answer: object = True

    def at_msg_receive(self, text=None, from_obj=None, **kwargs):
        HEARD.append((self.key, text, from_obj, kwargs))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Speaker(DefaultObject):
    """Notes what it sends."""

    def at_msg_send(self, text=None, to_obj=None, **kwargs):
        HEARD.append(("sent", text, to_obj))


@pytest.fixture
def ann(room):
    HEARD.clear()
    made = create_object(Listener, key="Ann", location=room)
    HEARD.clear()
    return made


def test_messages_go_to_all_sessions_of_the_object(ann, connect, settings):
    settings.MULTISESSION_MODE = 3
    one, two = connect(ann, 1), connect(ann, 2)
    ann.msg("hello", prompt=">", options={"raw": True})
    for session in (one, two):
        assert session.sent == [{"text": "hello", "prompt": ">", "options": {"raw": True}}]
    ann.msg("only you", session=one)
    ann.msg("by id", session=[2])
    assert one.texts == ["hello", "only you"]
    assert two.texts == ["hello", "by id"]


def test_texts_of_other_kinds(ann, lamp, connect):
    session = connect(ann)
    ann.msg(5)
    ann.msg(("look", {"type": "look"}))
    ann.msg((lamp, {"type": "thing"}))
    ann.msg(prompt="?")
    assert [message.get("text") for message in session.sent] == [
        "5",
        ("look", {"type": "look"}),
        ("lamp", {"type": "thing"}),
        None,
    ]


@pytest.mark.defect("H-23")
@pytest.mark.parametrize(
    ("answer", "arrives"), [(True, 1), (None, 1), (False, 0), (Veto("no"), 0), (RuntimeError(), 1)]
)
def test_the_receiver_may_refuse(ann, connect, answer, arrives, caplog):
    session = connect(ann)
    ann.answer = answer
    ann.msg("psst")
    assert len(session.texts) == arrives


def test_senders_hear_of_it(ann, room):
    senders = [create_object(Speaker, key=f"s{n}", location=room) for n in range(2)]
    HEARD.clear()
    ann.msg("hi", from_obj=senders)
    assert [("sent", "hi", ann), ("sent", "hi", ann), ("Ann", "hi", senders, {})] == HEARD
    HEARD.clear()
    ann.msg("hi", from_obj=senders[0], sound="bell")
    assert HEARD[-1] == ("Ann", "hi", senders[0], {"sound": "bell"})


def test_each_receiver_reads_the_text_in_its_own_way(room, ann, bob, lamp, connect):
    annas, bobs = connect(ann), connect(bob)
    text = "$You() $conj(hand) {thing} to $you(other), and $pron(you) $pconj(smile). $Your(other) turn."
    room.msg_contents(text, from_obj=bob, mapping={"other": ann, "thing": lamp})
    assert bobs.texts == ["You hand lamp to Ann, and you smile. Ann's turn."]
    assert annas.texts == ["Bob hands lamp to you, and it smiles. Your turn."]


@pytest.mark.defect("H-25")
def test_values_are_never_read_as_templates_and_unknown_parts_stay(room, bob, connect):
    session = connect(bob)
    bob.key = "{speech} $You()"
    hostile = "{object} $You() {0} { } $nosuch(1) {unknown}"
    room.msg_contents(
        "{object}: {speech} {unknown} {0} { $nosuch(x) 5}", from_obj=bob, mapping={"object": bob, "speech": hostile}
    )
    assert session.texts == [f"{{speech}} $You(): {hostile} {{unknown}} {{0}} {{ $nosuch(x) 5}}"]


@pytest.mark.defect("H-25")
def test_one_receiver_that_fails_does_not_keep_it_from_the_others(room, ann, bob, connect, caplog, monkeypatch):
    session = connect(bob)

    def failing(self, *args, **kwargs):
        raise RuntimeError("deaf")

    monkeypatch.setattr(Listener, "msg", failing)
    room.msg_contents("news")
    assert session.texts == ["news"]
    assert "deaf" in caplog.text


def test_the_callers_mapping_is_left_alone(room, bob):
    mapping = {"a": "b"}
    room.msg_contents("{you} {a}", from_obj=bob, mapping=mapping)
    assert mapping == {"a": "b"}


def test_messages_without_text_and_with_options(room, ann, bob, connect):
    session = connect(bob)
    room.msg_contents(exclude=ann, map="...")
    room.msg_contents(("text", {"type": "x"}), exclude=[ann])
    assert session.sent == [{"map": "...", "options": None}, {"text": ("text", {"type": "x"}), "options": None}]
    assert HEARD == []


def test_strict_templates(room, bob):
    with pytest.raises(InvalidArgument, match="nosuch"):
        room.msg_contents("$nosuch(1)", raise_funcparse_errors=True)
    with pytest.raises(InvalidArgument, match="conj"):
        room.msg_contents("$conj()", raise_funcparse_errors=True)


def test_for_contents(room, ann, bob):
    called = []
    room.for_contents(lambda obj, word: called.append((obj, word)), exclude=ann, word="x")
    assert called == [(bob, "x")]


def test_saying(room, ann, bob, connect):
    annas, bobs = connect(ann), connect(bob)
    eve = create_object(DefaultCharacter, key="Eve", location=room)
    eves = connect(eve)
    bob.at_say("hello {speech}", msg_self=True)
    assert bobs.texts == ['You say, "hello {speech}"']
    assert annas.texts == eves.texts == ['Bob says, "hello {speech}"']
    assert annas.sent[0]["text"][1] == {"type": "say"}
    bob.at_say(
        "hi", receivers=ann, msg_receivers="{object} to {receiver}: {speech}", msg_self="To {all_receivers}: {speech}"
    )
    assert bobs.texts[-1] == "To Ann: hi"
    assert annas.texts[-1] == "Bob to Ann: hi"
    assert eves.texts[-1] == 'Bob says, "hi"'


def test_whispering(room, ann, bob, connect):
    annas, bobs = connect(ann), connect(bob)
    eves = connect(create_object(DefaultCharacter, key="Eve", location=room))
    bob.at_say("psst", whisper=True, receivers=[ann])
    assert bobs.texts == ['You whisper to Ann, "psst"']
    assert annas.texts == ['Bob whispers: "psst"']
    assert eves.texts == []
    assert annas.sent[0]["text"][1] == {"type": "whisper"}


def test_saying_something_to_somebody_from_nowhere(ann, bob, connect):
    session = connect(ann)
    bob.location = None
    bob.at_say("hello", receivers=ann)
    assert session.texts == ["hello"]


def test_pre_say_gives_the_text(bob):
    assert bob.at_pre_say("hello", whisper=False) == "hello"


# --- templates by themselves


class Somebody:
    def __init__(self, name: str, gender: object = "neutral") -> None:
        self.name, self.gender = name, gender

    def get_display_name(self, looker=None):
        return self.name


@pytest.mark.parametrize(
    ("template", "to_actor", "to_other"),
    [
        ("$You() $conj(try) it", "You try it", "Ann tries it"),
        ("$you()", "you", "ann"),
        ("$Your() $obj(thing)", "Your ring", "Ann's ring"),
        ("$Obj(thing)", "Ring", "Ring"),
        ("$pron(you) $pron(your) $pron(yourself)", "you your yourself", "she her herself"),
        ("$pron(their, op) $Pron(he)", "you You", "them He"),
        ("$pron(I, 3rd person, male)", "you", "he"),
        ("$conj(be) $conj(have) $conj(can) $conj(go) $conj(kiss)", "are have can go kiss", "is has can goes kisses"),
        ("$$You() {{thing}} \\$x", "$You() {thing} $x", "$You() {thing} $x"),
        ("$conj(pick up, thing)", "picks up", "picks up"),
    ],
)
def test_functions_of_templates(template, to_actor, to_other):
    ann, other = Somebody("ann", lambda: "female"), Somebody("Bob")
    for receiver, expected in ((ann, to_actor), (other, to_other)):
        assert Template(template).render(Reading(ann, receiver, {"thing": "ring"})) == expected


def test_plural_genders_conjugate_as_you():
    swarm = Somebody("the bees", "plural")
    reading = Reading(swarm, Somebody("Bob"), {})
    assert Template("$You() $pron(you) $pconj(buzz)").render(reading) == "The bees they buzz"


def test_small_english():
    assert [join_words("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b, and c"]
    assert possessive("James") == "James'"
    assert conjugate("were", third=True) == "was"
    assert conjugate("Carry on", third=True) == "Carries on"
    assert pronoun("his", [], you=False, gender="female") == "his"
    assert numbered("sword", 2) == "two swords"
    assert numbered("box", 13) == "13 boxes"
