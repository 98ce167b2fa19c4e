"""What a token is worth that somebody has shown, and the words for one that is not good: the same at every door.

Pure. A stranger learns nothing by it: that a token has ended is told only to who has its secret.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import msgspec

from penstock.access.tokens import matches
from penstock.stores.control_store import Token

_EVER_US: Final = 0  # a moment at which no token has expired yet


class Standing(IntEnum):
    """The better the greater."""

    NOTHING = 0
    UNKNOWN = 1  # mistyped, revoked, or none at all: a stranger is not told which
    EXPIRED = 2  # it, or this secret of it; whoever has the secret may know
    BLOCKED = 3
    GOOD = 4

    @property
    def has_ended(self) -> bool:
        """Whether it was good once, and who shows it is to know."""
        return self in (Standing.EXPIRED, Standing.BLOCKED)


NONE_SENT: Final = "no token was sent"
WHY: Final = {
    Standing.NOTHING: NONE_SENT,
    Standing.UNKNOWN: (
        "this token is not known: it is mistyped, or was revoked; `penstock keys list` has those there are"
    ),
    Standing.EXPIRED: "this token has expired, or was replaced by a new secret: `penstock keys rotate` makes one",
    Standing.BLOCKED: "this token is blocked: `penstock keys unblock` lets it in again",
}
"""Why one is not let in. One that is good is refused in the words of what it may not do."""


def standing(token: Token, secret: bytes, now_us: int) -> Standing:
    """What this secret of a token is worth."""
    if matches(token, secret, now_us):
        return Standing.GOOD
    unblocked = msgspec.structs.replace(token, blocked=False)
    if token.blocked and matches(unblocked, secret, now_us):
        return Standing.BLOCKED
    return Standing.EXPIRED if matches(unblocked, secret, _EVER_US) else Standing.UNKNOWN
