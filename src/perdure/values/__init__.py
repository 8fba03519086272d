"""What can be stored in an attribute: the codec, the containers that save themselves, references to entities."""

from __future__ import annotations

from perdure.values.adoption import adopt
from perdure.values.anchors import Anchor, Detached
from perdure.values.comparison import comparison_key
from perdure.values.decoder import DamagedText, decode, parse
from perdure.values.encoder import Encoded, encode
from perdure.values.mappings import TrackedCounter, TrackedDefaultDict, TrackedDict, TrackedOrderedDict
from perdure.values.references import Reference, set_reference_hooks
from perdure.values.registry import register_factory, register_value_type
from perdure.values.sequences import TrackedDeque, TrackedList
from perdure.values.sets import TrackedSet
from perdure.values.structure import anchor_in, detach, plain, references_in, release
from perdure.values.tracking import Tracked

__all__ = [
    "Anchor",
    "DamagedText",
    "Detached",
    "Encoded",
    "Reference",
    "Tracked",
    "TrackedCounter",
    "TrackedDefaultDict",
    "TrackedDeque",
    "TrackedDict",
    "TrackedList",
    "TrackedOrderedDict",
    "TrackedSet",
    "adopt",
    "anchor_in",
    "comparison_key",
    "decode",
    "detach",
    "encode",
    "parse",
    "plain",
    "references_in",
    "register_factory",
    "register_value_type",
    "release",
    "set_reference_hooks",
]
