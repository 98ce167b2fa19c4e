"""How many calls a second Penstock answers out of its cache, beside the plain routes of Envoy and nginx.

All calls are the same one. Penstock's must be hits: none may reach the upstream, and the answers say so.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.checks import refuse_relayed
from bench.gateways.base import Running, Upstream
from bench.gateways.policies import CACHING
from bench.measure import SUBJECT, Measure, Target
from bench.race import RATE, Lane, Race
from bench.session import Session
from bench.upstreams.static import static_upstream

NAME = "cache-hit"


class CacheHit:
    name = NAME
    summary = "calls per second out of Penstock's cache, beside plain routes"
    needs = ("nginx", "wrk")
    targets = (Target(NAME, RATE, "≥", 1.2, "envoy"),)

    def run(self, session: Session) -> Iterator[Measure]:
        with (
            static_upstream(session.lab) as upstream,
            session.up(session.beside_plain_routes(CACHING), Upstream(upstream.port)) as gateways,
        ):
            yield from Race(session, upstream, NAME, [lane(running) for running in gateways]).run()


def lane(running: Running) -> Lane:
    if running.name != SUBJECT:
        return Lane(running)
    return Lane(running, check=refuse_relayed, expected="HIT")
