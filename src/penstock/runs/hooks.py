"""The nouns of webhooks: what a request has asked to be told, the events that came for it, and when these go on.

Values, and the rule of trying again (Parallel 2.14): the first time after 5 s, then twice as long each time, for up to
48 hours. Where they are kept is in `stores/hooks.py`, what an event tells of a run in `hook_reading.py`. Pure.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

FIRST_US: Final = 5 * 1_000_000
TRIED_US: Final = 48 * 3600 * 1_000_000
_MOST_DOUBLINGS: Final = 20
_MOST_ERROR: Final = 300  # characters


class HookState(StrEnum):
    """What has become of an event. Words of commands."""

    WAITING = "waiting"  # to be sent, or sent again
    SENT = "sent"
    GIVEN_UP = "given-up"


class Hook(NamedTuple):
    """A webhook that a request has asked for. `id`: the part of our address that Parallel was given in its place.

    `url` is empty where the caller wants none, and the gateway all the same. `run`: of a request that changes one.
    """

    id: str
    account: str
    gateway: str
    url: str
    call_id: str
    made_us: int
    run: str = ""


class HookEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event on its way to a caller, without its body. Times in microseconds since 1970."""

    number: int  # in the order of coming
    id: str  # `webhook-id`, by which receivers know it again
    account: str
    gateway: str
    type: str
    run_id: str = ""
    url: str
    content_type: str = ""
    size: int = 0
    state: HookState = HookState.WAITING
    came_us: int
    tries: int = 0
    next_us: int = 0  # while it waits
    until_us: int = 0  # after that it is given up
    done_us: int | None = None
    error: str = ""  # of the last try


def failed(event: HookEvent, now_us: int, error: str, after: float | None = None) -> HookEvent:
    """What becomes of an event that was not taken: it waits, or is given up. `after`: seconds that its receiver asks to
    wait.
    """
    pause_us = FIRST_US << min(event.tries, _MOST_DOUBLINGS)
    if after is not None:
        pause_us = max(pause_us, round(min(after, TRIED_US / 1e6) * 1e6))
    tried = msgspec.structs.replace(event, tries=event.tries + 1, error=error[:_MOST_ERROR])
    if now_us + pause_us > event.until_us:
        return msgspec.structs.replace(tried, state=HookState.GIVEN_UP, done_us=now_us)
    return msgspec.structs.replace(tried, next_us=now_us + pause_us)


def again(event: HookEvent, now_us: int) -> HookEvent:
    """An event that is to be sent once more, as if it had come now."""
    return msgspec.structs.replace(
        event,
        state=HookState.WAITING,
        tries=0,
        next_us=now_us,
        until_us=now_us + TRIED_US,
        done_us=None,
        error="",
    )
