"""Ten thousand long polls held at once through Penstock: their weight, and the speed of the next call.

Client, gateway and upstream each hold that many connections. Where the open-file limit is too low for one
worker, as many workers as needed share them, and the result says so.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bench import procfs
from bench.failure import Failed
from bench.gateways.base import Running, Upstream
from bench.gateways.penstock import POLL, Penstock
from bench.gateways.policies import CHOICES
from bench.http1 import Http1, encode
from bench.limits import raise_open_files
from bench.measure import SUBJECT, Measure, Target
from bench.polls import Polls
from bench.runner import run
from bench.session import Session
from bench.upstreams.program import program_upstream
from bench.upstreams.static import static_upstream

NAME = "longpolls"
HELD = "polls held at once"
GROUP = "RSS of all processes, holding"
LARGEST = "RSS of the largest process, holding"
NEXT = "next call, slowest of 20, holding"
NEXT_CALLS = 20
SPARE_FILES = 500
RAMP_LIMIT = 90.0
RELEASE_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    polls: int
    workers: int
    note: str


@dataclass(frozen=True, slots=True)
class Held:
    polls: int
    memory: procfs.Memory
    next_calls: list[float]
    """Milliseconds of each call made while the polls were held."""


class LongPolls:
    name = NAME
    summary = "10,000 long polls held at once through Penstock"
    needs = ("nginx",)
    targets = (
        Target(NAME, HELD, "≥", 10_000),
        Target(NAME, GROUP, "≤", 300.0),
        Target(NAME, NEXT, "≤", 50.0),
    )

    def run(self, session: Session) -> Iterator[Measure]:
        if not session.chosen(SUBJECT):
            return
        wanted = session.options.polls
        plan = plan_for(wanted, raise_open_files(2 * wanted + SPARE_FILES))
        session.say(f"{NAME}: {plan.polls:,} polls; {plan.note}")
        held = self._hold(session, plan)
        slowest = max(held.next_calls)
        yield Measure(NAME, HELD, SUBJECT, held.polls, "", note=plan.note)
        yield Measure(NAME, GROUP, SUBJECT, held.memory.rss, "MB")
        yield Measure(NAME, LARGEST, SUBJECT, held.memory.largest_rss, "MB")
        yield Measure(NAME, NEXT, SUBJECT, slowest, "ms", tuple(held.next_calls))

    def _hold(self, session: Session, plan: Plan) -> Held:
        lab = session.lab
        with (
            static_upstream(lab) as chat,
            program_upstream(lab, "bench.upstreams.polls") as holder,
            session.up(
                [Penstock(CHOICES[session.options.policies], plan.workers)], Upstream(chat.port, holder)
            ) as gateways,
        ):
            if not gateways:
                raise Failed("Penstock did not start")
            return run(_hold(gateways[0], holder, plan.polls))


def plan_for(wanted: int, open_files: int) -> Plan:
    """Each poll takes two files in a worker of the gateway, and one in the client and in the upstream."""
    room = open_files - SPARE_FILES
    polls = min(wanted, room)
    workers = math.ceil(2 * polls / room)
    note = (
        "1 worker" if workers == 1 else f"{workers} workers, as the limit is {open_files:,} open files each"
    )
    if polls < wanted:
        note += f"; {wanted:,} wanted, but the client may not open more"
    return Plan(polls, workers, note)


async def _hold(running: Running, holder: int, count: int) -> Held:
    polls = Polls(running.port, POLL.format)
    try:
        await polls.open(count)
        await _all_held(polls, holder, count)
        running.child.settle()
        next_calls = _next_calls(running)
        held = Held(_ask(holder, "GET", "/held"), procfs.memory(running.child.group), next_calls)
        _ask(holder, "POST", "/release")
        await polls.wait(RELEASE_LIMIT)
        if polls.answered() < count:
            raise Failed(f"only {polls.answered():,} of {count:,} polls were answered after the release")
        return held
    finally:
        polls.close()


async def _all_held(polls: Polls, holder: int, count: int) -> None:
    until = time.monotonic() + RAMP_LIMIT
    while (held := _ask(holder, "GET", "/held")) < count:
        if polls.ended() or time.monotonic() > until:
            raise Failed(f"only {held:,} of {count:,} polls are held; {polls.ended():,} ended early")
        await polls.wait(0.2)


def _next_calls(running: Running) -> list[float]:
    """Milliseconds of calls made now, each on a new connection."""
    taken = []
    for _ in range(NEXT_CALLS):
        begin = time.perf_counter()
        with Http1(running.port) as client:
            status, _ = client.call(running.request())
        taken.append((time.perf_counter() - begin) * 1e3)
        if status != 200:
            raise Failed(f"a call beside the held polls was answered with {status}")
    return taken


def _ask(holder: int, method: str, path: str) -> int:
    with Http1(holder) as client:
        _, body = client.call(encode(method, path, {}))
    return int(body)
