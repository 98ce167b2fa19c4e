"""A damaged ledger stops no call and no process: it is set aside, said, and what the journal has is stored again."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import msgspec
import pytest
from damage_kit import WAYS, Damage, copy_of, flipped, limited, logged, overwrite, penstock, serving

from conftest import Connect, Serve
from support.gateway import Gateway
from support.upstream import Upstream
from support.waiting import comes, eventually

LEDGER = "ledger.db"
FAR = 10**9


def other_names(file: Path) -> None:
    """The schema is no text any more, and makes no table."""
    data = file.read_bytes()
    changed = data.replace(b"tablepositionspositions", b"tableposi\x8eionspositions")
    assert changed != data
    overwrite(file, changed.replace(b"CREATE TABLE positions", b"CREATE TABLF positions"))


def without_a_table(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("DROP TABLE arrivals")


def text_is_none(file: Path) -> None:
    """A name is stored that is no text."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("UPDATE names SET text = CAST(x'ff8e' AS TEXT)")


def another_database(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE something (else_ TEXT)")


MORE: dict[str, Damage] = {
    "schema": other_names,
    "table": without_a_table,
    "no-text": text_is_none,
    "another": another_database,
    "second-page": flipped(400, FAR, 1, start=16384),
    "everywhere": flipped(3000, FAR, 2),
    "header": flipped(20, 100, 3),
}
ALL: dict[str, Damage] = {**WAYS, **MORE}
PARTS = ("empty", "half", "garbage", "deleted")
"""Ways that what SQLite keeps beside it is damaged in: a page of it is as good as half of it."""


async def ready(gateway: Gateway) -> tuple[int, dict[str, object]]:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{gateway.url}/readyz")
    return answer.status_code, answer.json()


async def kept_or_told(gateway: Gateway, ids: list[str]) -> None:
    """The calls are in the log; or there is damage that only who lists them meets, and everybody tells it."""

    async def look() -> bool | None:
        done = await asyncio.to_thread(penstock, gateway, "logs", "--json", "--limit", "1000")
        if done.returncode:
            status, said = await ready(gateway)
            return (status == 503 and "ledger" in str(said["reasons"]) and "damaged" in done.stderr) or None
        return set(ids) <= {msgspec.json.decode(line)["id"] for line in done.stdout.splitlines()} or None

    await comes(look, "the calls, or the damage")


def put_back(data: Path, sound: Path) -> None:
    """The data folder as it was."""
    shutil.rmtree(data)
    shutil.copytree(sound, data)


@pytest.mark.parametrize("ways", [WAYS, MORE])
async def test_a_ledger_that_was_damaged_while_it_was_stopped(
    serve: Serve, upstream: Upstream, connect: Connect, tmp_path: Path, ways: dict[str, Damage]
) -> None:
    gateway = await serve(limited(upstream))
    before = [await logged(gateway, connect, upstream) for _ in range(10)]
    await gateway.logs_with(before)
    await gateway.stop()
    copy_of(gateway.data, tmp_path / "sound")
    for way, damage in ways.items():
        put_back(gateway.data, tmp_path / "sound")
        damage(gateway.data / LEDGER)
        gateway = await serve(None, ready=False)
        await serving(gateway)
        after = [await logged(gateway, connect, upstream) for _ in range(3)]
        await kept_or_told(gateway, after)
        assert gateway.process.poll() is None, way
        assert "ended with" not in gateway.stderr, way
        assert way in ("deleted", "no-text") or LEDGER in gateway.stderr, way
        await gateway.stop()


@pytest.mark.parametrize("way", [*WAYS, "everywhere"])
async def test_a_ledger_that_is_damaged_while_it_is_used(
    serve: Serve, upstream: Upstream, connect: Connect, way: str
) -> None:
    gateway = await serve(limited(upstream))
    before = [await logged(gateway, connect, upstream) for _ in range(10)]
    await gateway.logs_with(before)
    ALL[way](gateway.data / LEDGER)
    after = [await logged(gateway, connect, upstream) for _ in range(3)]
    await kept_or_told(gateway, after)
    assert gateway.process.poll() is None
    await gateway.stop()


async def test_what_only_who_lists_calls_would_meet_is_told_by_all(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    """Nothing is written meanwhile: nobody sets it aside, for most of it can be had back."""
    gateway = await serve(limited(upstream))
    await gateway.logs_with([await logged(gateway, connect, upstream) for _ in range(10)])
    await gateway.stop()
    data = bytearray((gateway.data / LEDGER).read_bytes())
    data[16384:16444] = bytes(one ^ 0xFF for one in data[16384:16444])
    overwrite(gateway.data / LEDGER, bytes(data))
    gateway = await serve(None, ready=False)
    await serving(gateway)

    async def told() -> dict[str, object] | None:
        status, said = await ready(gateway)
        return said if status == 503 else None

    said = await comes(told, "a gateway that is not ready")
    assert said["checks"] == {"journal": True, "ledger": False, "directory": True}
    for options in ((), ("--deep",)):
        found = (await asyncio.to_thread(penstock, gateway, "doctor", *options)).stdout
        assert re.search(r"problem +ledger .*ledger.db", found), found
    done = await asyncio.to_thread(penstock, gateway, "logs")
    assert done.returncode == 1
    assert "malformed" in done.stderr
    assert "penstock doctor" in done.stderr
    await gateway.stop()


# -- what SQLite keeps beside it


@pytest.mark.parametrize("part", ["-wal", "-shm"])
async def test_parts_that_are_damaged_after_a_kill(
    serve: Serve, upstream: Upstream, connect: Connect, tmp_path: Path, part: str
) -> None:
    gateway = await serve(limited(upstream))
    before = [await logged(gateway, connect, upstream) for _ in range(10)]
    await gateway.logs_with(before)
    await gateway.kill_group()
    copy_of(gateway.data, tmp_path / "killed")
    for way in (*PARTS, "a-folder"):
        put_back(gateway.data, tmp_path / "killed")
        WAYS[way](gateway.data / (LEDGER + part))
        gateway = await serve(None, ready=False)
        await serving(gateway)
        after = [await logged(gateway, connect, upstream) for _ in range(3)]
        # The journal has all of it, for nothing is let go of before the ledger is on disk.
        await gateway.logs_with(before + after)
        await gateway.stop()


SMALL_SEGMENTS = "[journal]\nsegment_bytes = 4096\n"
"""So that most of what the journal held has gone from it."""


@pytest.mark.parametrize("way", ["deleted", "empty", "half", "garbage"])
async def test_a_log_that_goes_with_calls_that_the_journal_has_no_more(
    serve: Serve, upstream: Upstream, connect: Connect, way: str
) -> None:
    """No call is lost with it, and none is there twice. What else stood in it is, and that is said."""
    gateway = await serve(limited(upstream, SMALL_SEGMENTS))
    before = [await logged(gateway, connect, upstream, number) for number in range(40)]
    await gateway.logs_with(before)
    await eventually(lambda: len(segments(gateway)) <= 2 or None, "segments that have gone")
    await gateway.kill_group()
    assert (gateway.data / f"{LEDGER}-wal").stat().st_size > 0
    WAYS[way](gateway.data / f"{LEDGER}-wal")
    gateway = await serve(None, ready=False)
    await serving(gateway)
    after = [await logged(gateway, connect, upstream) for _ in range(3)]
    rows = await gateway.logs_with(before + after)
    assert len(rows) == len({row.id for row in rows}) == 43
    await gateway.stop()


def segments(gateway: Gateway) -> list[Path]:
    return list((gateway.data / "journal").glob("*.journal"))


async def test_the_log_of_another_ledger_in_its_place(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    other = await serve(limited(upstream), folder="other")
    await other.logs_with([await logged(other, connect, upstream) for _ in range(5)])
    await other.kill_group()
    gateway = await serve(limited(upstream))
    before = [await logged(gateway, connect, upstream) for _ in range(10)]
    await gateway.logs_with(before)
    await gateway.kill_group()
    shutil.copy(other.data / f"{LEDGER}-wal", gateway.data / f"{LEDGER}-wal")
    gateway = await serve(None, ready=False)
    await serving(gateway)
    after = [await logged(gateway, connect, upstream) for _ in range(3)]
    await kept_or_told(gateway, after)
    assert "ended with" not in gateway.stderr
    await gateway.stop()


@pytest.mark.parametrize("part", ["-wal", "-shm"])
@pytest.mark.parametrize("way", PARTS)
async def test_parts_that_are_damaged_while_they_are_used(
    serve: Serve, upstream: Upstream, connect: Connect, way: str, part: str
) -> None:
    gateway = await serve(limited(upstream))
    before = [await logged(gateway, connect, upstream) for _ in range(10)]
    await gateway.logs_with(before)
    WAYS[way](gateway.data / (LEDGER + part))
    after = [await logged(gateway, connect, upstream) for _ in range(3)]
    await kept_or_told(gateway, after)
    assert gateway.process.poll() is None
    await gateway.stop()
