"""Opening the ledger and its roll-ups, which are SQLite, to be read or looked at from outside.

What is opened is the caller's to close. Writing is in `ledger_changes.py`. Nothing here asks anything of a ledger.
"""

from __future__ import annotations

from pathlib import Path

from penstock.stores.facts import LedgerFacts
from penstock.stores.ledger import OpenReader
from penstock.stores.opening import Stores
from penstock.stores.rollups import OpenRollups
from penstock.stores.sqlite.ledger import file, trouble
from penstock.stores.sqlite.ledger.file import FILE_NAME
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.looking import fault
from penstock.stores.sqlite.rollups.reader import SqliteRollups


def ledger_reader(stores: Stores) -> OpenReader:
    """Raises `LedgerMissing` as long as no call was ever stored, and `LedgerUnavailable`."""
    return SqliteReader(_file(stores))


def rollups(stores: Stores) -> OpenRollups:
    """Raises as `ledger_reader` does."""
    return SqliteRollups(_file(stores))


def has_ledger(stores: Stores) -> bool:
    """Whether there is one, of whatever version."""
    return _file(stores).exists()


def ledger_facts(stores: Stores) -> LedgerFacts | None:
    """None for a ledger of an older version. Raises `Unreadable`, also for that of a newer program."""
    return file.ledger_facts(_file(stores))


def ledger_trouble(stores: Stores) -> str:
    """Why it cannot be used, by a quick look and what was found before; empty if it can. Never raises, may wait."""
    return trouble.trouble(_file(stores))


def look_long(stores: Stores, seconds: float) -> str:
    """Looks at all of the ledger for so long at most, and writes down what it finds; empty if that is nothing."""
    return trouble.look_long(_file(stores), seconds)


def ledger_fault(stores: Stores, seconds: float, *, thorough: bool = False) -> str | None:
    """What is damaged in it; empty if nothing is, None where that could not be told in time. Only looks.

    `thorough`: asks of every row whether it is where it should be.
    """
    return fault(_file(stores), seconds, thorough=thorough)


def ledger_bytes(stores: Stores) -> int:
    """What it takes of the disk."""
    return file.ledger_bytes(_file(stores))


def ledger_place(stores: Stores) -> str:
    """Where it is, for people."""
    return str(_file(stores))


def _file(stores: Stores) -> Path:
    return stores.data / FILE_NAME
