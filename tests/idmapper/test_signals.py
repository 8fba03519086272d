"""Django's signals of shared-memory models: the same order and arguments as those of a plain model."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.db.models import signals

from tests.idmapper_app.models import Item, Plain

pytestmark = pytest.mark.usefixtures("db")

NAMES = ("pre_save", "post_save", "pre_delete", "post_delete")


@contextmanager
def connected(signal, sender, receiver):
    signal.connect(receiver, sender=sender, weak=False)
    try:
        yield
    finally:
        signal.disconnect(receiver, sender=sender)


def heard_of(model, field, other):
    """What the signals of `model` tell while an instance lives and dies; the two fields go by neutral names."""
    told = []
    neutral = {field: "one", other: "two", f"{other}_id": "two_id"}

    def receiver(name):
        def hear(sender, instance, signal, origin=None, **arguments):
            if arguments.get("update_fields"):
                arguments["update_fields"] = sorted(neutral[one] for one in arguments["update_fields"])
            told.append((name, sender is model, instance.pk is None, arguments))

        return hear

    receivers = {name: receiver(name) for name in NAMES}
    for name, hear in receivers.items():
        getattr(signals, name).connect(hear, sender=model)
    try:
        instance = model(**{field: "a"})
        instance.save()
        setattr(instance, field, "b")
        instance.save()
        instance.save()
        instance.save(update_fields=[])
        setattr(instance, other, None)
        instance.save(update_fields=(name for name in (field, other)))
        instance.save(update_fields=[f"{other}_id"])
        model.objects.update_or_create(pk=instance.pk, defaults={field: "c"})
        model.objects.filter(pk=instance.pk).update(**{field: "d"})
        instance.delete()
        model.objects.bulk_create([model(**{field: "e"})])
        model.objects.all().delete()
    finally:
        for name, hear in receivers.items():
            getattr(signals, name).disconnect(hear, sender=model)
    return told


def test_signals_tell_what_those_of_a_plain_model_tell():
    ours, plain = heard_of(Item, "db_key", "db_home"), heard_of(Plain, "name", "favourite")
    assert ours == plain
    assert len(ours) == 16


def test_what_a_pre_save_receiver_assigns_is_saved(stored):
    def complete(instance, update_fields, **kwargs):
        instance.db_note = f"about {instance.db_key}"

    with connected(signals.pre_save, Item, complete):
        item = Item.objects.create(db_key="a")
        assert stored(item, "db_note") == "about a"
        item.db_key = "b"
        item.save()
    assert stored(item, "db_key", "db_note") == ("b", "about b")


def test_the_wrapper_of_a_field_names_it_to_the_receivers():
    told = []
    item = Item.objects.create(db_key="a")
    with connected(signals.post_save, Item, lambda update_fields, **kwargs: told.append(update_fields)):
        item.home = item
    assert told == [frozenset({"db_home"})]
