"""How many calls a second Penstock relays with everything exported, beside itself with nothing exported.

Every call becomes a trace for a receiver on this machine and a line of a pushed log in a folder, metrics are
scraped every second, and retention is on. Both have the same core, in turns.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.failure import Failed
from bench.gateways.base import Running, Upstream
from bench.gateways.penstock import Penstock
from bench.gateways.policies import NONE, Policies
from bench.http1 import Http1, encode
from bench.measure import SUBJECT, Measure, Target
from bench.race import RATE, Lane, Race
from bench.session import Session
from bench.upstreams.program import program_upstream
from bench.upstreams.static import static_upstream

NAME = "exported"
PLAIN = "penstock-plain"
SCRAPE_SECONDS = 1.0
METRICS = "/metrics"
TABLES = """\
[accounts.local.gateways.default]
logpush = true
otel = [{{ url = "http://127.0.0.1:{receiver}/v1/traces", headers = {{}} }}]

[log_push.everything]
max_interval = 5

[log_push.everything.folder]
path = "{folder}"

[retention]
logs = "30d"
bodies = "7d"
"""


class Exported:
    name = NAME
    summary = "calls per second with traces, log push, metrics and retention on, beside none of it"
    needs = ("nginx", "wrk")
    targets = (Target(NAME, RATE, "≥", 0.8, PLAIN),)

    def run(self, session: Session) -> Iterator[Measure]:
        if not session.chosen(SUBJECT):
            return
        folder = session.lab.folder("pushed")
        with (
            static_upstream(session.lab) as upstream,
            program_upstream(session.lab, "bench.upstreams.receiver") as receiver,
            session.up(
                [Penstock(exporting(receiver, folder)), Penstock(NONE)], Upstream(upstream.port)
            ) as found,
        ):
            if len(found) != 2:
                raise Failed("Penstock did not start twice")
            lanes = [Lane(found[0]), Lane(dataclasses.replace(found[1], name=PLAIN))]
            with scraped(found[0]):
                yield from Race(session, upstream, NAME, lanes).run()
            refuse_silence(receiver, folder)


def exporting(receiver: int, folder: Path) -> Policies:
    """Everything is sent somewhere on this machine."""
    return Policies(TABLES.format(receiver=receiver, folder=folder))


@contextmanager
def scraped(running: Running) -> Iterator[None]:
    """Its metrics are asked for, again and again; `Failed` afterwards where they were not to be had."""
    done, faults = threading.Event(), list[str]()

    def scrape() -> None:
        while not done.wait(SCRAPE_SECONDS):
            try:
                with Http1(running.port) as client:
                    status, _ = client.call(encode("GET", METRICS, {}))
            except (OSError, ValueError) as error:
                faults.append(str(error))
                continue
            if status != 200:
                faults.append(f"status {status}")

    thread = threading.Thread(target=scrape, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    if faults:
        raise Failed(f"{METRICS} could not be scraped: {faults[0]}")


def refuse_silence(receiver: int, folder: Path) -> None:
    """`Failed` when nothing arrived: then nothing was measured."""
    with Http1(receiver) as client:
        _, seen = client.call(encode("GET", "/seen", {}))
    if int(seen) == 0:
        raise Failed("no trace came to the receiver")
    if not any(path.is_file() for path in folder.rglob("*")):
        raise Failed("no log was pushed into the folder")
