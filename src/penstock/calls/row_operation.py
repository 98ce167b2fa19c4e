"""What a stored call was: the row of its provider's table, by the name that stands in the log, and in words.

Pure; for everybody who tells of stored calls. What a call is while it is on its way is the proxy's business, what
becomes of it on its way into the log that of `derive.py`.
"""

from __future__ import annotations

from typing import Final

from penstock.providers.operation import Bills, Effect, Operation
from penstock.providers.operation_table import UNKNOWN
from penstock.providers.registry import operation_named
from penstock.stores.ledger import CallRow

_EFFECTS: Final = {
    Effect.GENERATE: "answers out of itself",
    Effect.READ: "reads what is stored",
    Effect.ORDER: "makes something that lives on",
    Effect.CHANGE: "changes what is stored",
    Effect.CANCEL: "cancels what is under way",
    Effect.DELETE: "deletes what is stored",
    Effect.UPLOAD: "brings something to be kept",
}
_BILLS: Final = {
    Bills.WORK: "is paid by what it uses",
    Bills.NOTHING: "costs nothing",
    Bills.LATER: "is paid by what its end tells",
    Bills.UNKNOWN: "may cost something",
}


def operation_of(row: CallRow) -> Operation:
    """The operation of a call; one of before operations were told is what no row knows."""
    return operation_named(row.provider, row.operation, row.method.encode(), row.path.partition("?")[0])


def operation_words(row: CallRow) -> str:
    """Its name, and what is known of it; empty for a call of before operations were told."""
    if not row.operation:
        return ""
    found = operation_of(row)
    kind = "no row of its provider knows it" if row.operation == UNKNOWN else found.kind.value
    return f"{row.operation} ({kind}; {_EFFECTS[found.effect]}, {_BILLS[found.bills]})"
