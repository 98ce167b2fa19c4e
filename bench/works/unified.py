"""What the unified endpoint costs beside the native path of the same Penstock: calls a second where the caller's
dialect is the provider's, and CPU time per event where a stream is translated.

Both paths lead to the same upstream and have the same load; the native one is the other side of each ratio.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench import payload, procfs
from bench.failure import Failed
from bench.gateways.base import Running, Upstream
from bench.measure import SUBJECT, Measure, Target
from bench.race import RATE, Lane, Race
from bench.session import Session
from bench.stats import median
from bench.streams import read_streams
from bench.upstreams.program import program_upstream
from bench.upstreams.static import static_upstream
from bench.works.sse import WARM_STREAMS, cost

NAME = "unified"
NATIVE = "its native path"
EVENT = "CPU per event, translated from Chat to Messages"
PLACE = "/v1/local/default/compat/"
DELTA = b'"text":"hello"'


class Unified:
    name = NAME
    summary = (
        "the unified endpoint beside the native path: calls per second, and CPU time per translated event"
    )
    needs = ("wrk",)
    targets = (Target(NAME, RATE, "≥", 0.9, NATIVE), Target(NAME, EVENT, "≤", 2.5, NATIVE))

    def run(self, session: Session) -> Iterator[Measure]:
        chosen = session.chosen(SUBJECT)
        with (
            static_upstream(session.lab) as upstream,
            session.up(chosen, Upstream(upstream.port)) as gateways,
        ):
            for running in gateways:
                native = replace(running, name=NATIVE)
                unified = replace(running, path=f"{PLACE}chat/completions")
                yield from Race(session, upstream, NAME, [Lane(native), Lane(unified)]).run()
        with (
            program_upstream(session.lab, "bench.upstreams.stream") as port,
            session.up(chosen, Upstream(port)) as gateways,
        ):
            for running in gateways:
                yield from _events(session, running)


def _events(session: Session, running: Running) -> Iterator[Measure]:
    translated = replace(running, path=f"{PLACE}messages")
    session.say(f"{NAME}: {session.options.streams} streams, translated and not")
    few, streams = min(WARM_STREAMS, session.options.streams), session.options.streams
    cost(running, few)
    _translated_cost(translated, few)
    plain, made = [], []
    for _ in range(session.options.rounds):
        plain.append(cost(running, streams))
        made.append(_translated_cost(translated, streams))
    yield Measure(NAME, EVENT, NATIVE, median(plain), "µs", tuple(plain))
    yield Measure(NAME, EVENT, SUBJECT, median(made), "µs", tuple(made))


def _translated_cost(running: Running, streams: int) -> float:
    """Microseconds of CPU per event, as `sse.cost` has it; each delta must arrive."""
    running.child.settle()
    before = procfs.cpu_seconds(running.child.group)
    bodies = read_streams(running.port, running.request(payload.STREAM_REQUEST), streams)
    running.child.settle()
    spent = procfs.cpu_seconds(running.child.group) - before
    whole = sum(body.count(DELTA) == payload.EVENTS for body in bodies)
    if whole < streams:
        raise Failed(f"only {whole} of {streams} streams arrived with all their events")
    return spent / (streams * payload.EVENTS) * 1e6
