"""What the one who writes to a ledger does about damage: sees changes by other means than SQLite's, and begins anew.

SQLite remembers what it has read, and would write on into a file that was deleted, cut or written over. So each verb
first compares the files with what our own last writing has left of them. What a verb of the ledger does is elsewhere.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from penstock.stores.aside import set_aside
from penstock.stores.facts import Unreadable
from penstock.stores.ledger import LedgerDamaged, LedgerReplaced
from penstock.stores.sqlite.ledger.file import PARTS, ledger_facts
from penstock.stores.sqlite.looking import Place, fault, identity, place_of

LOOK_SECONDS: Final = 1.0
"""So long at most one looks at a ledger that may be damaged, while calls wait in the journal."""

_LOOK_AGAIN_SECONDS: Final = 30.0  # others change the ledger, too: retention, notes
_LOG: Final = "-wal"


class Watch:
    """Over the files of one ledger, while it is open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + _LOG)
        self._places: tuple[Place, Place] = (place_of(path), place_of(self._log))
        self._not_before = 0.0

    def seen(self) -> None:
        """All is as it should be now: it was just opened, or written by ourselves."""
        self._places = place_of(self._path), place_of(self._log)

    def look(self) -> None:
        """Raises `LedgerDamaged`, and `LedgerReplaced` where another file stands in its place."""
        now = place_of(self._path), place_of(self._log)
        if now == self._places:
            return
        (file, log), (was, log_was) = now, self._places
        if file.identity != was.identity:
            self._leave()
        if file.size < was.size:
            raise LedgerDamaged(f"it was cut from {was.size} to {file.size} bytes")
        if log_was.identity is not None and (log.identity != log_was.identity or log.size < log_was.size):
            raise LedgerDamaged(f"{self._log.name} was cut, replaced or deleted")
        if os.times().elapsed >= self._not_before:
            self._not_before = os.times().elapsed + _LOOK_AGAIN_SECONDS
            if found := fault(self._path, LOOK_SECONDS):
                raise LedgerDamaged(found)
        self.seen()

    def _leave(self) -> NoReturn:
        """The file is not in its place any more. Its log would be taken for one of the next one, and goes, too."""
        is_gone = identity(self._path) is None
        if not is_gone and identity(self._log) == self._places[1].identity:
            _without_log(self._path, "its ledger was taken away")
        if is_gone:
            raise LedgerDamaged("it was deleted while it was used")
        raise LedgerReplaced("another file was put in its place")


def begun_anew(path: Path, why: str) -> str:
    """Sets aside what is damaged of a ledger that nobody here has open; what is to be said. Raises `OSError`.

    First only its log, the changes that are not in the file itself yet: often it is sound as it was before them.
    """
    lost = _lost(path)
    log = path.with_name(path.name + _LOG)
    moved = ""
    if path.exists() and log.exists() and log.stat().st_size:
        said, moved = _without_log(path, why)
        if fault(path, LOOK_SECONDS) == "":
            return said
    done = set_aside(path, why, lost, PARTS)
    if moved and done.moved_to:  # it belongs to it, for whoever may get something out of both
        with suppress(OSError):
            path.with_name(moved).rename(path.with_name(done.moved_to + _LOG))
    return done.text


def _without_log(path: Path, why: str) -> tuple[str, str]:
    """Sets aside the log of a ledger; what is to be said, and its name since."""
    lost = f"{path.name} is as it was before it; calls since then are stored again if the journal has records of them"
    done = set_aside(path.with_name(path.name + _LOG), why, lost)
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)  # what is in which place of the log
    return done.text, done.moved_to


def _lost(path: Path) -> str:
    """What is lost with a damaged ledger, as far as it can be said."""
    try:
        facts = ledger_facts(path)
    except Unreadable:
        facts = None
    if facts is None:
        return "how many calls it holds cannot be told; those of which the journal still has records are stored again"
    return f"of the {facts.calls} calls it had taken in, those are stored again of which the journal still has records"
