"""Kept answers between real processes: claims at the same time, workers that are killed, maps that differ.

The other processes run pieces of `PRELUDE` and say on standard output how far they are; no test waits for a
time to pass.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from reply_kit import check_sums, only_sums, opened, store

from penstock.stores.lmdb.replies import LmdbReplies
from penstock.stores.replies import Busy
from support.kept_replies import LATER, LEASE, MIB, NOW, SCOPE, key, large, reply

HERE = Path(__file__).parent
TESTS = HERE.parents[1]

PRELUDE = f"""
import json, sys
from pathlib import Path
sys.path[:0] = [{str(HERE)!r}, {str(TESTS)!r}]
from penstock.stores.lmdb.reply_filing import Filing
from penstock.stores.lmdb.reply_shelf import Shelf
from penstock.stores.lmdb.replies import LmdbReplies
from reply_kit import *
from support.kept_replies import *

def tell(what):
    print(json.dumps(what), flush=True)

environment = opened(Path(sys.argv[1]), int(sys.argv[3]))
mine = store(environment, sys.argv[2].encode())
tell("ready")
sys.stdin.readline()
"""

CLAIM = """
tell([n for n in range(500) if mine.claim(key(n), b"", NOW) is None])
"""

CLAIM_IN_A_RACE = """
tell([n for n in range(500) if mine.claim(key((n * 7) % 500), b"", NOW) is None])
"""

HOLD = """
assert mine.claim(key(1), b"one", NOW) is None
tell("holds")
sys.stdin.readline()
"""

PUT = """
numbers = range(200)
for n in numbers:
    mine.put(key(n), b"", reply(large((3_000, 80_000, 1_500_000)[n % 3], n)), SCOPE, LATER)
    tell(n)
"""

STOP_WITHIN_A_CHUNK = """
write_chunk = Shelf.write_chunk
def stopping(self, writing, number, data):
    write_chunk(self, writing, number, data)
    if number == 5:
        tell("half")
        sys.stdin.readline()
Shelf.write_chunk = stopping
mine.put(key(1), b"", reply(large(3_000_000)), SCOPE, LATER)
"""

STOP_BETWEEN_CHUNKS = """
is_reserved = Shelf.is_reserved
seen = []
def stopping(self, writing):
    seen.append(writing)
    if len(seen) == 6:
        self.txn.abort()
        tell("half")
        sys.stdin.readline()
    return is_reserved(self, writing)
Shelf.is_reserved = stopping
mine.put(key(1), b"", reply(large(3_000_000)), SCOPE, LATER)
"""

STOP_BEFORE_THE_END = """
def stopping(self, *arguments):
    tell("half")
    sys.stdin.readline()
Filing._show = stopping
mine.put(key(1), b"", reply(large(3_000_000)), SCOPE, LATER)
"""

Worker = subprocess.Popen[str]


def hear(worker: Worker) -> object:
    assert worker.stdout is not None
    return json.loads(worker.stdout.readline())


def go_on(worker: Worker) -> None:
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()


@contextmanager
def working(folder: Path, owner: str, code: str, map_bytes: int = 256 * MIB) -> Iterator[Worker]:
    """A process that has opened the store and waits; killed at the end, if not before."""
    command = [sys.executable, "-c", PRELUDE + code, str(folder), owner, str(map_bytes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        try:
            assert hear(worker) == "ready"
            yield worker
        finally:
            worker.kill()


def killed(worker: Worker) -> None:
    worker.kill()
    worker.wait(60)


def reaped(survivor: LmdbReplies) -> None:
    """Until there is nothing left to reap, after the lease of whoever died."""
    survivor.beat(NOW + LEASE)
    while survivor.reap(NOW + LEASE):
        pass


def test_each_key_is_claimed_by_exactly_one(tmp_path: Path) -> None:
    codes = [CLAIM, CLAIM, CLAIM_IN_A_RACE]
    with (
        working(tmp_path, "a", codes[0]) as a,
        working(tmp_path, "b", codes[1]) as b,
        working(tmp_path, "c", codes[2]) as c,
    ):
        for worker in (a, b, c):
            go_on(worker)
        told = [hear(worker) for worker in (a, b, c)]
    claimed: list[int] = []
    for numbers, step in zip(told, (1, 1, 7), strict=True):
        assert isinstance(numbers, list)
        claimed += [n * step % 500 for n in numbers]
    assert sorted(claimed) == list(range(500))


def test_what_a_killed_worker_held_is_free_after_its_lease(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as environment, working(tmp_path, "a", HOLD) as worker:
        survivor = store(environment)
        go_on(worker)
        assert hear(worker) == "holds"
        killed(worker)
        assert survivor.claim(key(1), b"one", NOW + LEASE - 1) == Busy(b"one")
        assert survivor.claim(key(1), b"one", NOW + LEASE) is None


@pytest.mark.parametrize("code", [STOP_WITHIN_A_CHUNK, STOP_BETWEEN_CHUNKS, STOP_BEFORE_THE_END])
def test_a_writer_killed_within_a_large_answer_leaves_nothing(tmp_path: Path, code: str) -> None:
    with closing(opened(tmp_path)) as environment, working(tmp_path, "a", code) as worker:
        survivor = store(environment)
        survivor.put(key(2), b"", reply(), SCOPE, LATER)
        before = survivor.stats()
        go_on(worker)
        assert hear(worker) == "half"
        killed(worker)
        assert survivor.get(key(1), NOW) is None
        survivor.reap(NOW)
        assert survivor.stats()[:2] == before[:2]
        reaped(survivor)
        assert survivor.stats()[:2] == before[:2]
        survivor.purge()
        assert only_sums(environment)


@pytest.mark.parametrize("number", [3, 11, 50])
def test_a_writer_killed_anywhere_leaves_whole_answers_and_true_sums(tmp_path: Path, number: int) -> None:
    with closing(opened(tmp_path)) as environment, working(tmp_path, "a", PUT) as worker:
        survivor = store(environment)
        go_on(worker)
        while hear(worker) != number:
            pass
        killed(worker)
        reaped(survivor)
        found = {n: there.reply for n in range(200) if (there := survivor.get(key(n), NOW)) is not None}
        assert set(range(number + 1)) <= set(found)
        for n, whole in found.items():
            assert whole.body == large((3_000, 80_000, 1_500_000)[n % 3], n)
        size = sum(len(whole.body) + len(whole.head) for whole in found.values())
        assert survivor.stats()[:2] == (len(found), size)
        check_sums(environment)
        assert survivor.purge() == len(found)
        assert only_sums(environment)


def test_a_map_that_another_process_made_larger_is_taken_up(tmp_path: Path) -> None:
    with closing(opened(tmp_path, 2 * MIB)) as environment:
        small = store(environment)
        with working(tmp_path, "a", PUT) as worker:
            go_on(worker)
            while hear(worker) != 20:
                pass
        small.get(key(20), NOW)  # may say that there is nothing
        found = small.get(key(20), NOW)
        assert found is not None
        assert found.reply.body == large(1_500_000, 20)
