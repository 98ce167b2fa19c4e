"""Files and folders of the engine's own that only their owner may open: they hold what the documents say.

For folders that were there before, and files that an earlier version made readable, too. A data folder is one
process's at a time.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOCK = "lock"
FOLDER_MODE = 0o700
FILE_MODE = 0o600


class InUse(Exception):
    """Another process has the data folder."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Has a data folder for this process alone; however that ends, the folder is free then. Raises `InUse`."""
    private_folder(folder)
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUse from error
        yield
    finally:
        os.close(lock)


def private_folder(path: Path) -> None:
    """Makes the folder, and those above it that are missing; what others could enter they cannot any more."""
    for missing in [folder for folder in (path, *path.parents) if not folder.exists()][::-1]:
        with suppress(FileExistsError):
            missing.mkdir(mode=FOLDER_MODE)
    mode = path.stat().st_mode
    is_shared = mode & stat.S_ISVTX  # not ours to close, and files in it are private by themselves
    if mode & 0o077 and not is_shared:
        with suppress(PermissionError):
            path.chmod(FOLDER_MODE)


def private_file(path: Path) -> None:
    """Makes the file, if it is not there. SQLite gives what it makes beside a database the mode of that."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
    for each in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        with suppress(FileNotFoundError, PermissionError):
            if each.stat().st_mode & 0o077:
                each.chmod(FILE_MODE)
