"""Files that are written as a whole, and what it takes for one to survive a power cut besides."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Readers see the old file or the new one, never a part. Nothing waits for the disk. Raises `OSError`."""
    hidden = path.with_name(f".{path.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(hidden, flags, 0o600), "wb") as file:
        file.write(data)
    hidden.replace(path)


def sync_folder(folder: Path) -> None:
    """A name that is new in a folder, or gone from it, stays so only when the folder itself is on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
