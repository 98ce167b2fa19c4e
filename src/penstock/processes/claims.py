"""What a start claims for itself: the data folder, the sockets, room for open files.

All of it is had before anything is forked, or the start is refused with a sentence that says what to do.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import resource
import socket
import stat
from pathlib import Path
from typing import Final, NamedTuple

from penstock.journal.segments import DIRECTORY

PRIVATE: Final = 0o077
"""What others may not do: journal, ledger and runs hold people's prompts."""

_BACKLOG = 4096
_PORT_FAULTS = (errno.EADDRINUSE, errno.EACCES, errno.EPERM)

log = logging.getLogger("penstock.supervisor")


class StartError(Exception):
    """Penstock cannot start; the text says why and what to do."""


class FolderLock(NamedTuple):
    """What only one Penstock holds of a data folder."""

    file: Path
    descriptor: int
    is_new: bool

    def give_back(self) -> None:
        """The start has failed: the folder is left as it was."""
        if self.is_new:
            self.file.unlink(missing_ok=True)
        os.close(self.descriptor)


def lock_folder(data: Path) -> FolderLock:
    """Makes sure that only one Penstock writes to a data folder. Raises `StartError`."""
    file = data / "lock"
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        while True:
            is_new = not file.exists()
            descriptor = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            _lock(data, descriptor)
            if _is(file, descriptor):
                return FolderLock(file, descriptor, is_new)
            os.close(descriptor)  # its maker has given it back meanwhile: it keeps nobody out any more
    except OSError as error:
        raise _unusable(data, error) from error


def _lock(data: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StartError(
            f"another Penstock already uses the data folder {data}; stop it, or choose another with --data"
        ) from error


def _is(file: Path, descriptor: int) -> bool:
    """Whether this is what lies there."""
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def make_private(data: Path) -> int:
    """Takes from others what they may do with files of a folder that was restored or copied; of how many."""
    count = 0
    for folder, folders, files in os.walk(data):
        for name in (*folders, *files):
            path = Path(folder, name)
            try:
                status = path.lstat()
                is_own = status.st_uid == os.geteuid() and not stat.S_ISLNK(status.st_mode)
                if is_own and status.st_mode & PRIVATE:
                    path.chmod(stat.S_IMODE(status.st_mode) & ~PRIVATE)
                    count += 1
            except (
                OSError
            ) as error:  # a file of another time, or of another's: the doctor speaks of what is wrong
                log.debug("%s stays as it is: %s", path, error)
    return count


def make_journal(data: Path) -> None:
    """The folder that workers write to, once the data folder is ours. Raises `StartError`."""
    try:
        (data / DIRECTORY).mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unusable(data, error) from error


def bind(host: str, port: int) -> socket.socket:
    """The listening socket. Raises `StartError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        other = "--port" if error.errno in _PORT_FAULTS else "--host"
        raise StartError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another {other}"
        ) from error
    return listener


def bind_unix(path: Path) -> socket.socket:
    """A listening Unix socket; one that an earlier process left behind gives way. Raises `StartError`."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise StartError(f"cannot listen on {path}: {error.strerror}; choose another --data") from error
    return listener


def _unusable(data: Path, error: OSError) -> StartError:
    return StartError(
        f"cannot use the data folder {data}: {error.strerror}: {error.filename}; choose one with --data"
    )


def raise_descriptor_limit() -> None:
    """Ten thousand streams want twenty thousand descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 1_048_576
    if soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError) as error:
            log.warning("cannot raise the limit of open files above %d: %s", soft, error)
