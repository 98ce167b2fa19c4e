"""What relaying one server-sent event costs: 200 streams at once, 100 events each, one every 20 ms.

The cost is the CPU time of the gateway's process group divided by the events that arrived. Every stream must
arrive byte for byte, otherwise there is no figure.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench import payload, procfs
from bench.failure import Failed
from bench.gateways.base import Running, Upstream
from bench.measure import Measure, Target
from bench.session import Session
from bench.stats import median
from bench.streams import read_streams
from bench.upstreams.program import program_upstream

NAME = "sse"
COST = "CPU per relayed event"
WARM_STREAMS = 20


class Sse:
    name = NAME
    summary = "CPU time per relayed server-sent event, 200 streams at once"
    needs = ()
    targets = (Target(NAME, COST, "≤", 1.0, "envoy"),)

    def run(self, session: Session) -> Iterator[Measure]:
        chosen = session.chosen("penstock", "nginx", "envoy")
        with (
            program_upstream(session.lab, "bench.upstreams.stream") as port,
            session.up(chosen, Upstream(port)) as gateways,
        ):
            costs = {running.name: list(self._costs(session, running)) for running in gateways}
        for name, values in costs.items():
            if values:
                yield Measure(NAME, COST, name, median(values), "µs", tuple(values))

    def _costs(self, session: Session, running: Running) -> Iterator[float]:
        session.say(f"{NAME}: {session.options.streams} streams through {running.name}")
        try:
            cost(running, min(WARM_STREAMS, session.options.streams))
            for _ in range(session.options.rounds):
                yield cost(running, session.options.streams)
        except Failed as failure:
            session.skip(f"{running.name} in {NAME}", str(failure))


def cost(running: Running, streams: int) -> float:
    """Microseconds of CPU per event, over one batch of streams and whatever work follows it."""
    running.child.settle()
    before = procfs.cpu_seconds(running.child.group)
    bodies = read_streams(running.port, running.request(payload.STREAM_REQUEST), streams)
    running.child.settle()
    spent = procfs.cpu_seconds(running.child.group) - before
    whole = sum(body == payload.EVENT * payload.EVENTS for body in bodies)
    if whole < streams:
        raise Failed(f"only {whole} of {streams} streams arrived byte for byte")
    return spent / (streams * payload.EVENTS) * 1e6
