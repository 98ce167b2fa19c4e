"""How long from starting the process to its first 200: a proxied call, and Penstock's health page.

Every start has an empty data folder and one core. Slow starters are started fewer times, not waited for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.cores import foreign_share
from bench.failure import Failed
from bench.gateways.base import Gateway, Running, Upstream
from bench.gateways.penstock import HEALTH
from bench.http1 import Http1, encode
from bench.measure import SUBJECT, Measure, Target
from bench.rounds import Round, measure
from bench.session import START_LIMIT, Session, wait_for_answer
from bench.upstreams.static import StaticUpstream, static_upstream

NAME = "startup"
FIRST = "start to the first proxied 200"
HEALTHY = "start to the first 200 of /healthz"
PAUSE = 0.002
PATIENCE = 20.0
"""Seconds after which no further start of the same gateway is tried."""


class Startup:
    name = NAME
    summary = "start of the process to the first 200"
    needs = ("nginx",)
    targets = (Target(NAME, FIRST, "≤", 1.0), Target(NAME, HEALTHY, "≤", 1.0))

    def run(self, session: Session) -> Iterator[Measure]:
        with static_upstream(session.lab) as upstream:
            for gateway in session.gateways:
                session.say(f"{NAME}: {gateway.name}")
                try:
                    yield from self._measures(session, upstream, gateway)
                except Failed as failure:
                    session.skip(f"{gateway.name} in {NAME}", str(failure))

    def _measures(self, session: Session, upstream: StaticUpstream, gateway: Gateway) -> Iterator[Measure]:
        begin = time.monotonic()
        healthy: list[Round] = []
        first: list[Round] = []
        for _ in range(session.options.starts):
            health, answer = self._once(session, upstream, gateway)
            healthy.append(health)
            first.append(answer)
            if time.monotonic() - begin > PATIENCE:
                break
        note = f"{len(first)} starts"
        yield measure(NAME, FIRST, gateway.name, "s", first, note)
        if gateway.name == SUBJECT:
            yield measure(NAME, HEALTHY, SUBJECT, "s", healthy, note)

    def _once(self, session: Session, upstream: StaticUpstream, gateway: Gateway) -> tuple[Round, Round]:
        before, begin = session.lab.reading(), time.perf_counter()
        running = gateway.start(session.lab, Upstream(upstream.port))
        try:
            if gateway.name == SUBJECT:
                wait_for_health(running)
            health = time.perf_counter() - begin
            wait_for_answer(running, running.request(), PAUSE)
            answer = time.perf_counter() - begin
            foreign = foreign_share(before, session.lab.reading())
            return Round(health, foreign), Round(answer, foreign)
        finally:
            session.lab.stop(running.child)


def wait_for_health(running: Running) -> None:
    until = time.monotonic() + START_LIMIT
    while time.monotonic() < until:
        if not running.child.alive:
            raise Failed(f"ended at once: {running.child.last_words()}")
        try:
            with Http1(running.port) as client:
                status, _ = client.call(encode("GET", HEALTH, {}))
        except (OSError, ValueError):
            status = 0
        if status == 200:
            return
        time.sleep(PAUSE)
    raise Failed(f"{HEALTH} did not answer 200 within {START_LIMIT:.0f} s")
