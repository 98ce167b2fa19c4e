"""What a gateway adds to one call: one connection, one call at a time, beside the call without it.

A blocking raw-socket client times each call in nanoseconds. Each round calls the upstream directly and then
through every gateway; what is added is the difference within the round, the result is the median over rounds.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

from bench.cores import foreign_share
from bench.failure import Failed
from bench.gateways.base import Running, Upstream
from bench.http1 import Http1
from bench.measure import Measure, Target
from bench.rounds import Round, measure
from bench.session import Session
from bench.stats import median, percentile
from bench.upstreams.static import StaticUpstream, static_upstream

NAME = "latency"
MEDIAN = "added latency, median"
P99 = "added latency, p99"
ROUND_LIMIT = 5.0
"""A round of a slow gateway ends after these seconds, with the calls it had until then."""
WARM_SECONDS = 1.0

Pair = tuple[Round, Round]
"""Median and p99 in microseconds."""


class Latency:
    name = NAME
    summary = "microseconds added to one call at a time, over calling the upstream directly"
    needs = ("nginx",)
    targets = (
        Target(NAME, MEDIAN, "≤", 1.0, "envoy"),
        Target(NAME, MEDIAN, "≤", 1.3, "nginx"),
        Target(NAME, P99, "≤", 1.0, "envoy"),
    )

    def run(self, session: Session) -> Iterator[Measure]:
        with (
            static_upstream(session.lab) as upstream,
            session.up(session.gateways, Upstream(upstream.port)) as gateways,
        ):
            rounds = [self._round(session, upstream, gateways) for _ in range(session.options.rounds)]
        for running in gateways:
            pairs = [one[running.name] for one in rounds]
            yield measure(NAME, MEDIAN, running.name, "µs", [one for one, _ in pairs])
            yield measure(NAME, P99, running.name, "µs", [one for _, one in pairs])

    def _round(self, session: Session, upstream: StaticUpstream, gateways: list[Running]) -> dict[str, Pair]:
        session.say(f"{NAME}: a round of {session.options.latency_calls:,} calls each")
        calls = session.options.latency_calls
        direct = self._pair(session, upstream.port, upstream.request(), calls)
        found = {}
        for running in gateways:
            running.child.settle()
            through = self._pair(session, running.port, running.request(), calls)
            found[running.name] = (added(through[0], direct[0]), added(through[1], direct[1]))
        return found

    def _pair(self, session: Session, port: int, request: bytes, calls: int) -> Pair:
        before = session.lab.reading()
        nanoseconds = timed(port, request, calls)
        foreign = foreign_share(before, session.lab.reading())
        slow = percentile(nanoseconds, 99)
        return Round(median(nanoseconds) / 1e3, foreign), Round(slow / 1e3, foreign)


def added(through: Round, direct: Round) -> Round:
    return Round(through.value - direct.value, max(through.foreign, direct.foreign))


def timed(port: int, request: bytes, calls: int) -> list[int]:
    """Nanoseconds of up to so many calls on one warm connection, without the garbage collector."""
    with Http1(port) as client:
        _warm(client, request, calls // 10)
        gc.collect()
        gc.disable()
        try:
            return list(_times(client, request, calls))
        finally:
            gc.enable()


def _warm(client: Http1, request: bytes, calls: int) -> None:
    until = time.monotonic() + WARM_SECONDS
    for _ in range(calls):
        client.call(request)
        if time.monotonic() > until:
            return


def _times(client: Http1, request: bytes, calls: int) -> Iterator[int]:
    clock = time.perf_counter_ns
    until = clock() + int(ROUND_LIMIT * 1e9)
    for _ in range(calls):
        begin = clock()
        status, _ = client.call(request)
        end = clock()
        if status != 200:
            raise Failed(f"a call was answered with {status}")
        yield end - begin
        if end > until:
            return
