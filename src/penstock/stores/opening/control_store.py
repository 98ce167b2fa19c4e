"""Opening the control store, which is SQLite, and looking at it from outside.

What it holds sealed is opened elsewhere. Nothing here asks anything of it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from penstock.stores.control_store import ControlStore
from penstock.stores.opening import Stores
from penstock.stores.sqlite.control_store.file import is_current_file
from penstock.stores.sqlite.control_store.store import FILE_NAME, ITSELF, SqliteControlStore


def control_store(
    stores: Stores, actor: str = ITSELF, now_us: Callable[[], int] | None = None
) -> ControlStore:
    """Made when something is first added; any thread and process may use it, and nobody need close it.

    `actor` is who its changes are entered in the audit as, `now_us` tells when; else the machine's clock does.
    """
    return SqliteControlStore(_file(stores), actor, now_us=now_us)


def has_control_store(stores: Stores) -> bool:
    """Whether there is one, of whatever version."""
    return _file(stores).exists()


def is_up_to_date(stores: Stores) -> bool:
    """Whether the one that is there has the newest version. Raises `Unreadable`, also for a newer program's."""
    return is_current_file(_file(stores))


def control_store_place(stores: Stores) -> str:
    """Where it is, for people."""
    return str(_file(stores))


def _file(stores: Stores) -> Path:
    return stores.data / FILE_NAME
