"""What became of files when they were read, kept from one start to the next: a broken file is not read anew each time.

The file is a cache, as the index is: one that cannot be read is no loss.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from parallel_local.documents.folder import FileStamp
from parallel_local.private import private_file

_VERSION = 1


class Remark(msgspec.Struct, frozen=True):
    """What is to be said of a file as it was at a stamp. `taken`: it is a document all the same."""

    stamp: FileStamp
    text: str
    taken: bool = False
    lasting: bool = True


class _Kept(msgspec.Struct):
    version: int
    remarks: list[Remark]


def remembered(file: Path) -> dict[str, Remark]:
    """The remarks of the last time, by path."""
    try:
        if file.exists():
            private_file(file)
        kept = msgspec.json.decode(file.read_bytes(), type=_Kept)
    except (OSError, msgspec.MsgspecError):
        return {}
    return {remark.stamp.path: remark for remark in kept.remarks} if kept.version == _VERSION else {}


def remember(file: Path, remarks: Mapping[str, Remark]) -> None:
    """Keeps what holds for longer than this process: not what another package or more time would change."""
    lasting = [remark for remark in remarks.values() if remark.lasting]
    new = file.with_name(f"{file.name}.new")
    with suppress(OSError):  # a full disk: the files are looked at again
        private_file(new)
        new.write_bytes(msgspec.json.encode(_Kept(_VERSION, lasting)))
        os.replace(new, file)
