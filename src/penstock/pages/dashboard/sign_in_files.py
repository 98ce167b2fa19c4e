"""The dashboard's two secrets, files of the data folder: what sessions are signed with, and a link that signs in once.

All workers share them. Who reads the data folder, or the terminal of the server, may do everything here anyhow.
"""

from __future__ import annotations

import hmac
import os
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from penstock.durable import replace_file
from penstock.pages.dashboard.sessions import KEY_BYTES

KEY_FILE: Final = "dashboard.key"
LINK_FILE: Final = "dashboard.link"
LINK_BYTES: Final = 24
LINK_SECONDS: Final = 3600
"""How long a link is good for that nobody takes."""

_MOST_BYTES = 200


def session_key(data: Path, fresh: bytes) -> bytes:
    """The key of all workers; `fresh` (`KEY_BYTES` at random) becomes it where there is none yet. Raises `OSError`."""
    path = data / KEY_FILE
    known = _read(path)
    if len(known) == KEY_BYTES:
        return known
    if known:
        path.unlink(missing_ok=True)  # cut short by a power cut: who is signed in signs in again
    descriptor, hidden = mkstemp(prefix=f".{KEY_FILE}.", dir=data)  # with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(fresh)
        os.link(hidden, path)
    except FileExistsError:
        return _read(path)  # of several workers, the first one's counts
    finally:
        os.unlink(hidden)
    return fresh


def offer_link(data: Path, secret: str, now_us: int) -> None:
    """From now on this secret signs in, once; the one before does not any more. Raises `OSError`."""
    line = f"{_digest(secret)} {now_us + LINK_SECONDS * 1_000_000}\n"
    replace_file(data / LINK_FILE, line.encode())


def take_link(data: Path, secret: str, now_us: int) -> bool:
    """Whether this is the secret that was offered, and nobody has taken it."""
    path = data / LINK_FILE
    digest, _, ends_us = _read(path).decode("ascii", "replace").strip().partition(" ")
    is_right = hmac.compare_digest(digest.encode(), _digest(secret).encode())
    if not is_right or not ends_us.isdecimal() or now_us >= int(ends_us):
        return False
    try:
        path.unlink()  # of two who come with it, one gets here
    except FileNotFoundError:
        return False
    return True


def _read(path: Path) -> bytes:
    """The beginning of a file; nothing where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return b""
    try:
        return os.read(descriptor, _MOST_BYTES)
    finally:
        os.close(descriptor)


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
