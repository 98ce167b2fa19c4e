"""Opening the control store, which is SQLite, and looking at it from outside.

What it holds sealed is opened elsewhere. Nothing here asks anything of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from penstock.stores.control_store import ControlStore
from penstock.stores.opening import Stores
from penstock.stores.sqlite.control_store import copy
from penstock.stores.sqlite.control_store.file import is_current_file
from penstock.stores.sqlite.control_store.store import FILE_NAME, ITSELF, SqliteControlStore
from penstock.stores.sqlite.control_store.tables import KINDS
from penstock.stores.sqlite.looking import fault

_ALL = 1 << 62


def control_store(
    stores: Stores, actor: str = ITSELF, now_us: Callable[[], int] | None = None
) -> ControlStore:
    """Made when something is first added; any thread and process may use it, and nobody need close it.

    While it is damaged, or has gone, its copy is read, and nothing is changed. `actor` is who its changes are entered
    in the audit as, `now_us` tells when; else the machine's clock does.
    """
    return SqliteControlStore(_file(stores), actor, now_us=now_us, copy=copy.copy_of(_file(stores)))


def control_store_trouble(stores: Stores) -> str:
    """Why it cannot be used itself; empty if it can, is locked, or was never made. May wait for a moment."""
    return copy.trouble(_file(stores))


def control_store_fault(stores: Stores, seconds: float) -> str:
    """What SQLite finds to be wrong with it, looking at all of it; empty if nothing is, or if it is locked."""
    return fault(_file(stores), seconds, thorough=True) or ""


def whole_control_store(stores: Stores) -> tuple[int, int]:
    """How many rows and audit entries it has, each of which was read. Raises `ControlStoreUnavailable`."""
    store = SqliteControlStore(_file(stores))
    rows = sum(len(store.all(kind)) for kind in KINDS)
    return rows, len(store.audit(None, _ALL))


def renew_copy(stores: Stores) -> str:
    """Copies it, unless it is damaged or has gone; why that failed."""
    try:
        copy.renew(_file(stores))
    except (sqlite3.Error, OSError) as error:
        return str(error)
    return ""


def put_back_copy(stores: Stores) -> str:
    """Puts its copy in its place where it is damaged or has gone, for nobody uses it yet; what is to be said."""
    try:
        return copy.put_back(_file(stores))
    except OSError as error:
        return f"the copy of the directory cannot be put in its place: {error}"


def has_control_store(stores: Stores) -> bool:
    """Whether there is one, of whatever version."""
    return _file(stores).exists()


def is_up_to_date(stores: Stores) -> bool:
    """Whether the one that is there has the newest version. Raises `Unreadable`, also for a newer program's."""
    return is_current_file(_file(stores))


COPY: Final = copy.COPY_NAME
"""The name of the copy's file, beside it."""


def control_store_place(stores: Stores) -> str:
    """Where it is, for people."""
    return str(_file(stores))


def _file(stores: Stores) -> Path:
    return stores.data / FILE_NAME
