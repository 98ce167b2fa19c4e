"""How many calls a second one core relays: 64 connections, a POST of 260 bytes, an answer of 360.

Every call must reach the upstream and be answered well.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.gateways.base import Upstream
from bench.measure import Measure, Target
from bench.race import RATE, Lane, Race
from bench.session import Session
from bench.upstreams.static import static_upstream

NAME = "throughput"


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
            yield from Race(session, upstream, NAME, [Lane(running) for running in gateways]).run()
