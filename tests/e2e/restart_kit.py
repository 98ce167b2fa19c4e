"""Processes of a real gateway that die: which one it is now, killing it, what the gateway says of it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
from typing import NamedTuple

import httpx
import msgspec

from penstock.doctor.finding import Finding
from support.client import Client
from support.gateway import PROGRAM, Gateway, environment
from support.waiting import comes, eventually

CHAT = "/v1/acct/gw/openai/chat/completions"
QUICKLY = "[server.timeouts]\nrestart = 0.3\n"
"""Pauses that a test can wait for."""


class Ready(NamedTuple):
    """What `/readyz` answers."""

    http: int
    status: str
    degraded: list[str]


def pids(gateway: Gateway, name: str) -> list[int]:
    """All there ever were of a process, in the order of their start."""
    return [int(pid) for pid in re.findall(rf": {re.escape(name)} started \(process (\d+)\)", gateway.stderr)]


async def started(gateway: Gateway, name: str, times: int) -> int:
    """The process id of `name`, once it was started so many times in all."""
    found = await eventually(
        lambda: found if len(found := pids(gateway, name)) >= times else None, f"{name} for the {times}. time"
    )
    return found[-1]


async def kill(gateway: Gateway, name: str, number: signal.Signals = signal.SIGKILL) -> None:
    """Ends the process, and waits until the gateway has noticed."""
    known = len(pids(gateway, name))
    ended = gateway.stderr.count(f": {name} ended with ")
    os.kill(await started(gateway, name, known), number)
    await eventually(
        lambda: True if gateway.stderr.count(f": {name} ended with ") > ended else None, f"the end of {name}"
    )


async def kill_again(gateway: Gateway, name: str, times: int) -> None:
    """Ends the process, and each one that is started in its place, `times` in all."""
    for _ in range(times):
        known = len(pids(gateway, name))
        await kill(gateway, name)
        await started(gateway, name, known + 1)


async def ready(client: Client) -> Ready:
    """Asks `/readyz`."""
    answer = await client.ask("GET", "/readyz")
    body = answer.json()
    return Ready(answer.status, body["status"], body["degraded"])


async def becomes(client: Client, status: str) -> Ready:
    """Waits until `/readyz` says so."""

    async def ask() -> Ready | None:
        found = await ready(client)
        return found if found.status == status else None

    return await comes(ask, f"/readyz: {status}")


async def metrics(gateway: Gateway) -> dict[str, float]:
    """The samples of `/metrics`."""
    async with httpx.AsyncClient(trust_env=False) as http:
        text = (await http.get(f"{gateway.url}/metrics")).text
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


async def examined(gateway: Gateway) -> list[Finding]:
    """What `penstock doctor` finds."""
    command = [*PROGRAM, "doctor", "--json", "--data", str(gateway.data), "--config", str(gateway.config)]
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment(), capture_output=True, timeout=60, check=False
    )
    return msgspec.json.decode(done.stdout, type=list[Finding])
