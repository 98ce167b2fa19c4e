"""One run of the benchmark: which gateways, how much, and the bringing up of gateways that really proxy.

A gateway counts as up when a call through it brought the upstream's own answer; one that never does is
skipped with the reason, and the run goes on without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench import payload
from bench.failure import Failed
from bench.gateways.base import Gateway, Running, Upstream
from bench.gateways.penstock import Penstock
from bench.gateways.policies import Policies
from bench.http1 import Http1
from bench.lab import Lab
from bench.measure import SUBJECT, Skip
from bench.options import Options

START_LIMIT = 60.0


@dataclass(slots=True)
class Session:
    lab: Lab
    options: Options
    gateways: Sequence[Gateway]
    say: Callable[[str], None]
    skips: list[Skip] = field(default_factory=list)

    def skip(self, who: str, why: str) -> None:
        self.skips.append(Skip(who, why))
        self.say(str(self.skips[-1]))

    def chosen(self, *names: str) -> list[Gateway]:
        return [gateway for gateway in self.gateways if gateway.name in names]

    def beside_plain_routes(self, policies: Policies) -> list[Gateway]:
        """Penstock with policies of the work's own, and the plain proxies; of all these the chosen ones."""
        return [*(Penstock(policies) for _ in self.chosen(SUBJECT)), *self.chosen("nginx", "envoy")]

    @contextmanager
    def up(self, gateways: Sequence[Gateway], upstream: Upstream) -> Iterator[list[Running]]:
        """Start the gateways and hand out those that proxy a chat call; stop all of them in the end."""
        started = [gateway.start(self.lab, upstream) for gateway in gateways]
        try:
            yield [running for running in started if self._proxies(running)]
        finally:
            for running in started:
                self.lab.stop(running.child)

    def _proxies(self, running: Running) -> bool:
        try:
            wait_for_answer(running, running.request())
        except Failed as failure:
            self.skip(running.name, str(failure))
            return False
        return True


def wait_for_answer(running: Running, request: bytes, pause: float = 0.05) -> None:
    """Return once a call through the gateway brings the upstream's answer; `Failed` when it never does."""
    until, last = time.monotonic() + START_LIMIT, ""
    while time.monotonic() < until:
        if not running.child.alive:
            raise Failed(f"ended at once: {running.child.last_words()}")
        try:
            with Http1(running.port) as client:
                status, body = client.call(request)
        except (OSError, ValueError):
            time.sleep(pause)
            continue
        if status == 200 and payload.carries_answer(body):
            return
        last = f"status {status}: {body[:120].decode(errors='replace')}"
        time.sleep(pause)
    raise Failed(f"no proxied answer within {START_LIMIT:.0f} s ({last or running.child.last_words()})")
