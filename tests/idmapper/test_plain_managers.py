"""Managers and querysets written for plain models work on shared-memory ones, and keep memory in step."""

from __future__ import annotations

import copy
import pickle

import pytest
from django.db import models
from django.db.models import F

from tests.idmapper_app.models import Archive, Titled, TitledQuerySet

pytestmark = pytest.mark.usefixtures("db")

MANAGERS = ["objects", "titles", "published_ones", "archived"]


@pytest.fixture(params=MANAGERS)
def manager(request):
    return getattr(Titled, request.param)


def test_an_update_reaches_memory(manager):
    one = Titled.objects.create(title="a")
    assert manager.filter(pk=one.pk).update(title="b") == 1
    assert one.title == "b"
    manager.update(title=F("title"))
    assert manager.get(pk=one.pk) is one
    assert manager.get(title="b") is one


def test_bulk_work_reaches_memory(manager):
    (one,) = manager.bulk_create([Titled(title="a")])
    assert manager.get() is one
    one.title = "b"
    manager.bulk_update([one], ["title"])
    assert manager.values_list("title", flat=True).get() == "b"
    manager.all().delete()
    assert one._is_deleted


def test_annotations_go_with_the_next_query(manager):
    one = Titled.objects.create(title="a")
    assert manager.annotate(twice=F("pk") * 2).get().twice == one.pk * 2
    assert not hasattr(manager.get(title="a"), "twice")


def test_a_relation_uses_them_too():
    series = Titled.objects.create(title="all")
    volume = Titled.objects.create(title="one", series=series)
    series.volumes.update(title="two")
    assert volume.title == "two"
    series.volumes.filter(pk=volume.pk).update(title="three")
    assert volume.title == "three"


def test_their_own_methods_and_classes_stay():
    one = Titled.objects.create(title="a")
    assert Titled.titles.titled("a").get() is one
    assert isinstance(Titled.published_ones.all(), TitledQuerySet)
    assert isinstance(Titled.titles.all(), TitledQuerySet)
    assert type(Titled.objects).__name__ == "Manager"
    assert type(Archive._meta.managers_map["archived"]) is models.Manager


def test_get_by_primary_key_leaves_out_what_the_manager_leaves_out():
    one = Titled.objects.create(title="draft", published=False)
    assert Titled.objects.get(pk=one.pk) is one
    with pytest.raises(Titled.DoesNotExist):
        Titled.published_ones.get(pk=one.pk)


def test_their_querysets_can_be_pickled_and_copied(manager):
    one = Titled.objects.create(title="a")
    for found in (pickle.loads(pickle.dumps(manager.all())), copy.deepcopy(manager.all()), manager.all().all()):
        assert list(found) == [one]
        found.update(title="b")
        assert one.title == "b"
        one.title = "a"
        one.save()
