"""Counters are exact between real processes, also when some are killed at a random moment.

This file is also the program of those processes: each opens the environment for itself, and acknowledges what
it was granted with a byte on its standard output.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import lmdb
import pytest

from penstock.stores.counters import Claim, Granted, Reservation, Window
from penstock.stores.lmdb.counters import DATABASES, LmdbCounters
from penstock.stores.lmdb.environment import open_environment

T0 = 1_700_000_000_000_000
ELEVEN_SECONDS = 11_000_000
MAP_BYTES = 1 << 24
WINDOWS = {"fixed": Window(3600, False), "sliding": Window(3600, True)}
ENDLESS = 10**7  # more than a process can do before it is killed
ASIDE = 7

Process = subprocess.Popen[bytes]


def start(verb: str, folder: Path, technique: str, owner: str, limit: int, times: int) -> Process:
    arguments = (sys.executable, __file__, verb, str(folder), technique, owner, str(limit), str(times))
    # Unbuffered, so that nothing read is kept back from `communicate`.
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)


def acknowledged(process: Process) -> int:
    """What a process still says until its end; a process that fails is a failed test."""
    output, _ = process.communicate(timeout=60)
    assert process.returncode in (0, -9)
    return len(output)


def kill_after(process: Process, acknowledgements: int) -> int:
    """Kills a process once it has been granted some; how much it acknowledged in all."""
    assert process.stdout is not None
    read = 0
    while read < acknowledgements:
        some = process.stdout.read(acknowledgements - read)
        assert some, "it ended before it was killed"
        read += len(some)
    process.kill()
    return read + acknowledged(process)


def open_counters(folder: Path, owner: str) -> tuple[lmdb.Environment, LmdbCounters]:
    environment = open_environment(folder, MAP_BYTES, DATABASES)
    return environment, LmdbCounters(environment, owner.encode())


def end(processes: Sequence[Process]) -> None:
    for process in processes:
        process.kill()
        process.wait(timeout=60)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


@pytest.mark.parametrize("technique", WINDOWS)
def test_eight_processes_are_granted_exactly_the_limit(tmp_path: Path, technique: str) -> None:
    processes = [start("take", tmp_path, technique, f"worker-{n}", 2000, 500) for n in range(8)]
    try:
        assert sum(map(acknowledged, processes)) == 2000
    finally:
        end(processes)
    environment, counters = open_counters(tmp_path, "reader")
    with environment:
        assert counters.used(b"one", WINDOWS[technique], T0 + 500) == 2000


@pytest.mark.parametrize("technique", WINDOWS)
@pytest.mark.parametrize("verb", ["take", "reserve"])
def test_killed_processes_lose_and_lock_nothing(tmp_path: Path, technique: str, verb: str) -> None:
    random = Random(verb + technique)
    survivors = [start(verb, tmp_path, technique, f"survivor-{n}", 10**9, 1500) for n in range(2)]
    victims = [start(verb, tmp_path, technique, f"victim-{n}", 10**9, ENDLESS) for n in range(6)]
    try:
        granted = sum(kill_after(victim, random.randint(1, 1500)) for victim in victims)
        finished = [acknowledged(survivor) for survivor in survivors]
    finally:
        end([*survivors, *victims])
    assert finished == [1500, 1500]
    environment, counters = open_counters(tmp_path, "reader")
    with environment:
        assert counters.reap(T0 + ELEVEN_SECONDS) <= len(victims)
        used = [counters.used(key, WINDOWS[technique], T0 + ELEVEN_SECONDS) for key in (b"one", b"two")]
        assert used[0] == used[1]
        assert sum(finished) + granted <= used[0] <= sum(finished) + granted + len(victims)


def test_a_process_killed_inside_a_transaction_leaves_no_lock_and_no_half(tmp_path: Path) -> None:
    victim = start("hold", tmp_path, "fixed", "victim", 0, 0)
    try:
        assert victim.stdout is not None
        assert victim.stdout.read(1) == b"."
        victim.kill()
        victim.wait(timeout=60)
        survivor = start("take", tmp_path, "fixed", "survivor", 10, 20)
        assert acknowledged(survivor) == 10
    finally:
        end([victim])
    environment, counters = open_counters(tmp_path, "reader")
    with environment:
        assert counters.used(b"one", WINDOWS["fixed"], T0) == 10


# -- the program of the processes


def main(verb: str, folder: str, technique: str, owner: str, limit: str, times: str) -> None:
    environment, counters = open_counters(Path(folder), owner)
    if verb == "hold":
        hold(environment)
    for number in range(int(times)):
        claims = [Claim(key, 1, int(limit), WINDOWS[technique]) for key in (b"one", b"two")]
        if verb == "take" and isinstance(counters.take(claims, T0 + number % 500), Granted):
            os.write(1, b".")
        if verb == "reserve":
            set_aside(counters, claims, T0 + number % 500)


def set_aside(counters: LmdbCounters, claims: list[Claim], now_us: int) -> None:
    aside = [Claim(claim.key, ASIDE, claim.limit, claim.window) for claim in claims]
    reservation = counters.reserve(aside, now_us)
    assert isinstance(reservation, Reservation)
    counters.settle(reservation, 1, now_us)
    os.write(1, b".")


def hold(environment: lmdb.Environment) -> None:
    """Writes half of something and waits, with the lock, for an end that comes from outside."""
    database = environment.open_db(b"counters")
    with environment.begin(database, write=True) as txn:
        txn.put(b"one", bytes(32))
        os.write(1, b".")
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
