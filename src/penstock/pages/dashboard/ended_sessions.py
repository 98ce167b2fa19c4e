"""Sessions that were signed out before their time, as names of files in the data folder, which all workers look at.

A folder for each token, so that whoever signs in and out without end fills none but their own, which is small: where it
is full, all sessions of this token that there are end with the one that is signed out.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from os import listdir
from pathlib import Path
from typing import Final, NamedTuple

from penstock.pages.dashboard.sessions import SECONDS, Session

FOLDER: Final = "dashboard.ended"
MOST: Final = 100
"""Sessions of one token that are kept apart."""

_ALL: Final = "all"


class _Ended(NamedTuple):
    """`which` is the digest of a session's nonce, or `all` of those that end no later."""

    ends_us: int
    which: str

    @property
    def name(self) -> str:
        return f"{self.ends_us}-{self.which}"


def end_session(data: Path, session: Session, now_us: int) -> None:
    """Nobody is signed in with it any more, in whatever browser or worker. Raises `OSError`."""
    folder = data / FOLDER / _digest(session.who)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = list(_ended(folder))
    gone = [one for one in known if one.ends_us <= now_us]
    new = _Ended(session.ends_us, _digest(session.nonce))
    if len(known) - len(gone) >= MOST:
        new, gone = _Ended(now_us + SECONDS * 1_000_000, _ALL), known
    (folder / new.name).touch(mode=0o600)
    for one in gone:
        if one != new:
            (folder / one.name).unlink(missing_ok=True)


def is_ended(data: Path, session: Session) -> bool:
    """Whether it was signed out. Raises `OSError`."""
    which = _digest(session.nonce)
    return any(
        one.which == which or (one.which == _ALL and session.ends_us <= one.ends_us)
        for one in _ended(data / FOLDER / _digest(session.who))
    )


def _ended(folder: Path) -> Iterator[_Ended]:
    try:
        names = listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        ends_us, _, which = name.partition("-")
        if ends_us.isdecimal():
            yield _Ended(int(ends_us), which)


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
