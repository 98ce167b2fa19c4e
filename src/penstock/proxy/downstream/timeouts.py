"""How long a client may keep us waiting, and for what. Pure: bounds in, seconds out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

_LINGER_SECONDS = 5.0
_PACE_SECONDS = 5.0  # over which a client's pace is looked at
_KEPT_SECONDS = 30.0  # in which it should move all that is held for it
_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """Bounds on what a client may do. Bytes, seconds, bytes a second; 0 means no limit for `max_body`."""

    max_head: int = 65536
    max_body: int = 0
    head_seconds: float = 30
    keep_alive_seconds: float = 75
    body_grace: float = 30
    body_rate: float = 500
    stalled_seconds: float = 600


class Progress:
    """What a client moves of what is held for it, while others wait for the memory. Seconds and bytes."""

    __slots__ = ("_moved", "_since")

    def __init__(self, now: float, moved: int) -> None:
        self._since = now
        self._moved = moved

    def is_too_slow(self, now: float, moved: int, held: int) -> bool:
        """Whether it would keep `held` bytes for longer than half a minute; to be asked again and again."""
        passed = now - self._since
        if passed < _PACE_SECONDS:
            return False
        slow = (moved - self._moved) * _KEPT_SECONDS < held * passed
        self._since, self._moved = now, moved
        return slow


class Waiting(Enum):
    """What a connection waits for, as far as the client can be too slow about it."""

    REQUEST = "request"
    HEAD = "head"
    BODY = "body"
    READER = "reader"
    CLOSE = "close"
    NOTHING = "nothing"


def seconds_allowed(waiting: Waiting, limits: ClientLimits, received: int) -> float:
    """Seconds that a client may take for what is waited for; `received` is the size of the body so far."""
    match waiting:
        case Waiting.REQUEST:
            return limits.keep_alive_seconds
        case Waiting.HEAD:
            return limits.head_seconds
        case Waiting.BODY:
            return limits.body_grace + (received / limits.body_rate if limits.body_rate else _FOREVER)
        case Waiting.READER:
            return limits.stalled_seconds
        case Waiting.CLOSE:
            return _LINGER_SECONDS
        case Waiting.NOTHING:
            return _FOREVER
