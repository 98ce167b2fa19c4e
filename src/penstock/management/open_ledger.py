"""The ledger for a request: for reading, where there may be none yet, and for changing.

Holds how much work one request may ask of it. What is read and shown is the resources' business.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from penstock.management.problem import not_found
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.stores.ledger import CallRow, LedgerEditor, LedgerMissing, LedgerReader

EFFORT: Final = 200_000
"""Rows that may be looked at for a total: some tens of milliseconds."""


@contextmanager
def reading(resources: Resources) -> Iterator[LedgerReader | None]:
    """The ledger; None as long as no call was ever stored. Raises `LedgerUnavailable`."""
    with ExitStack() as stack:
        try:
            ledger = stack.enter_context(resources.ledger())
        except LedgerMissing:
            ledger = None
        yield ledger


@contextmanager
def editing(resources: Resources) -> Iterator[LedgerEditor | None]:
    """As `reading`, for changes."""
    with ExitStack() as stack:
        try:
            ledger = stack.enter_context(resources.editor())
        except LedgerMissing:
            ledger = None
        yield ledger


def own_row(ledger: LedgerReader | None, request: Request, call_id: str) -> CallRow:
    """A call of the path's gateway. Raises `ManagementError` 404, also for what belongs to somebody else."""
    row = None if ledger is None else ledger.get(call_id)
    if row is None or (row.account, row.gateway) != (request.account, request.gateway):
        raise not_found("log")
    return row
