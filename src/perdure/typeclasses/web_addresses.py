"""Addresses of an object's web pages.

Each names a view by convention (`<name of the kind>-<action>`) and is `#` where the site has no such view.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import NoReverseMatch, reverse
from django.utils.text import slugify

__all__ = ["WebAddresses"]


class WebAddresses:
    """Mixed into typed objects."""

    _meta: ClassVar[Any]
    __dbclass__: ClassVar[Any]
    pk: Any
    key: Any

    def web_get_admin_url(self) -> str:
        """Address of this object's admin page, or `#`."""
        meta = self.__dbclass__._meta
        return _reversed(f"admin:{meta.app_label}_{meta.model_name}_change", pk_args=[self.pk])

    @classmethod
    def web_get_create_url(cls) -> str:
        """Address of the page that creates one of these, or `#`."""
        return _reversed(f"{slugify(str(cls._meta.verbose_name))}-create")

    def _web_url(self, action: str) -> str:
        return _reversed(f"{slugify(str(self._meta.verbose_name))}-{action}", pk=self.pk, slug=slugify(self.key))

    def web_get_detail_url(self) -> str:
        """Address of this object's page, or `#`."""
        return self._web_url("detail")

    def web_get_puppet_url(self) -> str:
        """Address that puppets this object, or `#`."""
        return self._web_url("puppet")

    def web_get_update_url(self) -> str:
        """Address of the page that changes this object, or `#`."""
        return self._web_url("update")

    def web_get_delete_url(self) -> str:
        """Address of the page that deletes this object, or `#`."""
        return self._web_url("delete")

    get_absolute_url = web_get_detail_url


def _reversed(name: str, pk_args: list[Any] | None = None, **kwargs: Any) -> str:
    try:
        return reverse(name, args=pk_args, kwargs=kwargs or None)
    except NoReverseMatch:
        return "#"
