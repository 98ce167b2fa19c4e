"""Penstock as it is measured: a worker and a shipper, put together as production does it, in this process.

Of this package only this file imports Penstock.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bench.failure import Failed
from bench.gateways.penstock import CONFIG
from bench.gateways.policies import NONE, Policies
from bench.instructions.wires import Accept, Wires
from penstock.clock import Clock
from penstock.pricing.configured import open_prices
from penstock.processes import shipping
from penstock.processes.worker import Worker
from penstock.settings import Settings, load

BEGIN_US = 1_790_000_000_000_000
ASLEEP = "\n[server.timeouts]\nspin = 0\n"
"""A worker that stays awake around a lone call would do so for ever: its clock stands still."""


class SteadyClock(Clock):
    """Time passes when it is told to, by `step_us`."""

    __slots__ = ("_now_us", "_step_us")

    def __init__(self, step_us: int) -> None:
        super().__init__()
        self._now_us = BEGIN_US
        self._step_us = step_us

    def now_us(self) -> int:
        return self._now_us

    def monotonic(self) -> float:
        return self._now_us / 1e6

    def pass_on(self) -> None:
        self._now_us += self._step_us


def read_settings(home: Path, policies: Policies) -> Settings:
    """The settings of a gateway that keeps its data below `home`; its providers' addresses lead nowhere."""
    config = home / "penstock.toml"
    config.write_text(CONFIG.format(chat=9, polls=9, policies=policies.tables) + ASLEEP)
    return load(config, environ=policies.env, overrides={"server.data": str(home / "data")})


@asynccontextmanager
async def serving(home: Path, policies: Policies, wires: Wires, clock: SteadyClock) -> AsyncIterator[Accept]:
    """A worker process's gateway, listening. Raises whatever keeps it from starting."""
    settings = read_settings(home, policies)

    def over(serve: asyncio.Task[None]) -> None:
        if not wires.accept.done():
            wires.accept.set_exception(serve.exception() or Failed("the gateway did not start"))

    with socket.socket() as listener:
        serve = wires.create_task(Worker(settings, lambda: settings, clock).serve([listener], None))
        serve.add_done_callback(over)
        try:
            yield await wires.accept
        finally:
            serve.cancel()
            with suppress(asyncio.CancelledError):
                await serve


def ship(home: Path) -> None:
    """What a shipper does that is told to stop: it ships all that is there. `Failed` when something is left."""
    settings = read_settings(home, NONE)
    reader, writer = os.pipe()
    os.close(writer)
    try:
        shipping.main(settings, lambda: settings, open_prices(settings, os.environ), reader)
    finally:
        os.close(reader)
    if left := list((home / "data" / "journal").glob("*.journal")):
        raise Failed(f"{len(left)} segments of the journal were not shipped")
