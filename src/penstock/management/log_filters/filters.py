"""Filters on logs as they go over the wire (Cloudflare 4.3, 4.6).

What may stand in one is in `control/log_filters.py`, how a query spells them in `encoding.py`.
"""

from __future__ import annotations

import msgspec

from penstock.control import log_filters
from penstock.control.log_filters import DatasetKey, DatasetOperator, Rules, WrongFilters
from penstock.management.problem import ManagementError
from penstock.management.reading import problems
from penstock.stores.ledger import Condition, Key, Operator, Scalar


class LogFilter(msgspec.Struct, frozen=True):
    """One filter as the API has it; the values are alternatives."""

    key: Key
    """What of a log is looked at."""
    operator: Operator
    """How it is compared."""
    value: tuple[Scalar, ...]
    """With what: any of these."""


class DatasetFilter(msgspec.Struct, frozen=True):
    """One filter of a dataset."""

    key: DatasetKey
    """What of a log is looked at."""
    operator: DatasetOperator
    """How it is compared."""
    value: tuple[str | int | float | bool, ...]
    """With what: any of these."""


def conditions(filters: object, rules: Rules, *path: str) -> tuple[Condition, ...]:
    """What the filters ask for, all of it together. Raises `ManagementError` 400 with everything wrong."""
    try:
        return log_filters.conditions(filters, rules)
    except WrongFilters as wrong:
        raise ManagementError(400, problems(wrong.findings, *path)) from None
