"""How far each exporter has come, in one small file that is replaced as a whole.

Kept on disk before each delivery (what is about to go out) and after it (that it has arrived), so that a killed
process repeats exactly the last parcel and nothing else. What is delivered is not known here.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from penstock.durable import sync_folder
from penstock.stores.aside import set_aside

FILE_NAME: Final = "exports.json"
"""Below the data folder."""

log = logging.getLogger("penstock.keeper")


class Pending(msgspec.Struct, frozen=True):
    """A parcel on its way: arrivals up to `until`, begun at the wall-clock time `at_us`."""

    until: int
    at_us: int


class Cursor(msgspec.Struct, frozen=True):
    """One exporter: the arrivals up to `after` are dealt with."""

    after: int
    pending: Pending | None = None
    delivered: int = 0  # calls the receiver has taken
    refused: int = 0  # calls it will never take
    forgotten: int = 0  # arrivals that were given up because it was down for too long
    failures: int = 0  # in a row; 0 when the last delivery went well


class _File(msgspec.Struct):
    cursors: dict[str, Cursor] = {}
    forgotten_until: int = 0


class CursorFile:
    """The cursors of one installation. Only the keeper writes them."""

    def __init__(self, path: Path) -> None:
        """A file that cannot be read is set aside; every exporter then begins at the oldest arrival there is."""
        self._path = path
        self._changed = False
        self.is_lost = False
        try:
            self._file = _decode(path)
        except FileNotFoundError:
            self._file = _File()
        except (ValueError, IsADirectoryError) as error:
            done = set_aside(path, f"it cannot be read ({error})", "exporters deliver again what is kept")
            log.error("%s", done.text)
            self._file, self.is_lost = _File(), True

    @property
    def forgotten_until(self) -> int:
        """Arrivals up to this one are in the ledger no more."""
        return self._file.forgotten_until

    @forgotten_until.setter
    def forgotten_until(self, arrival: int) -> None:
        self._file.forgotten_until = arrival
        self._changed = True

    def get(self, name: str) -> Cursor | None:
        """None for an exporter that is new."""
        return self._file.cursors.get(name)

    def put(self, name: str, cursor: Cursor) -> None:
        """Remembers it until the next `save`."""
        self._file.cursors[name] = cursor
        self._changed = True

    def keep(self, names: Collection[str]) -> None:
        """Forgets all other exporters."""
        for name in self._file.cursors.keys() - set(names):
            del self._file.cursors[name]
            self._changed = True

    def save(self) -> None:
        """Writes what has changed. Raises `OSError`; then the file is what it was."""
        if not self._changed:
            return
        hidden = self._path.with_name(f".{self._path.name}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(hidden, flags, 0o600), "wb") as file:
                file.write(msgspec.json.encode(self._file))
                file.flush()
                os.fsync(file.fileno())
            hidden.replace(self._path)
        except OSError:
            with suppress(OSError):
                hidden.unlink(missing_ok=True)
            raise
        sync_folder(self._path.parent)
        self._changed = False


def read_cursors(path: Path) -> dict[str, Cursor]:
    """For whoever only looks: the cursors by exporter, none where there is no sound file."""
    try:
        return _decode(path).cursors
    except (OSError, ValueError):
        return {}


def sound_cursors(path: Path) -> bool:
    """Whether the file can be read, or is not there."""
    try:
        _decode(path)
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _decode(path: Path) -> _File:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
