"""Transactions that keep memory in step with the database."""

from perdure.transactions.blocks import on_commit, on_rollback, transaction
from perdure.transactions.connection import unit_of_work
from perdure.transactions.unit_of_work import UnitOfWork, Writer

__all__ = ["UnitOfWork", "Writer", "on_commit", "on_rollback", "transaction", "unit_of_work"]
