"""Opening the run ledger, which is SQLite, for those who write it, to be read, or looked at from outside.

What is opened is the caller's to close. Nothing here asks anything of a run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from penstock.stores.opening import Stores
from penstock.stores.runs import OpenRunLedger, OpenRunReader
from penstock.stores.sqlite.looking import fault
from penstock.stores.sqlite.runs.file import FILE_NAME, runs_bytes
from penstock.stores.sqlite.runs.ledger import SqliteRunLedger
from penstock.stores.sqlite.runs.reader import SqliteRunReader

BUSY_SECONDS: Final = 5.0
"""So long a verb waits for others who write, unless it is said otherwise."""


def run_ledger(stores: Stores, busy_seconds: float = BUSY_SECONDS) -> OpenRunLedger:
    """For a process that serves or follows: the file is made when a verb is first used, and anew where it is damaged.

    To be opened after a fork. Any thread may use it, one at a time.
    """
    return SqliteRunLedger(_file(stores), busy_seconds)


def run_reader(stores: Stores, busy_seconds: float = BUSY_SECONDS) -> OpenRunReader:
    """Raises `RunsUnavailable`, also as long as no run was ever made."""
    return SqliteRunReader(_file(stores), busy_seconds)


def has_runs(stores: Stores) -> bool:
    """Whether there is a run ledger, of whatever version."""
    return _file(stores).exists()


def run_fault(stores: Stores, seconds: float, *, thorough: bool = False) -> str | None:
    """What is damaged in it; empty if nothing is, None where that could not be told in time. Only looks."""
    return fault(_file(stores), seconds, thorough=thorough)


def run_bytes(stores: Stores) -> int:
    """What it takes of the disk."""
    return runs_bytes(_file(stores))


def run_place(stores: Stores) -> str:
    """Where it is, for people."""
    return str(_file(stores))


def _file(stores: Stores) -> Path:
    return stores.data / FILE_NAME
