"""How many calls a second one core relays: 64 connections, a POST of 260 bytes, an answer of 360.

Rounds go from gateway to gateway and around again, so that a slow moment of the machine hits all of them.
After each round the gateway may finish the work it put off; that is in the CPU per call, and disturbs nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import payload, procfs, wrk
from bench.cores import foreign_share
from bench.failure import Failed
from bench.gateways.base import Running, Upstream
from bench.measure import Measure, Target
from bench.rounds import Round, measure
from bench.session import Session
from bench.upstreams.static import StaticUpstream, static_upstream

NAME = "throughput"
RATE = "calls per second"


@dataclass(slots=True)
class Lane:
    """One gateway and what its rounds have shown so far."""

    running: Running
    lua: Path
    rates: list[Round] = field(default_factory=list)
    cpu: list[Round] = field(default_factory=list)


class Throughput:
    name = NAME
    summary = "calls per second on one core, 64 connections, bodies of 260 and 360 bytes"
    needs = ("nginx", "wrk")
    targets = (
        Target(NAME, RATE, "≥", 1.0, "envoy"),
        Target(NAME, RATE, "≥", 0.33, "nginx"),
        Target(NAME, RATE, "≥", 25.0, "portkey"),
        Target(NAME, RATE, "≥", 150.0, "litellm"),
    )

    def run(self, session: Session) -> Iterator[Measure]:
        with (
            static_upstream(session.lab) as upstream,
            session.up(session.gateways, Upstream(upstream.port)) as gateways,
        ):
            lanes = [_lane(session, running) for running in gateways]
            self._warm_up(session, upstream, lanes)
            for number in range(session.options.rounds):
                session.say(f"{NAME}: round {number + 1} of {session.options.rounds}")
                self._round(session, upstream, lanes, session.options.seconds)
            for lane in lanes:
                yield from _measures(lane)

    def _warm_up(self, session: Session, upstream: StaticUpstream, lanes: list[Lane]) -> None:
        session.say(f"{NAME}: warming up")
        self._round(session, upstream, lanes, max(2.0, session.options.seconds / 2))
        for lane in lanes:
            lane.rates.clear()
            lane.cpu.clear()

    def _round(self, session: Session, upstream: StaticUpstream, lanes: list[Lane], seconds: float) -> None:
        for lane in list(lanes):
            try:
                _load(session, upstream, lane, seconds)
            except Failed as failure:
                lanes.remove(lane)
                session.skip(f"{lane.running.name} in {NAME}", str(failure))


def _lane(session: Session, running: Running) -> Lane:
    lua = session.lab.folder("wrk") / "post.lua"
    lua.write_text(wrk.script(running.headers, payload.REQUEST))
    return Lane(running, lua)


def _load(session: Session, upstream: StaticUpstream, lane: Lane, seconds: float) -> None:
    child = lane.running.child
    child.settle()
    seen, cpu, before = upstream.seen(), procfs.cpu_seconds(child.group), session.lab.reading()
    connections, core = session.options.connections, session.lab.load_core
    report = wrk.run(lane.running.url, lane.lua, connections, seconds, core)
    foreign = foreign_share(before, session.lab.reading())
    child.settle()
    relayed = upstream.seen() - seen
    refuse_failures(report, relayed)
    lane.rates.append(Round(report.rate, foreign))
    lane.cpu.append(Round((procfs.cpu_seconds(child.group) - cpu) / relayed * 1e6))


def refuse_failures(report: wrk.Report, relayed: int) -> None:
    """A figure counts only if every call was answered well and reached the upstream."""
    if failed := report.refused + report.socket_errors:
        raise Failed(f"{failed:,} of {report.requests:,} calls failed")
    if report.requests == 0:
        raise Failed("not one call was answered")
    if relayed < report.requests:
        raise Failed(f"answered {report.requests:,} calls, but only {relayed:,} reached the upstream")


def _measures(lane: Lane) -> Iterator[Measure]:
    name = lane.running.name
    held = procfs.memory(lane.running.child.group)
    yield measure(NAME, RATE, name, "/s", lane.rates)
    yield measure(NAME, "CPU per call, background work included", name, "µs", lane.cpu)
    yield Measure(NAME, "RSS after the load", name, held.rss, "MB")
