"""Opening an LMDB environment, and writing in turn: one folder that all worker processes of a machine share.

Durability ends with the machine: nothing is synced, so a killed process loses nothing that it committed and
a power cut may lose the latest commits. What is damage, and what only a failure, is said here, too. What is kept in
an environment, and how, is its stores' affair.
"""

from __future__ import annotations

import os
import struct
import weakref
from contextlib import AbstractContextManager, nullcontext
from fcntl import LOCK_EX, LOCK_UN, flock
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, cast

import lmdb
import msgspec

DATA_FILE: Final = "data.mdb"

FAILURES: Final = (
    lmdb.Error,
    OSError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    struct.error,
    msgspec.MsgspecError,
)
"""What a verb may fail with: the engine, a damaged value, an amount too large for the stored form."""

_DAMAGES: Final = (
    lmdb.BadRslotError,
    lmdb.CorruptedError,
    lmdb.CursorFullError,
    lmdb.IncompatibleError,
    lmdb.InvalidError,
    lmdb.PageFullError,
    lmdb.PageNotFoundError,
    lmdb.PanicError,
    lmdb.VersionMismatchError,
    IsADirectoryError,
    NotADirectoryError,
)
_WANTS: Final = (
    lmdb.DiskError,
    lmdb.LockError,
    lmdb.MapFullError,
    lmdb.MemoryError,
    lmdb.ReadersFullError,
    lmdb.ReadonlyError,
    lmdb.TlsFullError,
)
_MAX_READERS = 1024
_READER_BYTES = 64
_LOCK_BYTES = (_MAX_READERS + 2) * _READER_BYTES
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

    Raises `lmdb.Error`, and `OSError` where the folder cannot be made or has no room.
    """
    path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    path.chmod(_FOLDER_MODE)
    _take_room(path / "lock.mdb")
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


class Unopened:
    """Stands in for an environment that could not be opened: every transaction fails with the reason."""

    def __init__(self, why: str) -> None:
        self._why = why

    def begin(
        self,
        db: lmdb._Database | None = None,
        parent: None = None,
        write: bool = False,
        buffers: bool = False,
    ) -> NoReturn:
        raise lmdb.Error(self._why)

    def reader_check(self) -> NoReturn:
        raise lmdb.Error(self._why)

    def info(self) -> NoReturn:
        raise lmdb.Error(self._why)

    def open_db(self, _name: bytes) -> lmdb._Database:
        """A handle that is never used, for there will be no transaction."""
        return cast("lmdb._Database", None)


AnyEnvironment = lmdb.Environment | Unopened


def write_lock(environment: AnyEnvironment) -> AbstractContextManager[None]:
    """The `WriteLock` of an environment."""
    return nullcontext() if isinstance(environment, Unopened) else WriteLock(environment)


def is_want(error: BaseException | None) -> bool:
    """Whether an error says that something is lacking: room, memory, permission. The store may be a sound one."""
    if isinstance(error, OSError):
        return not isinstance(error, IsADirectoryError | NotADirectoryError)
    return isinstance(error, _WANTS)


def is_damage(error: BaseException) -> bool:
    """Whether an error says that the store is no sound one. Neither a want of room nor a bad amount does."""
    return isinstance(error, _DAMAGES)


class Suspicion(NamedTuple):
    """Why a store may be damaged. What is not certain may be a value of its own, or a caller's that is too large."""

    why: str
    is_certain: bool


def suspicion_of(error: BaseException) -> Suspicion | None:
    """What an error makes one suspect; None for a want."""
    if is_damage(error):
        return Suspicion(str(error), is_certain=True)
    if is_want(error):
        return None
    return Suspicion(f"{type(error).__name__}: {error}", is_certain=False)


def _take_room(path: Path) -> None:
    """LMDB writes to this file through a map: where the disk has no room for it, that would end the process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
    try:
        os.posix_fallocate(descriptor, 0, os.fstat(descriptor).st_size or _LOCK_BYTES)
    finally:
        os.close(descriptor)
