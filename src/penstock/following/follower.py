"""Following runs that nobody looks at: each is looked at when it is due, by one process at a time, a few at once.

How often a run is looked at is decided in `runs/pace.py`, what is asked of the provider in `looks.py`, what a sighting
makes of a run in the run ledger. A run is leased for a look, so that who dies while looking holds it up for no longer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from penstock.clock import Clock
from penstock.following.looks import Looks, Unseen, Why
from penstock.following.plan import FollowPlan
from penstock.runs.money import COMPLETED
from penstock.runs.pace import is_stuck, next_look, rests
from penstock.runs.run import Run, RunKind, SeenBy, Sighting
from penstock.stores.runs import Due, RunLedger, RunQuery, RunsUnavailable, Seen

AT_ONCE: Final = 8
"""So many looks are under way at most, and so many are begun in one step."""

LEASE_US: Final = 180 * 1_000_000

_LOOK_SECONDS: Final = 120.0  # for all requests of one look; well within its lease
_ROUNDS: Final = 50  # of asking for what is due, in one step, where what is due can wait
_FEW: Final = 4  # runs of a group that are looked at one by one, where more would be read in one answer
_PAGES: Final = 5  # of a monitor's executions: more than the provider lists
_MOST_RESULTS: Final = 10_000  # that are still to be fetched
_SECOND: Final = 1_000_000
_HOUR_US: Final = 3600 * _SECOND
_LEFT_US: Final = 600 * _SECOND  # a run whose group is looked at is left alone for so long
_STALE: Final = "stale"
_UNSEEN: Final = frozenset({"gone", "unreachable"})
_ENDED: Final = frozenset({"completed", "failed", "cancelled"})  # of the runs that a group counts

Work = Callable[[], Coroutine[None, None, None]]

log = logging.getLogger("penstock.following")


class Follower:
    """Follows the runs of one ledger, under a `holder`'s name that no other process ever has."""

    def __init__(self, looks: Looks, clock: Clock, holder: str) -> None:
        self.plan = FollowPlan()
        """To be set anew at each change; a look that is under way keeps the one that it began with."""
        self._looks = looks
        self._clock = clock
        self._holder = holder
        self._tasks: set[asyncio.Task[None]] = set()
        self._watched: set[str] = set()  # what is being looked at
        self._results: deque[Run] = deque(maxlen=_MOST_RESULTS)
        self._troubles: dict[str, str] = {}  # by origin

    def step(self, ledger: RunLedger) -> int:
        """Begins to look at what is due, as far as there is room; how many looks. To be called about once a second.

        Raises `RunsUnavailable`.
        """
        before = len(self._tasks)
        while self._results and len(self._tasks) < AT_ONCE // 2:
            self._begin(partial(self._fetch, ledger, self.plan, self._results.popleft()))
        for _ in range(_ROUNDS):
            free = AT_ONCE - len(self._tasks)
            found = ledger.due(self._clock.now_us(), self._holder, LEASE_US, free) if free > 0 else []
            for due in found:
                self._take(ledger, due)
            if not found:
                break
        return len(self._tasks) - before

    async def idle(self) -> None:
        """Waits until nothing is being looked at."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Ends what is under way; its leases end by themselves."""
        for task in self._tasks:
            task.cancel()
        await self.idle()

    # -- what is due

    def _take(self, ledger: RunLedger, due: Due) -> None:
        """Looks at it, or puts it off."""
        run, now_us, plan = due.run, self._clock.now_us(), self.plan
        later = rests(run, now_us, self._clock.chance())
        if not plan.follows(run):
            self._put_off(ledger, due, now_us + _HOUR_US)
        elif later is not None:
            self._put_off(ledger, due, later)
        elif not plan.keys_of(run) or not plan.url(run, ""):
            self._failed(ledger, due, Unseen(Why.UNREACHABLE))
        elif seconds := self._looks.rest(plan, run):
            self._put_off(ledger, due, now_us + round(seconds * _SECOND))
        elif run.id in self._watched:
            self._put_off(ledger, due, next_look(run, 0, now_us, self._clock.chance()))
        elif (group := self._group_of(ledger, run)) is None:
            self._begin(partial(self._look, ledger, due, plan), run.id)
        else:
            self._put_off(ledger, due, now_us + round(_LEFT_US * (0.8 + 0.4 * self._clock.chance())))
            if not group.is_active and group.id not in self._watched:
                self._begin(partial(self._look, ledger, Due(group, 0), plan), group.id)

    def _group_of(self, ledger: RunLedger, run: Run) -> Run | None:
        """The group that tells of this run, too: one that is looked at, or has been given the run since it was."""
        group = ledger.get(run.parent) if run.parent and run.kind is RunKind.TASK else None
        if group is None or group.kind is not RunKind.GROUP or not group.stored_key:
            return None
        if not _UNSEEN.isdisjoint(group.flags) or not self.plan.follows(group):
            return None
        return group if group.is_active or group.seen_us < run.created_us else None

    def _put_off(self, ledger: RunLedger, due: Due, until_us: int) -> None:
        self._give_back(ledger, due.run, until_us, due.failures)

    # -- looking

    def _begin(self, work: Work, name: str = "") -> None:
        self._watched.add(name)
        task = asyncio.create_task(self._done(work, name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _done(self, work: Work, name: str) -> None:
        """What goes wrong with one is nothing to end the others for. Its lease ends by itself."""
        try:
            await work()
        except RunsUnavailable:
            pass  # whoever asks what is due next says so
        except Exception:
            log.exception("run %s: this is tried again", name)
        finally:
            self._watched.discard(name)

    async def _look(self, ledger: RunLedger, due: Due, plan: FollowPlan) -> None:
        run, frequency, is_over = due.run, "", False
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                match run.kind:
                    case RunKind.GROUP:
                        await self._look_at_group(ledger, run, plan)
                    case RunKind.MONITOR:
                        frequency = await self._look_at_monitor(ledger, run, plan)
                    case _:
                        is_over = self._saw(ledger, (await self._looks.state(plan, run))[0])
        except Unseen as error:
            self._failed(ledger, due, error)
            return
        except TimeoutError:
            self._failed(ledger, due, Unseen(Why.FAILED, reason="no answer in time"))
            return
        if self._troubles.pop(run.origin, None) is not None:
            log.info("runs at %s can be looked at again", run.origin)
        if not is_over:
            after = run if run.kind is RunKind.TASK else ledger.get(run.id) or run
            now_us = self._clock.now_us()
            self._give_back(
                ledger, after, next_look(after, 0, now_us, self._clock.chance(), frequency=frequency), 0
            )

    async def _look_at_group(self, ledger: RunLedger, group: Run, plan: FollowPlan) -> None:
        """Its runs are looked at only where it says that something has become of them; they are taken up with it, so
        that a crash forgets neither.
        """
        (told, *_), _ = await self._looks.state(plan, group)
        active = RunQuery(parent=group.id, active=True)
        runs = ledger.runs(active, _FEW + 1)
        seen: list[Sighting] = []
        if runs and _has_news(group, told, ledger.count(active)):
            if len(runs) > _FEW or not all(map(plan.keys_of, runs)):
                seen = await self._looks.group_runs(plan, group)
            else:
                for run in runs:
                    with suppress(Unseen):  # it will be looked at by itself
                        seen += (await self._looks.state(plan, run))[0]
        self._saw(ledger, [*seen, told])

    async def _look_at_monitor(self, ledger: RunLedger, monitor: Run, plan: FollowPlan) -> str:
        """Back to the last execution that is known; how often it is executed."""
        seen, frequency = await self._looks.state(plan, monitor)
        self._saw(ledger, seen)
        cursor, known = "", _executions(ledger, monitor)
        for _ in range(_PAGES):
            page = await self._looks.executions(plan, monitor, cursor)
            self._saw(ledger, page.seen)
            before, known = known, _executions(ledger, monitor)
            told = sum(len(one.executions) for one in page.seen)
            cursor = page.cursor
            if not cursor or known - before < told:
                break
        return frequency

    async def _fetch(self, ledger: RunLedger, plan: FollowPlan, run: Run) -> None:
        """What a completed run has brought, once: it costs nothing, and may be asked for when the provider is away."""
        with suppress(Unseen):
            found = await self._looks.result(plan, run)
            if found is not None:
                now_us = self._clock.now_us()
                ledger.saw([Seen(found.sighting, SeenBy.POLL, now_us, found.body, found.content_type)])

    def _saw(self, ledger: RunLedger, seen: Sequence[Sighting]) -> bool:
        """Whether one has come to its end by that."""
        now_us = self._clock.now_us()
        ended = ledger.saw([Seen(one, SeenBy.POLL, now_us) for one in seen])
        self._results += [one for one in ended if one.kind is RunKind.TASK and one.state == COMPLETED]
        return bool(ended)

    def _failed(self, ledger: RunLedger, due: Due, error: Unseen) -> None:
        run, failures = due.run, due.failures + 1
        if error.why is Why.FAILED and self._troubles.get(run.origin) != str(error):
            self._troubles[run.origin] = str(error)
            log.warning("runs at %s cannot be looked at, this is tried again: %s", run.origin, error)
        now_us, chance = self._clock.now_us(), self._clock.chance()
        until_us = next_look(run, failures, now_us, chance, retry_after=error.after)
        self._give_back(
            ledger, run, until_us, failures, error.why.value if error.why.value in _UNSEEN else ""
        )

    def _give_back(self, ledger: RunLedger, run: Run, until_us: int, failures: int, flag: str = "") -> None:
        """Ends the lease. Says once that a run takes too long."""
        flag = "" if flag in run.flags else flag
        if not flag and _STALE not in run.flags and is_stuck(run, self._clock.now_us()):
            flag = _STALE
            log.warning(
                "run %s (%s %s) has been under way for more than twice as long as such runs usually take; it is "
                "still followed",
                run.id,
                run.kind.value,
                run.product,
            )
        ledger.looked(run.id, until_us, failures, flag)


def _has_news(group: Run, told: Sighting, known_active: int) -> bool:
    """Whether some of its runs have become something else than the ledger knows."""
    if told.counts is None or not told.is_active or told.counts != group.counts:
        return True
    return known_active > sum(count for state, count in told.counts.items() if state not in _ENDED)


def _executions(ledger: RunLedger, monitor: Run) -> int:
    found = ledger.get(monitor.id)
    return 0 if found is None else found.executions
