"""`penstock cache` as people and programs use it, beside a worker that has the store open."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.stores.lmdb.environment import open_environment
from penstock.stores.lmdb.replies import CACHE, DATABASES, FOLDER, IDEMPOTENCY, LmdbReplies
from penstock.stores.replies import Reply, Scope

NOW = 1_760_000_000_000_000
LATER = 2 * NOW
START = [sys.executable, "-c", "from penstock.cli.cache import cache; cache(prog_name='penstock cache')"]
MIB = 1024 * 1024


def reply(size: int, created_us: int = NOW) -> Reply:
    return Reply(200, b"a: b\r\n", b"text/plain", b"", bytes(size), created_us, "openai", "m")


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[LmdbReplies]:
    """A worker's cache in a store with five cached answers and one of the other kind."""
    with closing(open_environment(tmp_path / FOLDER, 64 * MIB, DATABASES)) as environment:
        cache = LmdbReplies(environment, CACHE, b"worker", 16 * MIB, evict=True)
        kept = LmdbReplies(environment, IDEMPOTENCY, b"worker", 16 * MIB, evict=False)
        cache.beat(NOW)
        for n, gateway in enumerate(("main", "main", "prod", "prod", "prod")):
            provider = "parallel" if n % 2 else "openai"
            cache.put(bytes([n]) * 32, b"", reply(1000, NOW + n), Scope("local", gateway, provider), LATER)
        cache.get(bytes(32), NOW)
        cache.beat(NOW + 1_000_000)
        kept.put(bytes(32), b"f", reply(200_000), Scope("local", "prod", "openai"), LATER)
        yield cache


def environment_of(data: Path, **variables: str) -> dict[str, str]:
    return {**os.environ, "PENSTOCK_DATA": str(data), "TZ": "UTC", "COLUMNS": "100", **variables}


def run(data: Path, *arguments: str, code: int = 0, **variables: str) -> str:
    """Standard output; with another exit code than 0, standard error."""
    done = subprocess.run(
        [*START, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment_of(data, **variables),
        cwd=data,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stderr if code else done.stdout


def on_a_terminal(data: Path, *arguments: str, answer: str = "") -> tuple[int, str]:
    """Exit code and what a person sees."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*START, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment_of(data), cwd=data
    ) as process:
        os.close(theirs)
        os.write(ours, answer.encode())
        seen = b""
        while select.select([ours], [], [], 60)[0]:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
        code = process.wait(60)
    os.close(ours)
    return code, seen.decode()


def stats(data: Path) -> dict[str, dict[str, object]]:
    rows = [json.loads(line) for line in run(data, "stats", "--json").splitlines()]
    return {row["store"]: row for row in rows}


@pytest.mark.usefixtures("worker")
def test_stats_as_json(tmp_path: Path) -> None:
    assert stats(tmp_path) == {
        "cache": {
            "store": "cache", "entries": 5, "bytes": 5030, "limit": 1_073_741_824,
            "oldest": "2025-10-09T08:53:20.000Z", "hits": 1, "stored": 5, "evicted": 0, "expired": 0,
        },
        "idempotency": {
            "store": "idempotency", "entries": 1, "bytes": 200_006, "limit": 268_435_456,
            "oldest": "2025-10-09T08:53:20.000Z", "hits": 0, "stored": 1, "evicted": 0, "expired": 0,
        },
    }  # fmt: skip


@pytest.mark.usefixtures("worker")
def test_stats_in_a_pipe_are_plain_and_aligned(tmp_path: Path) -> None:
    lines = run(tmp_path, "stats").splitlines()
    assert lines[0].split() == [
        "STORE", "ENTRIES", "BYTES", "LIMIT", "OLDEST", "HITS", "STORED", "EVICTED", "EXPIRED",
    ]  # fmt: skip
    assert lines[1].split() == [
        "cache", "5", "5.0", "kB", "1073.7", "MB", "2025-10-09", "08:53:20Z", "1", "5", "0", "0",
    ]  # fmt: skip
    assert lines[2].split()[:4] == ["idempotency", "1", "200.0", "kB"]
    assert "\x1b" not in "".join(lines)
    assert len({line.index("2025") for line in lines[1:]} | {lines[0].index("OLDEST")}) == 1


@pytest.mark.usefixtures("worker")
def test_the_limits_are_those_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "penstock.toml").write_text("[cache]\nmax_bytes = 5000000\n")
    assert stats(tmp_path)["cache"]["limit"] == 5_000_000
    (tmp_path / "penstock.toml").write_text("[cache]\nmax_bytes = true\n")
    assert "penstock.toml:2" in run(tmp_path, "stats", code=1)


def test_stats_on_a_terminal_are_a_table(tmp_path: Path, worker: LmdbReplies) -> None:
    worker.purge()
    code, seen = on_a_terminal(tmp_path, "stats")
    assert code == 0
    assert "\x1b[1m" in seen
    assert "idempotency" in seen


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ([], 0),
        (["--gateway", "prod"], 2),
        (["--gateway", "prod", "--provider", "parallel"], 4),
        (["--provider", "openai"], 2),
        (["--account", "local"], 0),
        (["--account", "other"], 5),
        (["--gateway", "pro"], 5),
    ],
)
def test_purging_beside_a_worker(tmp_path: Path, worker: LmdbReplies, options: list[str], left: int) -> None:
    told = run(tmp_path, "purge", "--yes", *options)
    assert told == f"{5 - left} cached answer{'' if left == 4 else 's'} forgotten\n"
    assert worker.stats().entries == left
    assert sum(worker.get(bytes([n]) * 32, NOW) is not None for n in range(5)) == left
    assert stats(tmp_path)["idempotency"]["entries"] == 1
    assert worker.put(bytes(32), b"", reply(100_000), Scope("local", "main", "openai"), LATER)


def test_purging_asks_on_a_terminal(tmp_path: Path, worker: LmdbReplies) -> None:
    code, seen = on_a_terminal(tmp_path, "purge", "--gateway", "prod", answer="n\n")
    assert "Forget the cached answers of gateway prod? [y/N]" in seen
    assert code == 1
    assert worker.stats().entries == 5
    code, seen = on_a_terminal(tmp_path, "purge", answer="y\n")
    assert "Forget all cached answers? [y/N]" in seen
    assert code == 0
    assert worker.stats().entries == 0


def test_purging_without_a_terminal_needs_yes(tmp_path: Path, worker: LmdbReplies) -> None:
    assert "--yes" in run(tmp_path, "purge", code=1)
    assert worker.stats().entries == 5


def test_an_empty_option_does_not_purge_everything(tmp_path: Path, worker: LmdbReplies) -> None:
    """What a script's empty variable would do."""
    assert "must not be empty" in run(tmp_path, "purge", "--yes", "--gateway", "", code=2)
    assert worker.stats().entries == 5


@pytest.mark.parametrize("command", [["stats"], ["purge", "--yes"]])
def test_without_a_store_it_says_so_and_makes_none(tmp_path: Path, command: list[str]) -> None:
    told = run(tmp_path, *command, code=1)
    assert (
        f"no kept answers in {tmp_path} (by PENSTOCK_DATA): start `penstock serve --data {tmp_path}` first"
        in told
    )
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_store_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "data.mdb").write_bytes(b"garbage" * 10_000)
    told = run(tmp_path, "stats", code=1)
    assert told.startswith(f"Error: cannot use the kept answers in {tmp_path} (by PENSTOCK_DATA): ")
    assert "Traceback" not in told
