"""Several stored keys under one alias: which one a call takes, and which are left alone for a while.

State of one worker. The keys are opaque here, and so is why a provider refuses one; every time is monotonic
seconds and comes in as an argument. Cloudflare knows one key per alias (3.13); more than one is our extension.
"""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")

_REFUSALS = frozenset({401, 402, 403})
_TOO_MANY = 429
_FIRST_PAUSE = 60.0
_LONGEST_PAUSE = 900.0
_SHORTEST_PAUSE = 1.0
_PAUSE_WHEN_NOT_TOLD = 10.0


def refused(status: int) -> bool:
    """Whether an answer is about the key rather than the call: 401, 402, 403 and 429."""
    return status in _REFUSALS or status == _TOO_MANY


class KeyPool(Generic[K]):
    """Keys taken in turn. One that was refused is set aside and comes back by itself."""

    __slots__ = ("_back_at", "_next", "_pauses", "keys")

    def __init__(self, keys: tuple[K, ...]) -> None:
        """Raises ValueError without a key."""
        if not keys:
            raise ValueError("a pool needs at least one key")
        self.keys = keys
        self._next = 0
        self._back_at = [0.0] * len(keys)
        self._pauses = [0.0] * len(keys)  # how long each was last refused for; 0: it works

    def choose(self, now: float) -> int:
        """The index of the key to use: the next one not set aside, or else the one that comes back first."""
        count = len(self.keys)
        if count == 1:
            return 0
        back_at = self._back_at
        for step in range(count):
            index = (self._next + step) % count
            if back_at[index] <= now:
                self._next = index + 1
                return index
        return min(range(count), key=back_at.__getitem__)

    def others(self, first: int, now: float) -> list[int]:
        """The keys that may take the place of one that was chosen, in their turn: those not set aside."""
        count = len(self.keys)
        turns = [(first + step) % count for step in range(1, count)]
        return [index for index in turns if self._back_at[index] <= now]

    def take(self, index: int) -> None:
        """The key is used: the next turn is the one's behind it."""
        self._next = index + 1

    def is_available(self, index: int, now: float) -> bool:
        """Whether a key is not set aside."""
        return self._back_at[index] <= now

    def set_aside(
        self, index: int, now: float, status: int, retry_after: float | None, *, hopeless: bool = False
    ) -> None:
        """Leaves out a key after an answer that `refused` speaks of; `retry_after` in seconds.

        After 401, 402 and 403 for a minute, twice as long each time it repeats, up to fifteen minutes; likewise after
        a 429 that is `hopeless`: the provider says not to try again, and not when, as of a quota that is used up. After
        another 429 for as long as the provider says, from a second to fifteen minutes, or ten seconds. A refusal that
        comes while the key is set aside is of a call sent before, or for want of a better key: it may make the
        pause end later, but is no repetition.
        """
        if status == _TOO_MANY and not (hopeless and retry_after is None):
            asked = _PAUSE_WHEN_NOT_TOLD if retry_after is None else retry_after
            pause = min(max(asked, _SHORTEST_PAUSE), _LONGEST_PAUSE)
        else:
            pause = self._pause_after_refusal(index, now)
        self._back_at[index] = max(self._back_at[index], now + pause)

    def away(self, now: float) -> list[tuple[K, float]]:
        """The keys that are set aside, each with the seconds left."""
        return [
            (key, back_at - now)
            for key, back_at in zip(self.keys, self._back_at, strict=True)
            if back_at > now
        ]

    def restore(self, index: int) -> None:
        """The key was accepted: it takes part again, and its next refusal is a first one."""
        if self._back_at[index]:
            self._back_at[index] = self._pauses[index] = 0.0

    def _pause_after_refusal(self, index: int, now: float) -> float:
        pause = self._pauses[index]
        if not pause:
            pause = _FIRST_PAUSE
        elif self._back_at[index] <= now:
            pause = min(pause * 2, _LONGEST_PAUSE)
        self._pauses[index] = pause
        return pause
