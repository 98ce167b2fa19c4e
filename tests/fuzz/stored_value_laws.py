"""Values out of stores that callers and broken disks can change: read, or called damaged, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from penstock.export.cursors import read_cursors
from penstock.stores.lmdb import reply_codec


def a_stored_value_is_read_or_called_damaged(data: bytes) -> None:
    """The first byte says what the value is taken for."""
    kind, value = data[:1], data[1:]
    match kind:
        case b"r":
            reply_codec.record(value)
        case b"c":
            reply_codec.card(value)
        case b"t":
            reply_codec.totals(value)
        case _:
            _cursors(value)


def _cursors(data: bytes) -> None:
    fd = os.memfd_create("cursors")
    try:
        os.write(fd, data)
        read_cursors(Path(f"/proc/self/fd/{fd}"))
    finally:
        os.close(fd)
