"""Stored messages, and those in memory."""

from __future__ import annotations

import pytest

from perdure.channels.messages import TempMsg
from perdure.channels.models import Msg
from perdure.create import create_account, create_message, create_object, create_script
from perdure.errors import InvalidArgument
from perdure.search import search_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return create_account("Anna", "", None)


@pytest.fixture
def box():
    return create_object(key="box")


@pytest.fixture
def robot():
    return create_script("scripts.scripts.Store", key="robot")


@pytest.fixture
def letter(anna, box, robot):
    return create_message(
        [anna, robot, "The Moon"],
        "Come home.",
        receivers=[box, anna],
        locks="read:false()",
        tags=[("post", "kind")],
        header="Greetings",
    )


def test_what_is_stored(letter, anna, box, robot):
    assert Msg.objects.get(pk=letter.pk) is letter
    assert (letter.header, letter.message) == ("Greetings", "Come home.")
    assert letter.senders == [anna, robot, "The Moon"]
    assert letter.receivers == [anna, box]
    assert letter.tags.all(return_key_and_category=True) == [("post", "kind")]
    assert letter.tags.has("POST", category="kind")
    assert not letter.access(anna, "read")
    assert letter.access(anna, "edit", default=True)
    assert str(letter) == "Anna, robot, The Moon->Anna, box: Come home."


def test_a_text_that_is_empty_is_no_message(anna):
    assert create_message(anna, "") is None
    assert not Msg.objects.exists()


@pytest.mark.defect("H-37")
@pytest.mark.parametrize(
    "arguments", [{"senderobj": 5}, {"receivers": [object()]}, {"locks": "nonsense"}, {"channels": 1}]
)
def test_a_failed_creation_leaves_nothing(anna, arguments):
    with pytest.raises(ValueError):
        create_message(**{"senderobj": anna, "message": "x", **arguments})
    assert not Msg.objects.exists()


@pytest.mark.defect("H-37")
def test_assigning_adds_and_deleting_clears(letter, anna, box, robot):
    letter.senders = box
    letter.senders = "The Sun"
    assert letter.senders == [anna, box, robot, "The Sun"]
    letter.remove_sender(robot)
    letter.remove_sender([anna, "the sun"])
    letter.remove_sender("somebody else")
    assert letter.senders == [box]
    del letter.senders
    assert letter.senders == []
    letter.receivers = ["The Sea", robot]
    assert letter.receivers == [anna, box, robot, "The Sea"]
    letter.remove_receiver("The Sea")
    letter.remove_receiver([box, robot])
    assert letter.receivers == [anna]
    del letter.receivers
    assert letter.receivers == []


def test_a_party_that_cannot_be_changes_nothing(letter, anna, box):
    before = letter.receivers
    with pytest.raises(InvalidArgument):
        letter.receivers = [create_account("Bea", "", None), 5]
    with pytest.raises(InvalidArgument):
        letter.senders = "x" * 256
    assert letter.receivers == before
    assert letter.senders[-1] == "The Moon"


@pytest.mark.defect("H-37")
def test_hiding(letter, anna, box):
    letter.hide_from = anna
    letter.hide_from = [box]
    accounts, objects = letter.hide_from
    assert (list(accounts), list(objects)) == ([anna], [box])
    assert not search_message(sender=anna)
    assert not search_message(receiver=box)
    assert list(search_message(sender="the moon")) == [letter]
    with pytest.raises(InvalidArgument):
        letter.hide_from = "The Moon"
    del letter.hide_from
    assert list(search_message(receiver=box)) == [letter]


@pytest.mark.defect("H-37")
def test_searching(letter, anna, box, robot):
    other = create_message(box, "Nothing new", receivers=[anna, "The Sea"])
    assert list(search_message()) == [other, letter]
    assert list(search_message(sender=anna)) == list(search_message(sender=robot)) == [letter]
    assert list(search_message(sender=box)) == [other]
    assert list(search_message(receiver=anna)) == [other, letter]
    assert list(search_message(receiver="the sea")) == [other]
    assert list(search_message(sender=anna, receiver=anna)) == [letter]
    assert list(search_message(freetext="NEW")) == [other]
    assert list(search_message(freetext="GREET")) == list(search_message(sender=anna, freetext="home")) == [letter]
    assert not search_message(freetext="  ")
    for ref in (letter.pk, f"#{letter.pk}", str(letter.pk)):
        assert list(search_message(dbref=ref)) == [letter]
    assert not search_message(dbref="#99999")
    with pytest.raises(InvalidArgument):
        search_message(sender=5)
    manager = Msg.objects
    assert manager.get_message_by_id(letter.pk) is letter
    assert manager.get_message_by_id("#99999") is None
    assert manager.identify_object("The Sea") == ("The Sea", "external")
    assert manager.identify_object(robot) == (robot, "script")


def test_tags_of_a_message(letter):
    letter.tags.add("urgent")
    letter.tags.remove("post", category="kind")
    assert letter.tags.all() == ["urgent"]
    letter.tags.clear()
    assert str(letter.tags) == ""


def test_a_message_outlives_who_it_concerns(letter, anna, box):
    anna.delete()
    box.delete()
    assert letter.senders[-1] == "The Moon"
    assert letter.receivers == []


@pytest.mark.defect("H-37")
def test_a_message_in_memory(anna, box):
    message = TempMsg(
        senders=anna, receivers=[box, "The Sea"], message="x" * 100, lockstring="read:false()", hide_from=box
    )
    assert (message.senders, message.receivers, message.hide_from) == ([anna], [box, "The Sea"], [box])
    assert not message.access(anna, "read")
    assert message.access(anna, "edit", default=True)
    message.remove_receiver("The Sea")
    assert (message.senders, message.receivers) == ([anna], [box])
    message.remove_sender(anna)
    assert (message.senders, message.receivers) == ([], [box])
    message.remove_receiver(box)
    assert len(str(message)) < 60
