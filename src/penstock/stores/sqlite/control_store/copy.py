"""A copy of the directory beside it, and what is done with it when the directory is damaged or has gone.

The directory is precious: without it everybody is let in or nobody is, and no empty one may ever take its place by
itself. The copy is made by who watches the directory, read by everybody while it cannot be read, and put in its place
at the next start. What is in a directory is not known here.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from penstock.durable import sync_folder
from penstock.stores.aside import note, set_aside
from penstock.stores.control_store import ControlStoreDamaged, ControlStoreUnavailable
from penstock.stores.sqlite.control_store.file import PARTS, has_gone, is_current
from penstock.stores.sqlite.control_store.store import SqliteControlStore
from penstock.stores.sqlite.looking import fault, is_empty

COPY_NAME: Final = "directory.copy.db"
"""Below the data folder."""

_LOOK_SECONDS: Final = 1.0


def copy_of(path: Path) -> Path:
    """Where the copy of a directory is kept."""
    return path.with_name(COPY_NAME)


def trouble(path: Path) -> str:
    """Why the directory cannot be used; empty if it can, is locked, or was never made. May wait for a moment."""
    copy = copy_of(path)
    if not path.is_file() or is_empty(path):
        return "it has gone" if copy.exists() else ""
    if found := fault(path, _LOOK_SECONDS):
        return found
    try:
        SqliteControlStore(path, busy_seconds=_LOOK_SECONDS, copy=copy).own_snapshot()
    except ControlStoreDamaged as error:
        return str(error)
    except ControlStoreUnavailable:
        return ""
    return ""


def renew(path: Path) -> None:
    """Copies the directory, unless it is damaged or has gone. Raises `OSError`, `sqlite3.Error`."""
    if not path.exists() or trouble(path):
        return
    copy = copy_of(path)
    hidden = copy.with_name(f".{copy.name}.new")
    hidden.unlink(missing_ok=True)
    os.close(os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with (
        closing(sqlite3.connect(path, timeout=_LOOK_SECONDS)) as db,
        closing(sqlite3.connect(hidden)) as other,
    ):
        db.backup(other)
        if not is_current(other):  # it was emptied since it was looked at
            raise has_gone()
    _placed(hidden, copy)


def put_back(path: Path) -> str:
    """Puts the copy in the place of a damaged directory, or of one that has gone; what is to be said.

    Empty where nothing is wrong, or where there is no sound copy. Raises `OSError`.
    """
    why, copy = trouble(path), copy_of(path)
    if not why or not copy.exists() or fault(copy, _LOOK_SECONDS) != "":
        return ""
    lost = (
        f"{copy.name} was put in its place: what was changed since that was made is lost, "
        "and a token that was revoked since then lives again"
    )
    hidden = path.with_name(f".{path.name}.new")
    shutil.copyfile(copy, hidden)
    os.chmod(hidden, 0o600)
    if path.exists():
        done = set_aside(path, why, lost, PARTS)
    else:
        done = note(path, why, lost=lost)
    _placed(hidden, path)
    return done.text


def _placed(hidden: Path, path: Path) -> None:
    """Gives a whole file its name, on disk."""
    descriptor = os.open(hidden, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    hidden.replace(path)
    sync_folder(path.parent)
