"""Webhooks in the run ledger: what callers want to be told, the events that came for them, and the verbs on both.

Nouns and protocols, beside those of runs (`stores/runs.py`), of whose engines these are verbs: an event is taken up
with what it tells of a run in one transaction. All raise `RunsUnavailable`. Times are wall-clock microseconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from penstock.runs.hook_reading import Told
from penstock.runs.hooks import Hook, HookEvent, HookState

MOST_WAITING: Final = 10_000
"""Events of a gateway that wait to be sent; and so many that do not are kept, to be sent again when asked for."""

MOST_WAITING_BYTES: Final = 256 * 1024 * 1024
"""What their bodies may come to, of those that wait and of the others."""

MOST_MARKS: Final = 200_000
"""So many events of a gateway are known again when they come twice, the latest."""

KEPT_US: Final = 7 * 24 * 3600 * 1_000_000
"""For so long an event is known again, and can be sent again: Parallel tries for two days."""

MOST_HOOKS_OF_RUN: Final = 16
"""Of one run that is changed again and again, the latest."""

MOST_CHANGES: Final = 20_000
"""Of all runs of a gateway that are changed, the latest; others live as long as the requests that they are of."""


class Arrived(NamedTuple):
    """An event that somebody has signed, for a gateway. `hook`: the id in the address that it came to, if there is one;
    `event_id`: its `webhook-id`.
    """

    account: str
    gateway: str
    hook: str
    event_id: str
    now_us: int
    content_type: str
    body: bytes
    told: Told


class Taken(NamedTuple):
    """What has become of it. `is_new`: false where it has come before. `is_lost`: nobody knows whose it is.

    `given_up`: so many others that had waited longest, for want of room.
    """

    is_new: bool = True
    is_lost: bool = False
    given_up: int = 0


class HookDue(NamedTuple):
    """An event that is to be sent now, and its body as it came."""

    event: HookEvent
    body: bytes


class Places(NamedTuple):
    """How many may be sent at once, in all, to one host, and of one gateway; and how many are being sent."""

    limit: int
    of_host: int
    of_gateway: int
    hosts: Counter[str]
    gateways: Counter[str]  # `account/gateway`


class HookQuery(msgspec.Struct, frozen=True):
    """Which events. Everything given must hold; empty means any."""

    account: str | None = None
    gateways: tuple[str, ...] = ()
    states: tuple[HookState, ...] = ()
    since_us: int | None = None
    run: str = ""
    before: int | None = None  # the number of an event that came later


ANY_EVENT: Final = HookQuery()


class HookReader(Protocol):
    """What shows and lists."""

    def hook_events(self, where: HookQuery, limit: int) -> list[HookEvent]:
        """Some of them, those that came last first."""

    def hook_event(self, number: int) -> HookEvent | None:
        """One of them."""

    def find_hook_events(self, part: str, limit: int) -> list[HookEvent]:
        """Those whose ids begin with `part`; if none does, whose ids end with it."""

    def hook_body(self, number: int) -> bytes:
        """The body of one, as it came; empty where it is not kept."""


class HookLedger(HookReader, Protocol):
    """What takes up, and sends on."""

    def hooked(self, hooks: Sequence[Hook]) -> None:
        """Remembers what a request wants to be told, before it leaves."""

    def hook_urls(self, account: str, gateway: str, ids: Collection[str]) -> dict[str, str]:
        """Callers' addresses by the ids in ours, of that gateway; empty ones where none was named."""

    def received(self, arrived: Arrived) -> Taken:
        """Takes up an event, once: what it tells of runs that are the gateway's, or nobody's; and, where its caller
        wants it, that it is to be sent on. A run that an unanswered request has made is that request's, if the event
        came to the address that was made for it.
        """

    def hooks_due(self, now_us: int, holder: str, lease_us: int, places: Places) -> list[HookDue]:
        """Events that are to be sent now, those first that wait longest, for this holder alone until its lease ends."""

    def hook_sent(self, number: int, now_us: int) -> None:
        """It was taken by its receiver."""

    def hook_failed(
        self, number: int, now_us: int, error: str, after: float | None = None
    ) -> HookEvent | None:
        """It was not; what has become of it by that. `after`: seconds that its receiver asks to wait."""

    def replay(self, numbers: Sequence[int], now_us: int) -> int:
        """Has these sent again, also those that were; how many: of some the body may not be kept any more."""

    def tidy_hooks(self, now_us: int) -> int:
        """Forgets what is too old, and gives runs of requests that were lost to who has sent these; how many."""
