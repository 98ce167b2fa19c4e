"""Opening the engine's own SQLite files: private ones, where a damaged one does not keep the program from starting.

What is in a file, and what its loss means, is known where it is used.
"""

import logging
import sqlite3
from itertools import count
from pathlib import Path

from parallel_local.private import private_file, private_folder

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY = 0xFF  # of a result code; what is above it says more about the same

log = logging.getLogger("parallel_local.sqlite")


def open_file(path: Path, schema: str) -> sqlite3.Connection:
    """The file with this schema, made where it is missing, for any thread; without `BEGIN` each change counts at once.

    A damaged one is set aside, the log says where, and another is begun.
    """
    private_folder(path.parent)
    try:
        return _connected(path, schema)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & _PRIMARY not in _DAMAGE:
            raise
        log.error(
            "%s is damaged (%s): it is set aside as %s, and begun anew", path, error, _set_aside(path).name
        )
        return _connected(path, schema)


def _connected(path: Path, schema: str) -> sqlite3.Connection:
    private_file(path)
    connection = sqlite3.connect(path, isolation_level=None, timeout=30.0, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(schema)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_aside(path: Path) -> Path:
    """Another name for a file, with what stands beside it: the first that is free."""
    names = (path.with_name(f"{path.name}.damaged-{number}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    for suffix in ("", "-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    return aside
