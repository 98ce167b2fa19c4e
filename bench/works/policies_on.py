"""How many calls a second Penstock relays with every policy on, beside the plain routes of Envoy and nginx.

Token, rate limit, spend limit, retries and log are asked for each call. No two calls have the same body, so each
is looked up in the cache, missed, relayed exactly once and stored.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.checks import each_relayed_once
from bench.gateways.base import Running, Upstream
from bench.gateways.policies import ENFORCED
from bench.measure import SUBJECT, Measure, Target
from bench.race import RATE, Lane, Race
from bench.session import Session
from bench.upstreams.static import static_upstream

NAME = "policies-on"


class PoliciesOn:
    name = NAME
    summary = "calls per second with every policy of Penstock on, beside plain routes"
    needs = ("nginx", "wrk")
    targets = (Target(NAME, RATE, "≥", 0.8, "envoy"),)

    def run(self, session: Session) -> Iterator[Measure]:
        with (
            static_upstream(session.lab) as upstream,
            session.up(session.beside_plain_routes(ENFORCED), Upstream(upstream.port)) as gateways,
        ):
            lanes = [lane(running, session.options.connections) for running in gateways]
            yield from Race(session, upstream, NAME, lanes).run()


def lane(running: Running, connections: int) -> Lane:
    expected = "MISS" if running.name == SUBJECT else None
    return Lane(running, check=each_relayed_once(connections), expected=expected, fresh=True)
