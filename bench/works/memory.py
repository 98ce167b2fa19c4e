"""What Penstock weighs after its start, and how much it has grown after a million logged calls.

The sum over its process group: PSS where the kernel tells it, because forked processes share pages, and RSS
beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench import payload, procfs, wrk, wrk_script
from bench.checks import refuse_failures
from bench.gateways.base import Running, Upstream
from bench.measure import SUBJECT, Measure, Target
from bench.session import Session
from bench.upstreams.static import StaticUpstream, static_upstream

NAME = "memory"
START = "memory after start"
GROWTH = "growth over the calls"
SLICE = 10.0
"""Seconds of load between two looks at the count."""


class MemoryGrowth:
    name = NAME
    summary = "memory of Penstock after start, and its growth over a million calls"
    needs = ("nginx", "wrk")
    targets = (Target(NAME, START, "≤", 80.0), Target(NAME, GROWTH, "≤", 20.0))

    def run(self, session: Session) -> Iterator[Measure]:
        with (
            static_upstream(session.lab) as upstream,
            session.up(session.chosen(SUBJECT), Upstream(upstream.port)) as gateways,
        ):
            for running in gateways:
                yield from self._watch(session, upstream, running)

    def _watch(self, session: Session, upstream: StaticUpstream, running: Running) -> Iterator[Measure]:
        running.child.settle()
        before = procfs.memory(running.child.group)
        yield Measure(NAME, START, running.name, before.best, "MB", note=kind(before))
        yield Measure(NAME, "RSS after start", running.name, before.rss, "MB")
        calls = self._load(session, upstream, running)
        running.child.settle()
        after = procfs.memory(running.child.group)
        note = f"{calls:,} calls, {kind(after)}"
        yield Measure(NAME, GROWTH, running.name, after.best - before.best, "MB", note=note)
        yield Measure(NAME, "RSS after the calls", running.name, after.rss, "MB")

    def _load(self, session: Session, upstream: StaticUpstream, running: Running) -> int:
        lua = session.lab.folder("wrk") / "post.lua"
        lua.write_text(wrk_script.script(running.headers, payload.REQUEST))
        wanted, calls, rate = session.options.calls, 0, 0.0
        while calls < wanted:
            session.say(f"{NAME}: {calls:,} of {wanted:,} calls")
            seconds = next_slice(wanted - calls, rate)
            seen = upstream.seen()
            report = wrk.run(running.url, lua, session.options.connections, seconds, session.lab.load_core)
            refuse_failures(report, upstream.seen() - seen)
            calls, rate = calls + report.requests, report.rate
        return calls


def kind(memory: procfs.Memory) -> str:
    return "RSS" if memory.pss is None else "PSS"


def next_slice(calls: int, rate: float) -> float:
    """Seconds that should do for the rest: one to learn the rate, then no more than a slice."""
    return 1.0 if rate <= 0 else min(max(calls / rate, 1.0), SLICE)
