"""Versioned upgrade steps of stored data: `typeclass_version` and `@upgrade(to=N)`.

Contract: an object whose stored version is below its class's runs the steps in between, in order, once, in one
transaction with the new version: when it is loaded, or eagerly by `upgrade_all` (resumable: what is done stays done).

Failure modes: a step that raises leaves the object as it was, at its old version. At load the error is logged and the
object works on with its old data; `upgrade_all` collects and reports it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from perdure.errors import TypeclassError, UpgradeFailed
from perdure.idmapper.ownership import may_refresh
from perdure.idmapper.states import describe
from perdure.transactions import transaction
from perdure.typeclasses import registry

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
    """What `upgrade_all` did, or with `dry_run` would do.

    Attributes:
        upgraded: number of objects brought to their class's version.
        failed: `(class and dbref, error)` of each that could not be.
    """

    upgraded: int = 0
    failed: list[tuple[str, UpgradeFailed]] = field(default_factory=list)


def due(cls: Any) -> Any:
    """A queryset of the objects of exactly `cls` that have steps to run."""
    paths = registry.own_paths(cls)
    rows = cls.__dbclass__.unscoped.filter(db_typeclass_path__in=paths, db_typeclass_version__lt=cls.typeclass_version)
    return rows.order_by("pk")


def upgrade_all(
    cls: Any = None, *, dry_run: bool = False, progress: Callable[[int, int], None] | None = None
) -> UpgradeReport:
    """Upgrade every object that is due, each in a transaction of its own. Safe to interrupt and to repeat.

    Args:
        cls: only this class and those derived from it.
        dry_run: count, and change nothing.
        progress: called with the number done and the total.
    """
    report = UpgradeReport()
    classes = [known for known in registry.all_typeclasses() if cls is None or issubclass(known, cls)]
    todo = [(known, pk) for known in classes for pk in due(known).values_list("pk", flat=True)]
    for done, (known, pk) in enumerate(todo, 1):
        if dry_run:
            report.upgraded += 1
        else:
            _upgrade_one(known, pk, report)
        if progress is not None:
            progress(done, len(todo))
    return report


def _upgrade_one(cls: Any, pk: Any, report: UpgradeReport) -> None:
    try:
        obj = cls.__dbclass__.unscoped.get(pk=pk)  # loading upgrades; what failed then is tried again for its error
        upgrade_object(obj)
    except UpgradeFailed as error:
        report.failed.append((f"{cls.__name__} #{pk}", error))
    else:
        report.upgraded += 1
