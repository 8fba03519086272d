"""The metaclass of typeclasses: makes a Django proxy of every subclass of an entity's db model, without boilerplate.

Contract: `class Furniture(DefaultObject): pass` is all there is to it. The class registers itself, gets a manager
scoped to it, and never appears in a migration: Django's app registry does not hear of typeclasses. Several typeclasses
of one family can be mixed in one class. `path` is where the class is, `typename` its name.

Failure modes: `WrongFamily` for bases of two families; `DuplicateTypeclass` for a name that the family has already;
`TypeError` for a model field on a typeclass.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps as django_apps
from django.db.models import Field

from perdure.errors import WrongFamily
from perdure.idmapper.metaclass import SharedMemoryModelBase
from perdure.typeclasses import registry
from perdure.typeclasses.handlers import handler_names

__all__ = ["TypeclassBase", "typeclass_apps"]


class TypeclassApps:
    """Django's app registry as typeclasses see it: everything in it, and themselves; nothing registers."""

    def __init__(self) -> None:
        self.known: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(django_apps, name)

    def register_model(self, app_label: str, model: Any) -> None:
        """Remember the typeclass for relation look-ups, and keep it from migrations."""
        self.known = [cls for cls in self.known if (cls.__module__, cls.__name__) != (model.__module__, model.__name__)]
        self.known.append(model)

    def get_models(self, include_auto_created: bool = False, include_swapped: bool = False) -> list[Any]:
        """All models, and the typeclasses, which need their relations too."""
        return [*django_apps.get_models(include_auto_created, include_swapped), *self.known]


typeclass_apps = TypeclassApps()


class TypeclassBase(SharedMemoryModelBase):
    """Makes db models and, of their subclasses, typeclasses."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        """Create the class; arguments are those of any metaclass."""
        family = mcs._family(name, bases)
        if family is None:
            cls: Any = super().__new__(mcs, name, bases, attrs, **kwargs)
            cls._protected_names = handler_names(cls)
            if not cls._meta.abstract:
                cls.typename = name
            return cls
        placeholder = attrs.get("_unavailable") is not None
        fields = [key for key, value in attrs.items() if isinstance(value, Field)]
        if fields:
            raise TypeError(
                f"the typeclass {name} declares the database field(s) {', '.join(fields)}; typeclasses share one "
                "table and cannot add to it: declare an AttributeProperty instead"
            )
        if not placeholder:
            registry.check_name(name, attrs["__module__"], family)
        attrs = {**attrs, "Meta": mcs._proxy_meta(attrs.get("Meta"), family)}
        cls = super().__new__(mcs, name, bases, attrs, **kwargs)
        # To fixtures, permissions, content types and the admin an instance is a row of its family's table.
        cls._meta.model_name = family._meta.model_name
        cls.typename = name
        cls._protected_names = handler_names(cls)
        if not placeholder:
            registry.register(cls)
            cls._heal_placeholders()
        return cls

    @staticmethod
    def _family(name: str, bases: tuple[Any, ...]) -> Any:
        families = {base.__dbclass__ for base in bases if getattr(base, "__dbclass__", None) is not None}
        if len(families) > 1:
            names = ", ".join(sorted(family.__name__ for family in families))
            raise WrongFamily(f"the typeclass {name} mixes more than one kind of entity: {names}; inherit from one")
        return families.pop() if families else None

    @staticmethod
    def _proxy_meta(given: Any, family: Any) -> type:
        attributes = {key: value for key, value in vars(given or object).items() if not key.startswith("__")}
        if given is None:
            attributes = {}
        attributes.setdefault("app_label", family._meta.app_label)
        return type("Meta", (), {**attributes, "proxy": True, "apps": typeclass_apps})
