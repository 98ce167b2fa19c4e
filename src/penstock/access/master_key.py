"""Where the master key comes from: the environment, a file of the operator's, or `master.key` in the data folder.

Reads, checks and makes key files; what is done with a key is in `vault.py`. Beside these there may be
`master.key.new`: the key of a rotation, which counts as soon as the directory's secrets are sealed with it.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from penstock.access.vault import KEY_BYTES, seal_label
from penstock.durable import sync_folder

KEY_VARIABLE: Final = "PENSTOCK_MASTER_KEY"
FILE_VARIABLE: Final = "PENSTOCK_MASTER_KEY_FILE"
FILE_NAME: Final = "master.key"
NEW_FILE_NAME: Final = "master.key.new"

_MOST_BYTES = 4096  # a key file has some 45
_MAKE_ONE = "make one with `openssl rand -base64 32`"


class MasterKeyError(Exception):
    """There is no usable master key. The text says what to do, and never holds a key."""


class KeySource(Enum):
    """Who keeps the master key."""

    ENVIRONMENT = KEY_VARIABLE
    OPERATOR_FILE = FILE_VARIABLE
    DATA_FOLDER = FILE_NAME


def key_source(environ: Mapping[str, str]) -> KeySource:
    """Where the master key is looked for. An empty variable is as good as none."""
    if environ.get(KEY_VARIABLE):
        return KeySource.ENVIRONMENT
    return KeySource.OPERATOR_FILE if environ.get(FILE_VARIABLE) else KeySource.DATA_FOLDER


def load_master_key(environ: Mapping[str, str], data: Path, label: bytes = b"") -> bytes | None:
    """The master key, or None when none was made yet. Raises `MasterKeyError`.

    `label` is that of the directory's secrets (`Snapshot.seal_label`). When it is not the key's, but that of
    `master.key.new`, the latter is the key: a rotation got as far as the directory. In the data folder it then
    takes its proper name.
    """
    key = _configured(environ, data)
    if not label or (key is not None and seal_label(key) == label):
        return key
    new = read_if_there(data / NEW_FILE_NAME)
    if new is None or seal_label(new) != label:
        # Another process may have finished the rotation between the two looks.
        return _configured(environ, data)
    if key_source(environ) is KeySource.DATA_FOLDER:
        _finish(data, label)
    return new


def need_master_key(environ: Mapping[str, str], data: Path, label: bytes) -> bytes:
    """`load_master_key` for who cannot go on without it, or with one that is not that of `label`."""
    key = load_master_key(environ, data, label)
    if key is None:
        raise MasterKeyError(
            f"there are stored secrets, but not the master key they were sealed with: put it back as "
            f"{data / FILE_NAME} or in {KEY_VARIABLE}, or remove the secrets and store them again"
        )
    if label and seal_label(key) != label:
        raise MasterKeyError(
            f"the stored secrets were sealed with another master key than that of "
            f"{_where(environ, data)}: use that key, or remove the secrets and store them again"
        )
    return key


def load_or_make(environ: Mapping[str, str], data: Path, random_bytes: bytes, label: bytes = b"") -> bytes:
    """The master key; `random_bytes` become it when none was made and nothing was sealed yet.

    Raises `MasterKeyError`, as `need_master_key`.
    """
    if label or load_master_key(environ, data) is not None:
        return need_master_key(environ, data, label)
    return _make(data / FILE_NAME, random_bytes)


def read_if_there(path: Path) -> bytes | None:
    """`read_key_file`, or None when there is no such file."""
    return read_key_file(path) if os.path.lexists(path) else None


def read_key_file(path: Path) -> bytes:
    """The key in a file that only its owner may read. Raises `MasterKeyError`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            _check_private(path, os.fstat(descriptor))
            text = os.read(descriptor, _MOST_BYTES)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise MasterKeyError(f"cannot read the master key in {path}: {error.strerror}") from error
    return _decoded(text, str(path))


def write_key_file(path: Path, key: bytes) -> None:
    """A new file with the key, whole as soon as it has its name, and on disk when this returns.

    Raises FileExistsError, `MasterKeyError`, and ValueError for a key of another length.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a master key has {KEY_BYTES} bytes, not {len(key)}")
    try:
        descriptor, hidden = mkstemp(prefix=".master.key.", dir=path.parent)  # with mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(base64.b64encode(key) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(hidden, path)
        finally:
            os.unlink(hidden)
        sync_folder(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise MasterKeyError(
            f"cannot make the key file {path}: {error.strerror}; check that this user may write there"
        ) from error


@contextmanager
def rotating(data: Path) -> Iterator[None]:
    """Holds off other rotations of this data folder. Raises `MasterKeyError` when there is one."""
    folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MasterKeyError("the master key is being rotated: try again when that has ended") from None
        yield
    finally:
        os.close(folder)


def finish_rotation(data: Path) -> None:
    """Gives `master.key.new` its proper name. To be called while `rotating`."""
    os.replace(data / NEW_FILE_NAME, data / FILE_NAME)
    sync_folder(data)


def _configured(environ: Mapping[str, str], data: Path) -> bytes | None:
    match key_source(environ):
        case KeySource.ENVIRONMENT:
            return _decoded(environ[KEY_VARIABLE].encode(errors="replace"), KEY_VARIABLE)
        case KeySource.OPERATOR_FILE:
            return read_key_file(Path(environ[FILE_VARIABLE]))
        case KeySource.DATA_FOLDER:
            return read_if_there(data / FILE_NAME)


def _where(environ: Mapping[str, str], data: Path) -> str:
    source = key_source(environ)
    return str(data / FILE_NAME) if source is KeySource.DATA_FOLDER else source.value


def _finish(data: Path, label: bytes) -> None:
    """Finishes a rotation that broke off, unless somebody else is at it or this user may not."""
    with suppress(MasterKeyError, OSError), rotating(data):
        new = read_if_there(data / NEW_FILE_NAME)
        if new is not None and seal_label(new) == label:
            finish_rotation(data)


def _make(path: Path, key: bytes) -> bytes:
    """Of several processes that make a key at once, the first one's counts."""
    try:
        write_key_file(path, key)
    except FileExistsError:
        return read_key_file(path)
    return key


def _check_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise MasterKeyError(f"{path} is not a file: put the master key into one, {_MAKE_ONE}")
    if found.st_uid != os.geteuid():
        raise MasterKeyError(
            f"{path} belongs to another user: `chown {os.geteuid()} {path}`, or run as its owner"
        )
    if found.st_mode & 0o077:
        raise MasterKeyError(f"others may read or write {path}: `chmod 600 {path}`")


def _decoded(text: bytes, where: str) -> bytes:
    """A key from its base64 or hexadecimal digits."""
    digits = text.strip()
    try:
        key = (
            bytes.fromhex(digits.decode())
            if len(digits) == 2 * KEY_BYTES
            else base64.b64decode(digits, validate=True)
        )
    except (ValueError, binascii.Error):
        raise MasterKeyError(
            f"the master key in {where} is neither base64 nor hexadecimal: {_MAKE_ONE}"
        ) from None
    if len(key) != KEY_BYTES:
        raise MasterKeyError(
            f"the master key in {where} has {len(key)} bytes instead of {KEY_BYTES}: {_MAKE_ONE}"
        )
    return key
