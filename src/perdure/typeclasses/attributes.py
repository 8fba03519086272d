"""The names around attributes that the documents import from here."""

from __future__ import annotations

from perdure.typeclasses.attribute_model import Attribute
from perdure.typeclasses.holders import DbHolder, NDbHolder
from perdure.typeclasses.memory_attributes import InMemoryAttribute, NAttributeHandler
from perdure.typeclasses.nicks import NickHandler, NickTemplateInvalid, initialize_nick_templates, parse_nick_template
from perdure.typeclasses.properties import AttributeProperty, NAttributeProperty
from perdure.typeclasses.stored_attributes import AttributeHandler

__all__ = [
    "Attribute",
    "AttributeHandler",
    "AttributeProperty",
    "DbHolder",
    "InMemoryAttribute",
    "NAttributeHandler",
    "NAttributeProperty",
    "NDbHolder",
    "NickHandler",
    "NickTemplateInvalid",
    "initialize_nick_templates",
    "parse_nick_template",
]
