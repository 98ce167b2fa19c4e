"""The access tokens of one worker, in memory: bounded, and in shares of who had them made.

Callers may make up accounts, so one that makes many pushes out its own first (decision 0035). No I/O, no clock.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec

_MOST: Final = 1024


class Held(msgspec.Struct, eq=False):
    """A token. Times are wall-clock microseconds; one that was refused has ended."""

    token: bytes
    ends_us: int
    share: str
    renew_us: int  # when to begin looking for the next one

    def __repr__(self) -> str:
        return f"Held(ends_us={self.ends_us})"


class HeldTokens:
    """Tokens by what they were made of."""

    __slots__ = ("_all", "_most", "_of_share")

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._all: dict[bytes, Held] = {}
        self._of_share: dict[str, OrderedDict[bytes, None]] = {}

    def get(self, account: bytes) -> Held | None:
        """What is held, good or not. Counts as a use."""
        held = self._all.get(account)
        if held is not None:
            self._of_share[held.share].move_to_end(account)
        return held

    def keep(self, account: bytes, held: Held) -> None:
        """Holds a token in place of an older one. The longest unused goes, of the share with the most."""
        self.drop(account)
        self._all[account] = held
        self._of_share.setdefault(held.share, OrderedDict())[account] = None
        if len(self._all) > self._most:
            largest = max(self._of_share.values(), key=len)
            self.drop(next(iter(largest)))

    def drop(self, account: bytes) -> None:
        """Forgets it."""
        held = self._all.pop(account, None)
        if held is None:
            return
        share = self._of_share[held.share]
        del share[account]
        if not share:
            del self._of_share[held.share]

    def drop_ended(self, now_us: int) -> None:
        """Forgets what is good for nothing any more."""
        for account in [account for account, held in self._all.items() if held.ends_us <= now_us]:
            self.drop(account)

    def __len__(self) -> int:
        return len(self._all)
