"""Work that may be long, cut into pieces: what a generator of them is, and doing all of them at once. Pure.

Whoever has an event loop lets others have their turns between two pieces (`proxy/long_work.py`); a process of its own
need not.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")

Pieces = Generator[int, None, T]
"""Tells after each piece how many bytes it has looked at, or as many as would have taken as long."""


def finished(work: Pieces[T]) -> T:
    """What comes of it, at once."""
    while True:
        try:
            next(work)
        except StopIteration as stopped:
            found: T = stopped.value
            return found
