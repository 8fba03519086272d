"""Versioned upgrade steps of stored data: `typeclass_version` and `@upgrade(to=N)`.

Contract: an object whose stored version is below its class's runs the steps in between, in order, once, in one
transaction with the new version: when it is loaded, or eagerly by `upgrade_all` (resumable: what is done stays done).

Failure modes: a step that raises leaves the object as it was, at its old version. At load the error is logged and the
object works on with its old data; `upgrade_all` collects and reports it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from perdure.errors import TypeclassError, UpgradeFailed
from perdure.idmapper.ownership import may_refresh
from perdure.idmapper.states import describe
from perdure.transactions import transaction

__all__ = ["UpgradeReport", "due", "upgrade", "upgrade_all", "upgrade_if_due", "upgrade_object"]

logger = logging.getLogger("perdure.typeclasses")

Step = TypeVar("Step", bound=Callable[..., Any])


def upgrade(*, to: int) -> Callable[[Step], Step]:
    """Mark a method of a typeclass as the step that brings an object's data to version `to`."""

    def mark(step: Step) -> Step:
        step._upgrade_to = to  # type: ignore[attr-defined]
        return step

    return mark


def steps_of(cls: Any) -> dict[int, str]:
    """`{version: method name}` of a class and its bases. Raises `TypeclassError` for two steps to one version."""
    found: dict[int, str] = {}
    for name in dir(cls):
        method = getattr(cls, name, None) if not name.startswith("__") else None
        version = getattr(method, "_upgrade_to", None)
        if version is None:
            continue
        if version in found:
            raise TypeclassError(f"{cls.path} has two upgrade steps to version {version}: {found[version]} and {name}")
        found[version] = name
    return found


def upgrade_object(obj: Any) -> bool:
    """Run the steps that `obj` has not had. True if there were any. Raises `UpgradeFailed`; then nothing changed."""
    cls = type(obj)
    stored = obj.db_typeclass_version
    if stored >= cls.typeclass_version:
        return False
    steps = steps_of(cls)
    try:
        with transaction(using=obj._state.db):
            for version in sorted(version for version in steps if stored < version <= cls.typeclass_version):
                getattr(obj, steps[version])()
            obj.db_typeclass_version = cls.typeclass_version
            obj.save(update_fields=["db_typeclass_version"])
    except Exception as error:
        raise UpgradeFailed(
            f"{describe(obj)} stays at version {stored} of {cls.path}: {type(error).__name__}: {error}"
        ) from error
    return True


def upgrade_if_due(obj: Any) -> None:
    """Run the steps that `obj`, just loaded, has not had; a failure is logged."""
    version = obj.__dict__.get("db_typeclass_version")
    if version is None or version >= type(obj).typeclass_version or obj._unavailable is not None:
        return
    if not may_refresh(obj):
        return
    try:
        upgrade_object(obj)
    except UpgradeFailed:
        logger.exception("an upgrade step failed at load; the object goes on with its old data")


@dataclass
class UpgradeReport:
    """What `upgrade_all` did.

    Attributes:
        upgraded: number of objects brought to their class's version.
        failed: `(dbref, error)` of each that could not be.
    """

    upgraded: int = 0
    failed: list[tuple[str, UpgradeFailed]] = field(default_factory=list)


def due(cls: Any) -> Any:
    """A queryset of the objects of exactly `cls` that have steps to run."""
    from perdure.typeclasses.registry import own_paths

    return cls.unscoped.filter(
        db_typeclass_path__in=own_paths(cls), db_typeclass_version__lt=cls.typeclass_version
    ).order_by("pk")


def upgrade_all(classes: Iterator[Any] | list[Any], progress: Callable[[int], None] | None = None) -> UpgradeReport:
    """Upgrade every object of `classes` that is due; `progress(1)` is called for each. Safe to interrupt and repeat."""
    report = UpgradeReport()
    for cls in classes:
        for obj in due(cls).iterator(chunk_size=500):
            # Loading already upgrades; what is still due here failed then, and is tried once more for its error.
            try:
                upgrade_object(obj)
                report.upgraded += 1
            except UpgradeFailed as error:
                report.failed.append((f"{cls.__name__} {obj.dbref}", error))
            if progress is not None:
                progress(1)
    return report
