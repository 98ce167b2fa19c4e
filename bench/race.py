"""A race: several gateways under the same load in turns, with checks on every round, and the figures from it.

Rounds go from gateway to gateway and around again, so that a slow moment of the machine hits all of them.
After each round the gateway may finish the work it put off; that is in the CPU per call, and disturbs nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench import payload, procfs, wrk, wrk_script
from bench.checks import Check, refuse_failures, refuse_unexpected
from bench.cores import foreign_share
from bench.failure import Failed
from bench.gateways.base import Running
from bench.measure import Measure
from bench.rounds import Round, measure
from bench.session import Session
from bench.upstreams.static import StaticUpstream

RATE = "calls per second"
LAST_LOOK = 1.0
"""Seconds of load after the rounds, to see that the answers are still what they were before them."""


@dataclass(slots=True)
class Lane:
    """One gateway, the load it gets, and what its rounds have shown so far."""

    running: Running
    check: Check = refuse_failures
    expected: str | None = None
    """The `cf-aig-cache-status` every answer has to carry; None when there is no such header to look at."""
    fresh: bool = False
    """Whether no two calls have the same body."""
    loads: int = 0
    rates: list[Round] = field(default_factory=list)
    cpu: list[Round] = field(default_factory=list)

    def script(self, looking: bool) -> str:
        """Lua for the next load. Looking at each answer costs the load time, so only unmeasured loads do it."""
        expected = self.expected if looking else None
        if not self.fresh:
            return wrk_script.script(self.running.headers, payload.REQUEST, expected)
        first = self.loads * payload.COUNTED_PER_LOAD
        return wrk_script.script(self.running.headers, payload.COUNTED_REQUEST, expected, first)


class Race:
    """The lanes of one work; a lane whose check fails leaves the race, with the reason."""

    def __init__(self, session: Session, upstream: StaticUpstream, work: str, lanes: Sequence[Lane]) -> None:
        self._session = session
        self._upstream = upstream
        self._work = work
        self._lanes = list(lanes)
        self._lua = session.lab.folder("wrk") / "post.lua"

    def run(self) -> Iterator[Measure]:
        options = self._session.options
        self._session.say(f"{self._work}: warming up")
        self._round(max(2.0, options.seconds / 2), looking=True)
        for number in range(options.rounds):
            self._session.say(f"{self._work}: round {number + 1} of {options.rounds}")
            self._round(options.seconds)
        self._round(LAST_LOOK, looking=True)
        for lane in self._lanes:
            yield from self._measures(lane)

    def _round(self, seconds: float, looking: bool = False) -> None:
        """A round of loads; one that looks is no part of the figures."""
        for lane in list(self._lanes):
            try:
                rate, cpu = self._load(lane, seconds, looking)
            except Failed as failure:
                self._lanes.remove(lane)
                self._session.skip(f"{lane.running.name} in {self._work}", str(failure))
                continue
            if not looking:
                lane.rates.append(rate)
                lane.cpu.append(cpu)

    def _load(self, lane: Lane, seconds: float, looking: bool) -> tuple[Round, Round]:
        """Calls per second, and microseconds of CPU per call."""
        child, lab = lane.running.child, self._session.lab
        self._lua.write_text(lane.script(looking))
        lane.loads += 1
        child.settle()
        seen, spent, before = self._upstream.seen(), procfs.cpu_seconds(child.group), lab.reading()
        report = wrk.run(
            lane.running.url, self._lua, self._session.options.connections, seconds, lab.load_core
        )
        foreign = foreign_share(before, lab.reading())
        child.settle()
        relayed = self._upstream.seen() - seen
        lane.check(report, relayed)
        if looking and lane.expected is not None:
            refuse_unexpected(report, lane.expected)
        cpu = procfs.cpu_seconds(child.group) - spent
        return Round(report.rate, foreign), Round(cpu / max(relayed, report.requests) * 1e6)

    def _measures(self, lane: Lane) -> Iterator[Measure]:
        name = lane.running.name
        held = procfs.memory(lane.running.child.group)
        yield measure(self._work, RATE, name, "/s", lane.rates)
        yield measure(self._work, "CPU per call, background work included", name, "µs", lane.cpu)
        yield Measure(self._work, "RSS after the load", name, held.rss, "MB")
