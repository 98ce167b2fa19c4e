"""Damage to files, and gateways that live through it.

What is damaged is damaged here, in one way each; what must be true afterwards is asserted in the tests.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from hostile_kit import CHAT

from conftest import Connect
from support.client import Broken, request
from support.configuration import gateways, providers
from support.gateway import PROGRAM, Gateway, environment
from support.replies import whole
from support.upstream import Upstream
from support.waiting import eventually

START_SECONDS = 10.0
"""A gateway serves so soon after its start at the latest, whatever was damaged."""

Damage = Callable[[Path], None]


def flipped(count: int, within: int, seed: int, start: int = 0) -> Damage:
    """Inverts bytes at random places of the first `within` bytes, from `start` on."""

    def damage(file: Path) -> None:
        data = bytearray(file.read_bytes())
        draw = random.Random(seed)
        for _ in range(count):
            data[draw.randrange(start, min(within, len(data)))] ^= 0xFF
        overwrite(file, bytes(data))

    return damage


def cut(size: int) -> Damage:
    """Leaves the first `size` bytes."""

    def damage(file: Path) -> None:
        with file.open("r+b") as opened:
            opened.truncate(size)

    return damage


def halved(file: Path) -> None:
    """Leaves the first half."""
    cut(file.stat().st_size // 2)(file)


def garbage(file: Path) -> None:
    """Random bytes, as many as there were, in the same file."""
    overwrite(file, random.Random(1).randbytes(file.stat().st_size))


def deleted(file: Path) -> None:
    """The file is gone."""
    file.unlink()


def a_folder(file: Path) -> None:
    """A folder stands where the file was."""
    file.unlink()
    file.mkdir()


def overwrite(file: Path, data: bytes) -> None:
    """In place: who has the file open sees it."""
    with file.open("r+b") as opened:
        opened.write(data)
        opened.truncate(len(data))


WAYS: dict[str, Damage] = {
    "empty": cut(0),
    "a-page": cut(4096),
    "8-kib": cut(8192),
    "half": halved,
    "garbage": garbage,
    "deleted": deleted,
    "a-folder": a_folder,
}


def limited(upstream: Upstream, extra: str = "") -> str:
    """A gateway that caches and limits, more than any test calls."""
    fields = {"cache_ttl": 300, "rate_limiting_limit": 100_000, "rate_limiting_interval": 3600}
    return gateways(gw=fields) + providers({"openai": upstream.url}) + extra


async def called(gateway: Gateway, connect: Connect, upstream: Upstream, numbers: range) -> list[int]:
    """Calls one after the other, each with a body of its own; what each came to, 0 for a broken connection."""
    statuses, client = [], None
    for number in numbers:
        upstream.will(whole(b'{"answer":%d}' % number))
        try:
            client = client or await connect(gateway.url)
            await client.send(request("POST", CHAT, body=b'{"model":"gpt-5","n":%d}' % number))
            answer = await client.answer()
            statuses.append(answer.status)
        except (Broken, OSError):
            statuses.append(0)
            client = None
    return statuses


async def goes_well(gateway: Gateway, connect: Connect, upstream: Upstream, start: int) -> int:
    """Calls until ten in a row are answered; how many were not, or fails after `START_SECONDS`."""
    bad, end = 0, time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        statuses = await called(gateway, connect, upstream, range(start, start + 10))
        start += 10
        if statuses == [200] * 10:
            return bad
        bad += sum(status != 200 for status in statuses)
    raise AssertionError(f"calls still fail after {START_SECONDS} s\n{gateway.stderr}")


def set_aside(gateway: Gateway, name: str) -> list[str]:
    """Names of what was set aside of a store."""
    return sorted(one.name for one in gateway.data.glob(f"{name}.damaged-*"))


def copy_of(data: Path, target: Path) -> None:
    """The data folder as it is now."""
    shutil.copytree(data, target, ignore=shutil.ignore_patterns("*.sock"))


async def logged(gateway: Gateway, connect: Connect, upstream: Upstream, number: int = 0) -> str:
    """One call, which must be answered; its id."""
    upstream.will(whole(b"{}"))
    body = b'{"model":"gpt-5","number":%d}' % number
    answer = await (await connect(gateway.url)).ask("POST", CHAT, body=body)
    found = answer.header("cf-aig-log-id")
    assert answer.status == 200
    assert found is not None
    return found


async def serving(gateway: Gateway) -> None:
    """Waits for its address, whatever it says of itself."""
    gateway.url = await eventually(gateway._address, "the address of the gateway")


def penstock(gateway: Gateway, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command over the gateway's data folder."""
    command = [*PROGRAM, *arguments, "--data", str(gateway.data)]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=60)
