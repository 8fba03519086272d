"""Forms and the admin on live instances."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.signals import request_finished, request_started
from django.db.models.signals import post_save
from django.forms import ModelForm, ValidationError, modelformset_factory
from django.test import RequestFactory

from perdure.idmapper.states import State, state_of
from tests.idmapper_app.models import Item, Titled

pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.defect("I-9")]


class ItemForm(ModelForm):
    class Meta:
        model = Item
        fields = ("db_key", "db_count", "db_code")

    def clean(self):
        if self.cleaned_data.get("db_count") == 13:
            raise ValidationError("unlucky")
        return super().clean()


@pytest.mark.parametrize(
    "data",
    [
        {"db_key": "new", "db_count": "many"},
        {"db_key": "new", "db_count": "13"},
        {"db_key": "x" * 41, "db_count": "1"},
        {"db_key": "new", "db_count": "5", "db_code": "taken"},
    ],
    ids=["field", "clean", "length", "unique"],
)
def test_an_invalid_form_leaves_the_instance_as_it_was(data, stored):
    Item.objects.create(db_key="other", db_code="taken")
    item = Item.objects.create(db_key="old", db_count=1, db_code="mine")
    item.db_note = "unsaved before"
    form = ItemForm(data, instance=item)
    assert not form.is_valid()
    assert (item.key, item.count, item.code, item.note) == ("old", 1, "mine", "unsaved before")
    with pytest.raises(ValueError, match="didn't validate"):
        form.save()
    item.save()
    assert stored(item, "db_key", "db_count", "db_code", "db_note") == ("old", 1, "mine", "unsaved before")


def test_a_valid_form_changes_and_saves_the_live_instance(stored):
    item = Item.objects.create(db_key="old", db_count=1)
    form = ItemForm({"db_key": "new", "db_count": "2"}, instance=item)
    assert form.is_valid()
    assert form.save() is item
    assert (item.key, item.count, state_of(item)) == ("new", 2, State.CLEAN)
    assert stored(item, "db_key", "db_count") == ("new", 2)


def test_a_form_for_a_new_object():
    form = ItemForm({"db_key": "", "db_count": "2"})
    assert not form.is_valid()
    form = ItemForm({"db_key": "born", "db_count": "2"})
    assert form.is_valid()
    born = form.save()
    assert Item.objects.get(db_key="born") is born


class QuietAdmin(ModelAdmin):
    fields = ("db_key", "db_count", "db_note")

    def log_change(self, *args):
        """The log needs a stored user, which is not what is tested."""


class Staff:
    is_active = is_staff = is_superuser = is_authenticated = True
    pk = 1

    def has_perm(self, *args):
        return True

    has_module_perms = has_perm


def post(item, **data):
    request = RequestFactory().post("/", {"db_count": "1", "db_note": "", **data, "_continue": "1"})
    request.user, request.session = Staff(), {}
    request._messages = FallbackStorage(request)
    request._dont_enforce_csrf_checks = True
    return QuietAdmin(Item, AdminSite()).changeform_view(request, str(item.pk))


def test_the_admin_refuses_without_touching_the_live_instance(settings, stored):
    item = Item.objects.create(db_key="old", db_count=1)
    response = post(item, db_key="new", db_count="many")
    assert response.context_data["errors"]
    assert (item.key, item.count) == ("old", 1)
    item.save()
    assert stored(item, "db_key") == "old"


def test_the_admin_saves_the_live_instance(settings, stored, monkeypatch):
    settings.ROOT_URLCONF = "tests.urls"
    item = Item.objects.create(db_key="old", db_count=1)
    monkeypatch.setattr(QuietAdmin, "response_change", lambda self, request, obj: obj)
    assert post(item, db_key="new", db_note="n") is item
    assert (item.key, item.note) == ("new", "n")
    assert stored(item, "db_key", "db_note") == ("new", "n")


def test_an_error_while_the_form_is_saved_undoes_memory(stored):
    item = Item.objects.create(db_key="old")

    def refuse(**kwargs):
        raise RuntimeError("no")

    form = ItemForm({"db_key": "new", "db_count": "2"}, instance=item)
    assert form.is_valid()
    post_save.connect(refuse, sender=Item)
    try:
        with pytest.raises(RuntimeError):
            form.save()
    finally:
        post_save.disconnect(refuse, sender=Item)
    assert (item.key, stored(item, "db_key")) == ("old", "old")


def in_a_request(act):
    """What Django tells around the answer to a request."""
    with patch("django.db.close_old_connections"):
        request_started.send(sender=None)
        try:
            return act()
        finally:
            request_finished.send(sender=None)


def test_a_valid_form_that_nobody_saved_ends_with_the_request(stored):
    item = Item.objects.create(db_key="old", db_count=1)
    item.db_note = "unsaved before"

    def look():
        assert ItemForm({"db_key": "new", "db_count": "2"}, instance=item).is_valid()
        assert (item.key, item.count) == ("new", 2)
        item.db_serial = 8  # not by the form: the caller's own, as outside of a request

    in_a_request(look)
    assert (item.key, item.count, item.note, item.db_serial) == ("old", 1, "unsaved before", 8)
    item.save()
    assert stored(item, "db_key", "db_count", "db_note", "db_serial") == ("old", 1, "unsaved before", 8)


def test_a_form_that_was_saved_stays_after_the_request(stored):
    item = Item.objects.create(db_key="old", db_count=1)

    def save():
        form = ItemForm({"db_key": "new", "db_count": "2"}, instance=item)
        form.save()
        item.db_key = "changed again"

    in_a_request(save)
    assert (item.key, stored(item, "db_key", "db_count")) == ("changed again", ("new", 2))


class TitledForm(ModelForm):
    class Meta:
        model = Titled
        fields = ("title",)


def test_a_formset_names_what_it_deleted():
    titled = Titled.objects.create(title="gone")
    formset = modelformset_factory(Titled, TitledForm, can_delete=True, extra=0)(
        {
            "form-TOTAL_FORMS": 1,
            "form-INITIAL_FORMS": 1,
            "form-0-id": str(titled.pk),
            "form-0-title": "gone",
            "form-0-DELETE": "on",
        }
    )
    formset.save()
    assert [str(one) for one in formset.deleted_objects] == [f"<deleted Titled #{titled.pk}>"]
    assert repr(titled) == f"<Titled: <deleted Titled #{titled.pk}>>"
