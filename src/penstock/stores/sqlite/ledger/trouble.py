"""What is wrong with a ledger, as far as it is known: a quick look, and what a long one has found before.

The long look is the keeper's, who writes down what it finds; everybody else tells it. Nothing here mends anything.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from penstock.stores.facts import Unreadable
from penstock.stores.sqlite.ledger.file import ledger_facts
from penstock.stores.sqlite.looking import fault, identity, is_busy, is_empty

_SUFFIX: Final = ".fault"
_MOST_TEXT: Final = 1000


def trouble(path: Path) -> str:
    """Why the ledger cannot be used; empty if it can, also while somebody else has it locked."""
    if not path.is_file():
        return "it is a folder" if path.is_dir() else "there is none"
    if is_empty(path):
        return "it is empty"
    try:
        ledger_facts(path, 0.0)
    except Unreadable as error:
        return "" if error.__cause__ is not None and is_busy(error.__cause__) else str(error)
    return _noted(path)


def look_long(path: Path, seconds: float) -> str:
    """Looks at all of the ledger, for so long at most, and writes down what it finds; empty if that is nothing."""
    found = fault(path, seconds) or "" if path.is_file() else ""
    with suppress(OSError):
        if found:
            hidden = _note(path).with_suffix(".new")
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(hidden, flags, 0o600), "w") as file:
                file.write(f"{identity(path)}\n{found[:_MOST_TEXT]}")
            hidden.replace(_note(path))
        else:
            _note(path).unlink(missing_ok=True)
    return found


def _noted(path: Path) -> str:
    """What was found in this very file, and not in one that was here before."""
    try:
        whose, _, found = _note(path).read_text(errors="replace").partition("\n")
    except OSError:
        return ""
    return found if whose == str(identity(path)) else ""


def _note(path: Path) -> Path:
    return path.with_name(path.name + _SUFFIX)
