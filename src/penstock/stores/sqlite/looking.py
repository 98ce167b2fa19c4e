"""Looking at a SQLite file that is somebody else's: nothing is made, changed or brought up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from penstock.stores.facts import Unreadable


@contextmanager
def looked_at(
    path: Path, busy_seconds: float, mode: Literal["ro", "rw"] = "ro"
) -> Iterator[sqlite3.Connection]:
    """The file, read-only. Raises `Unreadable`, also for what SQLite raises within.

    With `rw` a change that was cut off, by a crash in its commit, is undone first; read-only it cannot be read.
    """
    address = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=busy_seconds, isolation_level=None)) as db:
            yield db
    except sqlite3.Error as error:
        raise Unreadable(str(error)) from error
