"""What following runs costs that nobody looks at: 10,000 of them under way, for a minute of the keeper's work.

The minute is a simulated one: steps come as often as in the keeper, and nobody waits between them. Looks go over real
connections to a provider on this machine, which has another core and for which all runs go on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing

from bench.cores import foreign_share
from bench.failure import Failed
from bench.measure import SUBJECT, Measure, Target
from bench.rounds import Round, measure
from bench.session import Session
from bench.upstreams.program import program_upstream
from penstock.clock import Clock
from penstock.exits.sender import Sender
from penstock.following.access import CountersAccess
from penstock.following.follower import Follower
from penstock.following.looks import Looks
from penstock.following.plan import FollowKey, FollowPlan
from penstock.following.telling import Teller
from penstock.providers.registry import Registry
from penstock.runs.money import run_charge
from penstock.runs.run import Create, Outcome, Owner, Run, RunKind
from penstock.stores.opening import Stores
from penstock.stores.opening.ledger import ledger_reader
from penstock.stores.opening.ledger_changes import ledger_editor
from penstock.stores.opening.runs import run_ledger
from penstock.stores.opening.shared import counters
from penstock.stores.runs import Made, RunLedger

NAME = "runs"
SHARE = "CPU of following 10,000 active runs"
RUNS = 10_000
MINUTE = 60
_SINCE_US = 120 * 1_000_000  # so long they have been under way
_AT_ONCE = 1000
_OWNER = Owner("local", "default")
_ALIAS = "default"


class Simulated(Clock):
    """Time that passes when somebody waits."""

    __slots__ = ("ahead",)

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0

    def now_us(self) -> int:
        return super().now_us() + int(self.ahead * 1e6)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.ahead += seconds
        await asyncio.sleep(0)


class Runs:
    name = NAME
    summary = "what following 10,000 active runs costs that nobody looks at"
    needs = ()
    targets = (Target(NAME, SHARE, "≤", 1.0),)

    def __init__(self, count: int = RUNS) -> None:
        self._count = count

    def run(self, session: Session) -> Iterator[Measure]:
        if not session.chosen(SUBJECT):
            return
        rounds, looks = [], 0
        with program_upstream(session.lab, "bench.upstreams.runs") as port:
            for number in range(session.options.rounds):
                session.say(f"{NAME}: round {number + 1} of {session.options.rounds}")
                stores, before = Stores(session.lab.folder(NAME)), session.lab.reading()
                seconds, looks = asyncio.run(followed(stores, f"http://127.0.0.1:{port}", self._count))
                rounds.append(Round(100 * seconds / MINUTE, foreign_share(before, session.lab.reading())))
        note = f"{self._count:,} runs, {looks} looks in a simulated minute"
        yield measure(NAME, SHARE, SUBJECT, "% of a core", rounds, note)


async def followed(stores: Stores, url: str, count: int) -> tuple[float, int]:
    """CPU seconds of a minute, after one to warm up, and how many looks that were. `Failed` where there were none."""
    clock, sender, looks = Simulated(), Sender(), 0
    make_runs(runs := run_ledger(stores), url, count, clock.now_us() - _SINCE_US)
    follower = Follower(Looks(sender.send, clock), clock, "bench")
    keys = {(_OWNER.account, _OWNER.gateway, _ALIAS): (FollowKey("k", b"a key of nobody's"),)}
    follower.plan = FollowPlan(Registry({"parallel": url}), keys)
    counting = CountersAccess(lambda: counters(stores, b"bench"))
    teller = Teller(lambda: ledger_reader(stores), lambda: ledger_editor(stores), counting, clock)
    with closing(runs):
        begin = 0.0
        for second in range(2 * MINUTE):
            if second == MINUTE:
                begin, looks = time.process_time(), 0
            looks += follower.step(runs)
            await follower.idle()
            await teller.tell(runs)
            clock.ahead += 1.0
        seconds = time.process_time() - begin
    await sender.close()
    if not looks:
        raise Failed("no run was looked at")
    return seconds, looks


def make_runs(ledger: RunLedger, url: str, count: int, at_us: int) -> None:
    """Task runs that were made so long ago with a stored key."""
    for first in range(0, count, _AT_ONCE):
        call = f"call {first}"
        ledger.intend(Create(call_id=call, owner=_OWNER, path="", body_hash=call.encode(), sent_us=at_us))
        made = [task(f"trun_{number:032x}", call, url, at_us) for number in range(first, first + _AT_ONCE)]
        ledger.made(Made(call, Outcome.MADE, at_us, 200, runs=made[: count - first]))


def task(run_id: str, call: str, url: str, at_us: int) -> Run:
    """One of them."""
    return Run(
        id=run_id,
        kind=RunKind.TASK,
        owner=_OWNER,
        call_id=call,
        product="core",
        created_us=at_us,
        seen_us=at_us,
        charges=(run_charge(RunKind.TASK, call, "core"),),
        stored_key=_ALIAS,
        origin=url,
    )
