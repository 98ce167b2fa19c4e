"""Opening the ledger, which is SQLite, for those who write to it: the shipper, and who changes what is stored.

What is opened is the caller's to close. Reading is in `ledger.py`: who only reads need not load this.
"""

from __future__ import annotations

from penstock.stores.ledger import OpenEditor, OpenWriter
from penstock.stores.opening import Stores
from penstock.stores.sqlite.ledger.editor import SqliteEditor
from penstock.stores.sqlite.ledger.file import FILE_NAME, make_missing
from penstock.stores.sqlite.ledger.writer import SqliteLedger


def ledger_writer(stores: Stores) -> OpenWriter:
    """Makes the ledger, or brings it up to date, when it is first used."""
    return SqliteLedger(stores.data / FILE_NAME)


def ledger_editor(stores: Stores) -> OpenEditor:
    """Raises `LedgerMissing` as long as there is no ledger, and `LedgerUnavailable`."""
    return SqliteEditor(stores.data / FILE_NAME)


def make_ledger(stores: Stores) -> str:
    """An empty ledger where there is none, for those who look before anything is stored; what is to be said.

    Raises `LedgerUnavailable`.
    """
    return make_missing(stores.data / FILE_NAME)
