"""What a writer remembers of names that callers choose: the latest ones, in a bounded number of bytes.

Two generations of pairs. The newer one takes what is put and what is found again in the older one; when it is full,
it becomes the older one, and that is forgotten. So names in steady use stay, and those that come once go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from sys import getsizeof
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Sized | None)
V = TypeVar("V")

GENERATION_BYTES: Final = 1024 * 1024
LONGEST: Final = 512
"""Longer keys are not remembered: a few of them would push out all others."""

_PAIR_BYTES = 130  # in the tables of a dictionary, half full as they may be


class Recent(Generic[K, V]):
    """Pairs that were put, as long as there is room for them.

    `newer` may be read as it is; a key that is not in it may still be known to `get`. Those of `always` never go.
    """

    __slots__ = ("_always", "_bytes", "_most_bytes", "_older", "newer")

    def __init__(self, always: Mapping[K, V], generation_bytes: int = GENERATION_BYTES) -> None:
        self._always = always
        self._most_bytes = generation_bytes
        self._older: dict[K, V] = {}
        self.newer: dict[K, V] = dict(always)
        self._bytes = 0

    def get(self, key: K) -> V | None:
        """What was put for the key."""
        found = self.newer.get(key)
        if found is None and (found := self._older.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        """Remembers a pair, unless the key is too long."""
        if key is None or len(key) > LONGEST:
            return
        if self._bytes >= self._most_bytes:
            self._older, self.newer, self._bytes = self.newer, dict(self._always), 0
        self.newer[key] = value
        self._bytes += getsizeof(key) + getsizeof(value) + _PAIR_BYTES
