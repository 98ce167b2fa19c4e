"""Calls through the gateway: 32 callers ask at once and wait for all answers, turn after turn.

Every answer is looked at, and how often the provider was asked: no figure is that of an error, or of a case that
was something else than it says.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import http1, payload
from bench.failure import Failed
from bench.gateways.penstock import CHAT
from bench.gateways.policies import NONE, Policies
from bench.instructions.gateway import SteadyClock, serving
from bench.instructions.loads import CALLERS, Load
from bench.instructions.wires import Caller, Provider, Wires
from bench.upstreams import stream

TRIAL_TURNS = 2
WARM_TURNS = 4
"""Before all others: connections are opened, caches filled, late imports done."""
PATIENCE = 100_000
"""Turns of the loop in which all answers should be there; some dozens are needed."""
SHOWN = 500


@dataclass(frozen=True, slots=True)
class Called:
    """A case of calls; an event stream is a call, too."""

    name: str
    summary: str
    short: Load
    long: Load
    policies: Policies = NONE
    marks: tuple[bytes, ...] = ()
    """What every answer has in its head."""
    streams: bool = False
    repeated: bool = False
    """Whether all calls are the same one; otherwise no two are."""
    asks: bool = True
    """Whether each call reaches the provider; otherwise none does."""
    unit: str = "call"
    call_us: int = 15
    """What the clock says has passed from one call to the next."""

    def prepare(self, home: Path) -> None:
        """A short run, not counted: the case does what it says, and all its files are compiled."""
        self.run(home, Load(TRIAL_TURNS, 2 if self.streams else 1))

    def run(self, home: Path, load: Load) -> None:
        """`load` after a warm-up, in a new folder of its own. `Failed` when a call went another way."""
        folder = home / str(load.units)
        folder.mkdir(parents=True)
        with asyncio.Runner(loop_factory=Wires) as runner:
            wires = runner.get_loop()
            assert isinstance(wires, Wires)
            gc.disable()
            try:
                runner.run(self._run(wires, folder, load))
            finally:
                gc.enable()

    async def _run(self, wires: Wires, folder: Path, load: Load) -> None:
        clock, requests = SteadyClock(self.call_us), self._requests()
        wires.provider = provider = Provider(wires, self._answer(1), b"}")
        async with serving(folder, self.policies, wires, clock) as accept:
            callers = [Caller(accept(), self._end) for _ in range(CALLERS)]
            for _ in range(WARM_TURNS):
                await turn(callers, requests, clock)
            asked, provider.answer = provider.asked, self._answer(load.events)
            for _ in range(load.turns):
                for answer in await turn(callers, requests, clock):
                    self._check(answer, load.events)
            gc.collect()  # what calls leave for the collector is part of their cost
        self._check_asked(provider.asked - asked, load.turns * CALLERS)

    def _requests(self) -> Iterator[bytes]:
        headers = payload.HEADERS | dict(self.policies.headers)
        body = payload.STREAM_REQUEST if self.streams else payload.COUNTED_REQUEST
        request, number = http1.encode("POST", CHAT, headers, body), 0
        while True:
            number += not self.repeated
            yield request.replace(payload.COUNTER, b"%012d" % number)

    def _answer(self, events: int) -> list[bytes]:
        """The pieces in which the provider's answer comes in."""
        return [stream.HEAD, *[stream.FRAME] * events, stream.LAST] if self.streams else [stream.PLAIN]

    @property
    def _end(self) -> bytes:
        """How the gateway's answer ends, and nothing before it does."""
        return b"\r\n" + stream.LAST if self.streams else payload.ANSWER[-2:]

    def _check(self, answer: bytes, events: int) -> None:
        least = len(payload.EVENT) * events if self.streams else len(payload.ANSWER)
        whole = answer.startswith(b"HTTP/1.1 200 ") and len(answer) > least
        if not whole or not all(mark in answer for mark in self.marks):
            raise Failed(f"an answer is not what {self.name} is about: {answer[:SHOWN]!r}")

    def _check_asked(self, asked: int, calls: int) -> None:
        expected = calls if self.asks else 0
        if asked != expected:
            raise Failed(f"of {calls} calls of {self.name} {asked} reached the provider, not {expected}")


async def turn(callers: Sequence[Caller], requests: Iterator[bytes], clock: SteadyClock) -> list[bytes]:
    """All callers ask; their answers, once what the gateway does after them is done, too."""
    for caller in callers:
        clock.pass_on()
        caller.ask(next(requests))
    for _ in range(PATIENCE):
        await asyncio.sleep(0)
        if all(caller.answer is not None for caller in callers):
            await asyncio.sleep(0)
            return [caller.answer or b"" for caller in callers]
    late = next(caller for caller in callers if caller.answer is None)
    raise Failed(f"an answer is not whole: {late.so_far[:SHOWN]!r}")
