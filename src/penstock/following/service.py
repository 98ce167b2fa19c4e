"""What is done for runs while nobody of ours looks: following, telling on, writing off what was lost, forgetting.

Each is a task of its own within the keeper, so that none holds up another; what goes wrong with one is said and tried
again. What each of them does is in the other files here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from penstock.clock import Clock
from penstock.following.access import CountersAccess, RunsAccess
from penstock.following.follower import Follower
from penstock.following.hooks import Forwarder
from penstock.following.plan import FollowPlan
from penstock.following.telling import Teller
from penstock.stores.counters import CountersUnavailable
from penstock.stores.ledger import LedgerUnavailable
from penstock.stores.runs import REPEATED_US, RunLedger, RunsUnavailable

STEP_SECONDS: Final = 1.0
"""So often one looks at what is due, and at what is to be told."""

TIDY_SECONDS: Final = 60.0
"""So often one looks for what was lost, and forgets what is old."""

FORGOTTEN_AT_ONCE: Final = 200

_ERROR_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.05  # between two steps of forgetting, in which others write

log = logging.getLogger("penstock.following")

Work = Callable[[RunLedger], Awaitable[None]]


@dataclass(slots=True)
class Following:
    """Of one data folder. `serving_since` says since when those serve that serve now, in microseconds: what was under
    way before is lost; None: that cannot be told. `log_failed` hears that the log cannot be used.
    """

    runs: RunsAccess
    counters: CountersAccess
    teller: Teller
    follower: Follower
    forwarder: Forwarder
    clock: Clock
    serving_since: Callable[[], int | None]
    log_failed: Callable[[LedgerUnavailable], None]
    plan: FollowPlan = field(default_factory=FollowPlan)
    _uncounted: bool = False

    def take_up(self, plan: FollowPlan) -> None:
        """From now on goes by this."""
        self.plan = self.follower.plan = plan
        self.forwarder.plan = plan.hooks

    async def run(self) -> None:
        """Works until it is cancelled."""
        works = (
            (self.follow, STEP_SECONDS),
            (self.forward, STEP_SECONDS),
            (self.tell, STEP_SECONDS),
            (self.tidy, TIDY_SECONDS),
        )
        try:
            async with asyncio.TaskGroup() as group:
                for work, seconds in works:
                    group.create_task(self._repeat(work, seconds))
        finally:
            await self.follower.stop()
            await self.forwarder.stop()
            self.counters.close()
            self.runs.close()

    async def follow(self, runs: RunLedger) -> None:
        """Begins to look at what is due."""
        self.follower.step(runs)

    async def forward(self, runs: RunLedger) -> None:
        """Begins to send events on that are due."""
        self.forwarder.step(runs)

    async def tell(self, runs: RunLedger) -> None:
        """Tells on what calls have come to. Raises what `Teller.tell` does."""
        await self.teller.tell(runs, self.plan.unlogged)

    async def tidy(self, runs: RunLedger) -> None:
        """Writes off requests whose worker is gone, unless an event has told what they made; forgets what is old."""
        now_us = self.clock.now_us()
        lost = runs.lost(self.serving_since() or now_us - REPEATED_US)
        if lost:
            log.warning(
                "requests that make runs were under way when their worker ended (%d): whether they have made any is "
                "not known, and they are not sent again",
                lost,
            )
        if claimed := runs.tidy_hooks(now_us):
            log.info("runs of requests whose answers were lost were told of by events (%d)", claimed)
        if self.plan.kept is not None:
            before_us = now_us - self.plan.kept * 1_000_000
            while runs.forget(before_us, FORGOTTEN_AT_ONCE) == FORGOTTEN_AT_ONCE:
                await self.clock.sleep(_PAUSE_SECONDS)

    async def _repeat(self, work: Work, seconds: float) -> None:
        while True:
            pause = seconds if await self._try(work) else max(seconds, _ERROR_SECONDS)
            await self.clock.sleep(pause)

    async def _try(self, work: Work) -> bool:
        try:
            runs = self.runs.ledger()
            if runs is not None:
                await work(runs)
                self.runs.worked()
        except RunsUnavailable as error:
            self.runs.failed(error)
        except LedgerUnavailable as error:
            self.log_failed(error)
        except CountersUnavailable as error:
            if not self._uncounted:
                log.error("what limits have counted cannot be corrected now, this is tried again: %s", error)
            self._uncounted = True
        except Exception:
            log.exception("following runs: this is tried again")
        else:
            if work == self.tell:
                self._uncounted = False
            return True
        return False
