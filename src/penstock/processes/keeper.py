"""The keeper: exports calls that are in the ledger, deletes the old ones, and has runs followed.

Never touches the data plane: a receiver that is slow or down slows no call. Each exporter is a task of its own, so
none holds up another. What is exported is planned in `export/plan.py`, what is deleted in `retention.py`, how runs are
followed stands in `following/`; signals and reloading are in `keeper_process.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from penstock.export.exporter import Exporter
from penstock.export.ledger_access import LedgerAccess
from penstock.export.otlp_metrics import OtlpMetrics
from penstock.export.plan import Gateways, Means, Planned, build, planned
from penstock.following.plan import FollowPlan
from penstock.following.service import Following
from penstock.processes.retention import GatewayPath, Retention
from penstock.settings import Settings
from penstock.settings.telemetry import OtlpMetricsSettings
from penstock.stores.ledger import LedgerMissing, LedgerReader, LedgerUnavailable

POLL_SECONDS: Final = 1.0
"""So often exporters look for new calls."""

TIDY_SECONDS: Final = 60.0
"""So often retention is enforced."""

FLUSH_SECONDS: Final = 5.0
"""At a stop exporters have so long for what is left; the rest goes out after the next start."""

KEPT_ARRIVALS: Final = 100_000
"""So many arrival numbers stay for whoever follows the log, also when nobody exports."""

_ERROR_SECONDS = 5.0

log = logging.getLogger("penstock.keeper")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the keeper goes by. Receivers of `guarded` gateways get something only at public addresses; `in_vain` are
    lines on what is set and does nothing, and `follow` is what runs are followed by.
    """

    settings: Settings
    gateways: Gateways
    guarded: frozenset[GatewayPath] = frozenset()
    in_vain: tuple[str, ...] = ()
    follow: FollowPlan = field(default_factory=FollowPlan)


@dataclass(slots=True)
class _Running:
    """An exporter, by what it was planned, and its task."""

    plan: Planned
    exporter: Exporter
    task: asyncio.Task[None]
    since: int | None


@dataclass(slots=True)
class Keeper:
    """The keeper of one ledger. `tally` is the shipper's file of metrics.

    `since` is the last arrival of before anybody served: calls may come before the keeper has its turn, and are for
    the exporters that it begins with. Without `following` nobody follows runs.
    """

    ledger: LedgerAccess
    means: Means
    tally: Path
    current: Configuration
    since: int | None = None
    following: Following | None = None
    _running: dict[str, _Running] = field(default_factory=dict)
    _reporting: asyncio.Task[None] | None = None
    _reported: OtlpMetricsSettings | None = None
    _lagging: set[str] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, then gives exporters a moment for what is left."""
        beside = [asyncio.create_task(self._repeat(self.tidy, TIDY_SECONDS))]
        try:
            self.take_up(self.current, self.since)
            if self.following is not None:
                beside.append(asyncio.create_task(self.following.run()))
            await stop.wait()
        finally:
            await cancelled(*beside, *(one.task for one in self._running.values()))
            await self._flush()
            if self._reporting is not None:
                await cancelled(self._reporting)
            await self.means.sender.close()
            self.ledger.close()

    def take_up(self, wanted: Configuration, since: int | None = None) -> None:
        """Starts and stops exporters; one of which nothing has changed goes on undisturbed. New ones begin with the
        calls to come, or with those behind the arrival `since`.
        """
        self.current = wanted
        if self.following is not None:
            self.following.take_up(wanted.follow)
        found = planned(wanted.settings.log_push, wanted.gateways, wanted.guarded)
        plans = {one.name: one for one in found}
        for name in [name for name, one in self._running.items() if plans.get(name) != one.plan]:
            self._running.pop(name).task.cancel()
        for name, plan in plans.items():
            if name not in self._running:
                self._start(plan, since)
        self.means.cursors.keep(plans)
        with suppress(OSError):  # else with the next delivery
            self.means.cursors.save()
        self._take_up_metrics(wanted.settings.telemetry.otlp_metrics)

    def _start(self, plan: Planned, since: int | None) -> None:
        """What is wrong with one exporter is nothing to end the others for."""
        try:
            exporter = build(plan, self.means)
        except Exception:
            log.exception("%s cannot be started", plan.name)
        else:
            task = asyncio.create_task(self._drive(exporter, since))
            self._running[plan.name] = _Running(plan, exporter, task, since)

    def _take_up_metrics(self, receiver: OtlpMetricsSettings | None) -> None:
        if receiver == self._reported:
            return
        self._reported = receiver
        if self._reporting is not None:
            self._reporting.cancel()
            self._reporting = None
        if receiver is not None:
            metrics = OtlpMetrics(receiver, self.tally, self.means.sender, self.means.clock)
            self._reporting = asyncio.create_task(self._repeat(metrics.report, metrics.interval))

    # -- exporting

    async def _drive(self, exporter: Exporter, since: int | None) -> None:
        """One exporter, for as long as it is wanted."""
        while True:
            pause = POLL_SECONDS
            try:
                await self._advance(exporter, since)
            except LedgerUnavailable as error:
                self.ledger.failed(error)
                pause = _ERROR_SECONDS
            except Exception:
                log.exception("%s: this is tried again", exporter.name)
                pause = _ERROR_SECONDS
            await self.means.clock.sleep(pause)

    async def _advance(self, exporter: Exporter, since: int | None) -> None:
        try:
            reader = self.ledger.reader()
        except LedgerMissing:
            exporter.begin(0)  # the shipper is about to make it, and all that comes is new
            return
        exporter.begin(reader.last_arrival(), since)
        while await exporter.step(reader):
            await self.means.clock.sleep(0)

    async def _flush(self) -> None:
        """The calls of the last moment need not wait for the next start, nor for an interval."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await asyncio.gather(*map(self._flush_one, self._running.values()))
        with suppress(OSError):
            self.means.cursors.save()

    async def _flush_one(self, one: _Running) -> None:
        exporter = one.exporter
        try:
            reader = self.ledger.reader()
            exporter.begin(reader.last_arrival(), one.since)
            while await exporter.step(reader, now=True):
                pass
        except (LedgerUnavailable, OSError) as error:
            log.error("%s: the rest goes out after the next start: %s", exporter.name, error)
        except Exception:
            log.exception("%s: the rest goes out after the next start", exporter.name)

    # -- tidying

    async def tidy(self) -> None:
        """Writes cursors, lets go of arrival numbers, deletes what is too old. Raises `LedgerUnavailable`."""
        self.means.cursors.save()
        reader, editor = self.ledger.reader(), self.ledger.editor()
        self._say_lagging(reader.last_arrival())
        until = self._needed_by_nobody(reader.last_arrival())
        if until > self.means.cursors.forgotten_until:
            editor.forget_arrivals(until)
            self.means.cursors.forgotten_until = until
            self.means.cursors.save()
        retention = Retention(reader, editor, self.means.clock, lambda path: self._held_from(path, reader))
        deleted = await retention.enforce(self.current.settings.retention, self.current.gateways)
        if deleted:
            log.info("retention has deleted %d calls", deleted)

    def _begun(self) -> list[tuple[Exporter, int]]:
        """Exporters with how far they have come."""
        found = ((one.exporter, one.exporter.after) for one in self._running.values())
        return [(exporter, after) for exporter, after in found if after is not None]

    def _needed_by_nobody(self, last: int) -> int:
        """Arrivals up to this one: delivered, or given up; and not among the latest."""
        begun = self._begun()
        if len(begun) < len(self._running):
            return 0
        slowest = min((after for _, after in begun), default=last)
        return min(last - KEPT_ARRIVALS, max(slowest, last - self.current.settings.retention.undelivered))

    def _held_from(self, gateway: GatewayPath | None, reader: LedgerReader) -> int | None:
        """Calls that exporters have still to deliver stay, unless there are too many of them."""
        waiting = [
            exporter.waiting_since_us(reader)
            for exporter, _ in self._begun()
            if exporter.name not in self._lagging and (gateway is None or gateway in exporter.gateways)
        ]
        return min((since_us for since_us in waiting if since_us is not None), default=None)

    def _say_lagging(self, last: int) -> None:
        most = self.current.settings.retention.undelivered
        lagging = {exporter.name: last - after for exporter, after in self._begun() if last - after > most}
        for name in lagging.keys() - self._lagging:
            log.error("%s is %d calls behind: the oldest are not kept for it any longer", name, lagging[name])
        self._lagging = set(lagging)

    async def _repeat(self, work: Callable[[], Coroutine[None, None, None]], seconds: float) -> None:
        while True:
            await self.means.clock.sleep(seconds)
            try:
                await work()
            except LedgerUnavailable as error:
                self.ledger.failed(error)
            except Exception:
                log.exception("this is tried again in %g s", seconds)


async def cancelled(*tasks: asyncio.Task[None]) -> None:
    """Ends tasks, and waits until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
