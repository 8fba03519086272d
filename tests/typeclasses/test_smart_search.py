from __future__ import annotations

import pytest

from perdure.errors import (
    InvalidArgument,
)
from perdure.objects.models import ObjectDB
from tests.typeclasses.furniture import MgrChair, MgrRock
from tests.typeclasses.making import forget, keys, make

pytestmark = pytest.mark.django_db


# --- smart_search


@pytest.fixture
def shop(db):
    """Wares with tags and attributes."""
    long = make(MgrRock, "long sword", {"worth": 10, "owner": "King Arthur", "magic": True}, tags=[("weapon", "kind")])
    short = make(MgrRock, "short Sword", {"worth": 5, "note": None}, tags=[("weapon", "kind"), "old"])
    shield = make(MgrRock, "shield", {"worth": 2.5, "code": "5"}, tags=["old"])
    shield.attributes.add("weight", 8, category="stats")
    make(MgrChair, "sword chair")
    return long, short, shield


@pytest.mark.defect("M-14")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sword", ["long sword", "short Sword"]),
        ("SWORD long", ["long sword"]),
        ('"ng sw"', ["long sword"]),
        ("tag==weapon:kind", ["long sword", "short Sword"]),
        ("TAG==Weapon:KIND", ["long sword", "short Sword"]),
        ("tag==weapon", []),
        ("tag==:kind", ["long sword", "short Sword"]),
        ("tag!=old", ["long sword"]),
        ("sword tag==old", ["short Sword"]),
        ("attr==worth", ["long sword", "short Sword", "shield"]),
        ("attr==note", ["short Sword"]),
        ("attr!=note", ["long sword", "shield"]),
        ("attr==note:none", ["short Sword"]),
        ("attr==worth:5", ["short Sword"]),
        ("attr==worth:2.5", ["shield"]),
        ("attr!=worth:5", ["long sword", "shield"]),
        ("attr==magic:true", ["long sword"]),
        ("attr==magic:1", []),
        ("attr==code:5", []),
        ('attr==code:"5"', ["shield"]),
        ('attr==owner:"King Arthur"', ["long sword"]),
        ('attr=="owner:King Arthur"', ["long sword"]),
        ("attr==weight:8:stats", ["shield"]),
        ("attr==weight::stats", ["shield"]),
        ("attr==weight:8", []),
        ("  sword\ttag!=old  ", ["long sword"]),
        ("", []),
        ("   ", []),
        ("100%", []),
    ],
)
def test_smart_search(shop, query, expected):
    assert keys(MgrRock.objects.smart_search(query)) == expected


@pytest.mark.defect("M-14")
def test_smart_search_gives_a_queryset_of_the_class(shop):
    found = MgrChair.objects.smart_search("sword")
    assert keys(found.filter(db_key__endswith="chair")) == ["sword chair"]


@pytest.mark.defect("M-14")
@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("tag==", "name a tag"),
        ("tag!=:", "name a tag"),
        ("tag==a:b:c", "key:category"),
        ("attr==", "name an attribute"),
        ("attr==:5", "name an attribute"),
        ("attr==a:b:c:d", "key:value:category"),
        ('sword "long', "position 6 is not closed"),
        ('attr==a:"long', "is not closed"),
    ],
)
def test_a_malformed_smart_search_says_what_is_wrong(shop, query, what):
    with pytest.raises(InvalidArgument, match=what):
        MgrRock.objects.smart_search(query)


@pytest.mark.defect("M-14")
def test_smart_search_takes_text_only(shop):
    with pytest.raises(InvalidArgument, match="takes a text"):
        MgrRock.objects.smart_search(None)


@pytest.mark.django_db(transaction=True)
def test_cold_objects_are_found_as_well():
    pk = make(MgrRock, "long sword", {"worth": 10}, tags=["old"]).pk
    forget(ObjectDB)
    found = MgrRock.objects.smart_search("sword attr==worth:10 tag==old")
    assert [(obj.pk, type(obj)) for obj in found] == [(pk, MgrRock)]
