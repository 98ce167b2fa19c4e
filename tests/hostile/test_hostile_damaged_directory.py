"""A damaged directory lets nobody in and keeps nobody out: a copy of it is read, and nothing empty takes its place."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import httpx
import pytest
from damage_kit import WAYS, Damage, flipped, penstock
from hostile_kit import CHAT

from conftest import Connect, Serve
from support.configuration import gateways, providers
from support.gateway import Gateway, fails_to_start
from support.replies import whole
from support.upstream import Upstream
from support.waiting import comes, eventually

DIRECTORY = "directory.db"
COPY = "directory.copy.db"
MORE: dict[str, Damage] = {**WAYS, "everywhere": flipped(3000, 10**9, 1), "header": flipped(20, 100, 2)}


def secured(upstream: Upstream) -> str:
    return gateways(gw={"authentication": True}) + providers({"openai": upstream.url})


async def token_of(gateway: Gateway) -> str:
    """The first token, which is shown once."""
    return await eventually(
        lambda: (found := re.search(r"pst_\w+", gateway.stderr)) and found[0], "the first token"
    )


async def status(gateway: Gateway, connect: Connect, upstream: Upstream, token: str) -> int:
    """What a call with this token comes to."""
    upstream.will(whole(b"{}"))
    header = ("cf-aig-authorization", f"Bearer {token}")
    return (await (await connect(gateway.url)).ask("POST", CHAT, header, body=b"{}")).status


async def copied(gateway: Gateway) -> None:
    """Waits for the copy of the directory as it is."""
    await eventually(lambda: (gateway.data / COPY).exists() or None, "the copy")


@pytest.mark.parametrize("way", MORE)
async def test_a_directory_that_is_damaged_while_it_is_used(
    serve: Serve, upstream: Upstream, connect: Connect, way: str
) -> None:
    gateway = await serve(secured(upstream))
    token = await token_of(gateway)
    assert await status(gateway, connect, upstream, token) == 200
    await copied(gateway)
    MORE[way](gateway.data / DIRECTORY)
    await gateway.says("cannot be used (")
    gateway.signal(signal.SIGHUP)
    assert await status(gateway, connect, upstream, token) == 200
    (worker,) = await gateway.workers(1)
    os.kill(worker, signal.SIGKILL)

    async def serves_again() -> bool | None:
        try:
            return await status(gateway, connect, upstream, token) == 200 or None
        except (OSError, httpx.HTTPError):
            return None

    await comes(serves_again, "another worker")
    assert await status(gateway, connect, upstream, token[:-1] + "x") == 401
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{gateway.url}/readyz")
    assert (answer.status_code, answer.json()["checks"]["directory"]) == (503, False)
    assert re.search(r"problem +directory ", penstock(gateway, "doctor").stdout)
    made = penstock(gateway, "keys", "create", "another")
    assert made.returncode == 1
    assert "Traceback" not in made.stderr
    assert gateway.stderr.count("cannot be used (") == 1
    await gateway.stop()


async def test_a_directory_that_was_damaged_while_it_was_stopped(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(secured(upstream))
    token = await token_of(gateway)
    await copied(gateway)
    for way, damage in MORE.items():
        await gateway.stop()
        damage(gateway.data / DIRECTORY)
        gateway = await serve(None)
        assert await status(gateway, connect, upstream, token) == 200, way
        assert await status(gateway, connect, upstream, token[:-1] + "x") == 401, way
        assert f"{COPY} was put in its place" in gateway.stderr, way
        assert "admin token" not in gateway.stderr, way
        assert "no problems" in penstock(gateway, "doctor", "--url", gateway.url).stdout, way
    await gateway.stop()


async def test_without_a_copy_it_does_not_start_and_says_so(
    serve: Serve, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = await serve(secured(upstream))
    await copied(gateway)
    await gateway.stop()
    (gateway.data / COPY).unlink()
    damaged = b"no database" * 1000
    (gateway.data / DIRECTORY).write_bytes(damaged)
    code, said = fails_to_start(tmp_path, "--data", str(gateway.data), "--port", "0")
    assert (code, "restore a copy" in said, "Traceback" in said) == (2, True, False)
    assert (gateway.data / DIRECTORY).read_bytes() == damaged
