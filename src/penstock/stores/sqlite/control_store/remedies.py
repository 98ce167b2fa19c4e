"""What is said when the directory cannot be used, or something cannot be stored in it: why, and what to do. Pure."""

from __future__ import annotations

import sqlite3
from typing import Final

from penstock.stores.sqlite.control_store.file import ForeignFile
from penstock.stores.sqlite.looking import is_damage
from penstock.stores.sqlite.migrations import NewerFile

_LOCKED: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether the file is no sound directory."""
    return isinstance(error, ForeignFile) or is_damage(error)


def remedy(error: sqlite3.Error) -> str:
    """What whoever reads of this error could do."""
    if isinstance(error, NewerFile):
        return "update this program"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without what extends it
    if code in _LOCKED:
        return "another program is changing it, try again"
    if code == sqlite3.SQLITE_FULL:
        return "make room on its disk"
    if is_damaged(error):
        return "restore a copy of the file, or move it away to begin with an empty directory"
    return "check that this user may write the file and its folder"


def reason(error: OverflowError | UnicodeError) -> str:
    """Why something cannot be stored."""
    return "a number is too large" if isinstance(error, OverflowError) else "a text is not valid Unicode"
