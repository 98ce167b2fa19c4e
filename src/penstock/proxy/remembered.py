"""What was worked out for names that callers make up, within bounds: who has the most of it is the first to lose it.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

MOST: Final = 4096
"""Entries; most traffic asks for few."""

LONGEST: Final = 256
"""Bytes, or letters, of a name that is remembered."""

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")
Owner = tuple[str, str]
"""Account and gateway."""


class Remembered(Generic[Key, Found]):
    """Up to `MOST` of them. `get` gives None for what is not remembered."""

    __slots__ = ("_by_owner", "_found", "get")

    def __init__(self) -> None:
        self._found: dict[Key, Found] = {}
        self._by_owner: dict[Owner, list[Key]] = {}
        self.get: Callable[[Key], Found | None] = self._found.get

    def put(self, owner: Owner, key: Key, found: Found) -> None:
        """Remembers one. Where there are enough, those of the gateway with the most are forgotten."""
        if len(self._found) >= MOST:
            greediest = max(self._by_owner.values(), key=len)
            for known in greediest:
                del self._found[known]
            greediest.clear()
        self._found[key] = found
        self._by_owner.setdefault(owner, []).append(key)
