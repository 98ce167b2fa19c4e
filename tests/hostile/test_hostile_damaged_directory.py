"""A damaged directory lets nobody in and keeps nobody out: a copy of it is read, and nothing empty takes its place."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
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


def another(token: str) -> str:
    """Like it, and not it."""
    return token[:-1] + ("y" if token.endswith("x") else "x")


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
    assert await status(gateway, connect, upstream, another(token)) == 401
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
        assert await status(gateway, connect, upstream, another(token)) == 401, way
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


# -- what SQLite keeps beside it

CUT_OFF = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 2")
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE tokens SET name = name || 'half'")
for number in range(300):
    db.execute("INSERT INTO audit_half VALUES (randomblob(3000))") if number else db.execute(
        "CREATE TABLE audit_half (a)"
    )
os._exit(0)
"""
"""A change of which many pages are written, and which ends there."""


def cut_off(gateway: Gateway) -> Path:
    """Has a change to the directory of a gateway that does not run cut off; the journal of it."""
    subprocess.run([sys.executable, "-c", CUT_OFF, str(gateway.data / DIRECTORY)], check=True)
    journal = gateway.data / f"{DIRECTORY}-journal"
    assert journal.stat().st_size > 0
    return journal


@pytest.mark.parametrize("way", ["as it is", *(way for way in WAYS if way != "8-kib")])
async def test_the_journal_of_a_change_that_was_cut_off(
    serve: Serve, upstream: Upstream, connect: Connect, way: str
) -> None:
    """Nobody is let in or kept out by half a change: it is undone, or the copy takes the directory's place."""
    gateway = await serve(secured(upstream))
    token = await token_of(gateway)
    await copied(gateway)
    await gateway.kill_group()
    journal = cut_off(gateway)
    if way != "as it is":
        WAYS[way](journal)
    gateway = await serve(None)
    assert await status(gateway, connect, upstream, token) == 200
    assert await status(gateway, connect, upstream, another(token)) == 401
    assert "Traceback" not in gateway.stderr
    assert "no problems" in penstock(gateway, "doctor", "--url", gateway.url).stdout
    made = penstock(gateway, "keys", "create", "another")
    assert made.returncode == 0, made.stderr
    await gateway.stop()


@pytest.mark.parametrize("part", ["-wal", "-shm", "-journal"])
async def test_what_does_not_belong_beside_it_is_nothing(
    serve: Serve, upstream: Upstream, connect: Connect, part: str
) -> None:
    """It has no log, as the ledger has: one that lies there all the same changes nothing."""
    gateway = await serve(secured(upstream))
    token = await token_of(gateway)
    await copied(gateway)
    await gateway.kill_group()
    stray = gateway.data / f"{DIRECTORY}{part}"
    assert not stray.exists()
    for content in (b"", b"no log of anything" * 1000, (gateway.data / "ledger.db-wal").read_bytes()):
        stray.write_bytes(content)
        gateway = await serve(None)
        assert await status(gateway, connect, upstream, token) == 200
        assert await status(gateway, connect, upstream, another(token)) == 401
        assert "Traceback" not in gateway.stderr
        await gateway.kill_group()
