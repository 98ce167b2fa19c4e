"""Opening an LMDB environment, and writing in turn: one folder that all worker processes of a machine share.

Durability ends with the machine: nothing is synced, so a killed process loses nothing that it committed and
a power cut may lose the latest commits. What is kept in an environment, and how, is its stores' affair.
"""

from __future__ import annotations

import os
import weakref
from fcntl import LOCK_EX, LOCK_UN, flock
from pathlib import Path

import lmdb

_MAX_READERS = 1024
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
_LOCK_FILE = "write.lock"


class WriteLock:
    """Held around whatever writes to an environment, `open_db` included, by all processes that share it.

    LMDB has a lock of its own, a robust mutex, which survives the death of its holder. It does not survive the
    death of one who was just woken to become its holder, when somebody else was quicker: the next in the queue
    may then sleep until two others happen to meet. Behind this lock, which the system hands on and frees
    whoever dies, nobody ever queues for that one. Not reentrant. Raises `OSError` where its file cannot be opened.
    """

    __slots__ = ("__weakref__", "_file")

    def __init__(self, environment: lmdb.Environment) -> None:
        path = Path(environment.path(), _LOCK_FILE)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
        weakref.finalize(self, os.close, self._file)

    def __enter__(self) -> None:
        flock(self._file, LOCK_EX)

    def __exit__(self, *_: object) -> None:
        flock(self._file, LOCK_UN)


def open_environment(path: Path, map_bytes: int, databases: int) -> lmdb.Environment:
    """The environment in the folder `path`, made if it is not there; with room for `map_bytes` in all.

    `databases` is how many named databases there will be, those of `Leases` included. An environment must be
    opened after a fork and never carried over it: its locks and its readers' table belong to one process. A
    process opens each folder once. Slots of readers that died are freed.

    Raises `lmdb.Error`, and `OSError` where the folder cannot be made.
    """
    path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    path.chmod(_FOLDER_MODE)
    environment = lmdb.open(
        str(path),
        map_size=map_bytes,
        max_dbs=databases,
        max_readers=_MAX_READERS,
        mode=_FILE_MODE,
        sync=False,
        metasync=False,
        writemap=False,
    )
    environment.reader_check()
    return environment
