"""Transactions that keep memory in step with the database."""

from perdure.transactions.blocks import all_or_nothing, on_commit, on_rollback, transaction
from perdure.transactions.connection import unit_of_work
from perdure.transactions.frames import Writer
from perdure.transactions.statements import Statement, fetch, send, send_many
from perdure.transactions.unit_of_work import UnitOfWork

__all__ = [
    "Statement",
    "UnitOfWork",
    "Writer",
    "all_or_nothing",
    "fetch",
    "on_commit",
    "on_rollback",
    "send",
    "send_many",
    "transaction",
    "unit_of_work",
]
