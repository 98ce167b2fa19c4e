"""Setting aside what is damaged: a file or folder of the data folder gets another name, and it is written down.

What is set aside is kept for whoever may get something out of it, within bounds, so that a crash loop fills no disk.
The list of what happened is small, and is what `penstock doctor`, `/readyz` and `/metrics` tell from. Whether
something is damaged is not known here, nor what takes its place.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from penstock.durable import sync_folder

FILE_NAME: Final = "set-aside.jsonl"
"""Below the data folder: one JSON object a line, oldest first."""

KEPT: Final = 3
"""So many of a kind are kept; of more, the smallest go first."""

_LARGEST_LIST: Final = 64 * 1024
_LINES_LEFT: Final = 100
_MARK: Final = ".damaged-"
_BLOCK_BYTES: Final = 512


class SetAside(msgspec.Struct, frozen=True):
    """One thing that happened to a store."""

    at_us: int
    store: str  # the name of its file or folder
    why: str
    moved_to: str = ""  # its name since; empty: there was nothing left of it
    lost: str = ""  # what is lost with it, as far as it can be said

    @property
    def text(self) -> str:
        """In one sentence."""
        moved = f"it was set aside as {self.moved_to}" if self.moved_to else "it was made anew"
        return f"{self.store}: {self.why}; {moved}" + (f"; {self.lost}" if self.lost else "")


def set_aside(path: Path, why: str, lost: str = "", parts: Sequence[str] = ()) -> SetAside:
    """Renames what is at `path`, and the files beside it whose names go on with one of `parts`; what is to be said.

    Raises `OSError` where it cannot be renamed; then it is where it was.
    """
    now_us = _now_us()
    target = _free_name(path, now_us)
    moved = target.name
    try:
        path.rename(target)  # first: nobody makes new parts for what is not there
    except FileNotFoundError:
        moved = ""
    for part in parts:
        with suppress(FileNotFoundError):
            path.with_name(path.name + part).rename(target.with_name(target.name + part))
    with suppress(OSError):
        sync_folder(path.parent)
        _make_room(path, parts)
    return note(path, why, moved, lost, now_us)


def note(path: Path, why: str, moved_to: str = "", lost: str = "", now_us: int | None = None) -> SetAside:
    """Writes down what happened to a store; a full disk only leaves that out."""
    done = SetAside(_now_us() if now_us is None else now_us, path.name, why, moved_to, lost)
    listed = path.with_name(FILE_NAME)
    with suppress(OSError):
        _shorten(listed)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(listed, flags, 0o600), "ab", buffering=0) as file:
            file.write(msgspec.json.encode(done) + b"\n")
    return done


def happened(data: Path) -> list[SetAside]:
    """What happened in a data folder, oldest first, as far as the list can be read."""
    found = []
    for line in _lines(data / FILE_NAME):
        with suppress(msgspec.MsgspecError, UnicodeError):
            found.append(msgspec.json.decode(line, type=SetAside))
    return found


def still_there(data: Path) -> list[SetAside]:
    """Of what happened, that whose remains nobody has taken away yet."""
    return [one for one in happened(data) if one.moved_to and os.path.lexists(data / one.moved_to)]


def _now_us() -> int:
    """What happened is dated for people; nothing goes by it, and no call passes through here."""
    return int(datetime.now(UTC).timestamp() * 1_000_000)


def _free_name(path: Path, now_us: int) -> Path:
    moment = datetime.fromtimestamp(now_us / 1e6, UTC)
    name = f"{path.name}{_MARK}{moment:%Y%m%dT%H%M%S}"
    number = 1
    while os.path.lexists(path.with_name(name)):
        number += 1
        name = f"{path.name}{_MARK}{moment:%Y%m%dT%H%M%S}-{number}"
    return path.with_name(name)


def _make_room(path: Path, parts: Sequence[str]) -> None:
    kept = [one for one in path.parent.glob(f"{path.name}{_MARK}*") if not any(map(one.name.endswith, parts))]
    for one in sorted(kept, key=_size)[: max(0, len(kept) - KEPT)]:
        for part in ("", *parts):
            _remove(one.with_name(one.name + part))


def _size(path: Path) -> int:
    """What it takes of the disk."""
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.lstat().st_blocks * _BLOCK_BYTES for file in files)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _lines(listed: Path) -> list[bytes]:
    try:
        return listed.read_bytes()[-2 * _LARGEST_LIST :].splitlines()
    except OSError:
        return []


def _shorten(listed: Path) -> None:
    """The oldest lines go; what damaged this file goes with them."""
    if listed.is_dir() or (listed.exists() and listed.stat().st_size > _LARGEST_LIST):
        left = b"".join(line + b"\n" for line in _lines(listed)[-_LINES_LEFT:])
        hidden = listed.with_name(f".{listed.name}.new")
        hidden.write_bytes(left)
        _remove(listed)
        hidden.replace(listed)
