"""Looking at an LMDB file from its first byte to its last: what is sound is found sound, whoever writes meanwhile."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import NoReturn

import lmdb
import msgspec
import pytest

from penstock.clock import Clock
from penstock.stores.counters import Window
from penstock.stores.lmdb.counters import CHECKS, DATABASES, LmdbCounters
from penstock.stores.lmdb.environment import open_environment
from penstock.stores.lmdb.inspection import State, Verdict, inspect, look
from penstock.stores.lmdb.structure import Unsound, examine, states
from penstock.stores.lmdb.window_log import is_sound, plus, stored
from penstock.stores.lmdb.window_log import live as live_log
from support.counters import reserve

T0 = 1_700_000_000_000_000
FAR = Clock().monotonic() + 3600.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with trees of some levels, values of all sizes, and free pages."""
    fill(tmp_path, 1)
    return tmp_path


def fill(folder: Path, seed: int, rounds: int = 60) -> None:
    draw = random.Random(seed)
    with lmdb.open(str(folder), map_size=1 << 26, max_dbs=3, sync=False) as environment:
        databases = [environment.open_db(name) for name in (b"one", b"two")]
        for _ in range(rounds):
            with environment.begin(write=True) as txn:
                for _ in range(50):
                    size = draw.choice((8, 100, 3000, 9000))
                    txn.put(
                        draw.randbytes(draw.choice((8, 32))), draw.randbytes(size), db=draw.choice(databases)
                    )
                with txn.cursor(draw.choice(databases)) as cursor:
                    there = cursor.set_range(draw.randbytes(1))
                    for _ in range(30 if there else 0):
                        if not cursor.delete():
                            break


def whole(folder: Path) -> None:
    descriptor = os.open(folder / "data.mdb", os.O_RDONLY)
    try:
        examine(descriptor, max(states(descriptor)), {}, FAR)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("seed", range(5))
def test_what_lmdb_writes_is_sound(tmp_path: Path, seed: int) -> None:
    fill(tmp_path, seed)
    whole(tmp_path)
    assert inspect(tmp_path, {}, 30.0).state is State.SOUND


@pytest.mark.parametrize("place", [0, 8, 10, 12, 14, 16, 18])
def test_every_byte_of_a_page_s_head_counts(tmp_path: Path, place: int) -> None:
    """A page that is in use; one of the last, which hold what was written last."""
    fill(tmp_path, 1, rounds=12)
    file = tmp_path / "data.mdb"
    sound = file.read_bytes()
    found = 0
    for page in range(2, len(sound) // 4096, 7):
        data = bytearray(sound)
        data[page * 4096 + place] ^= 0xFF
        file.write_bytes(data)
        try:
            whole(tmp_path)
        except Unsound:
            found += 1
    assert found or place == 8  # which is not used


def test_it_is_found_whatever_is_cut_off(folder: Path) -> None:
    file = folder / "data.mdb"
    sound = file.read_bytes()
    for size in (1, 100, 4096, 8192, 50_000, len(sound) // 2):
        file.write_bytes(sound[:size])
        assert inspect(folder, {}, 30.0).state is State.DAMAGED


def test_no_damage_whatever_is_an_error_of_the_look(folder: Path) -> None:
    file = folder / "data.mdb"
    sound = file.read_bytes()
    for seed in range(40):
        draw, data = random.Random(seed), bytearray(sound)
        for _ in range(draw.choice((1, 20, 400))):
            data[draw.randrange(len(data))] = draw.randrange(256)
        file.write_bytes(data)
        assert look(folder, {}, FAR).state in (State.SOUND, State.DAMAGED)


def test_others_may_write_meanwhile(folder: Path) -> None:
    """In a process of their own: one has a folder open once."""
    writer = os.fork()
    if writer == 0:
        _write_on(folder)
    try:
        for _ in range(20):
            assert inspect(folder, {}, 30.0) == Verdict(State.SOUND)
    finally:
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)


def _write_on(folder: Path) -> NoReturn:
    """Until it is killed. Who looks keeps pages from being used again: on a busy machine that fills the map."""
    try:
        with lmdb.open(str(folder), map_size=1 << 26, max_dbs=3, sync=False) as environment:
            database = environment.open_db(b"one")
            for number in count():
                with suppress(lmdb.MapFullError), environment.begin(write=True) as txn:
                    txn.put(b"%d" % (number % 1000), bytes(5000), db=database)
                    txn.delete(b"%d" % ((number - 3) % 1000), db=database)
    finally:
        os._exit(1)  # never back into the tests, of which this is a copy


def test_what_takes_too_long_is_not_known(folder: Path) -> None:
    assert look(folder, {}, 0.0).state is State.UNKNOWN


def test_a_value_that_is_none_is_damage(folder: Path) -> None:
    assert inspect(folder, {b"one": lambda _key, value: len(value) != 3000}, 30.0).state is State.DAMAGED
    assert inspect(folder, {b"other": lambda _key, _value: False}, 30.0).state is State.SOUND


def test_what_is_not_there_is_not_damaged(tmp_path: Path) -> None:
    assert inspect(tmp_path / "nothing", {}, 1.0).state is State.SOUND
    (tmp_path / "file").touch()
    assert inspect(tmp_path / "file", {}, 1.0).state is State.DAMAGED


@pytest.mark.parametrize("sliding", [True, False])
def test_counters_are_sound_as_they_are_written_and_no_other_way(sliding: bool) -> None:
    window, value = Window(60, sliding), None
    for moment in range(1, 300):
        value = stored(plus(live_log(value, window, moment * 1000), 3, window, moment * 1000)[0])
        assert is_sound(value)
    assert value is not None
    for place in range(len(value)):
        if place // 8 != 1:  # how long the longest window was: any number will do
            changed = bytearray(value)
            changed[place] ^= 0xFF
            assert not is_sound(bytes(changed)) or (place - 16) % 16 < 8


def test_a_counter_of_which_all_was_taken_back_is_sound(tmp_path: Path) -> None:
    """A call was set aside for and cost nothing; no start may forget all limits for that."""
    with open_environment(tmp_path, 1 << 26, DATABASES) as environment:
        counters = LmdbCounters(environment, b"worker")
        counters.settle(reserve(counters, 5, T0), 0, T0)
    assert inspect(tmp_path, CHECKS, 30.0) == Verdict(State.SOUND)


@pytest.mark.parametrize(
    ("database", "key", "value"),
    [
        (b"endings", b"short", b""),
        (b"endings", bytes(9), b"x"),
        (b"shares", b"\1", bytes(8)),
        (b"shares", b"\1", b"\xff" * 8),
        (b"shares", b"\1", b"\0" * 7 + b"\x7f"),
        (b"shares", b"\1" * 8, b"\1" + bytes(7)),
        (b"leases", b"owner", b"late"),
        (b"reservations", b"\1w1", b"garbage"),
        (b"reservations", b"\1w1", msgspec.msgpack.encode((1, [(b"key", 1, (0, False))]))),
        (b"buried-reservations", b"\1w1", msgspec.msgpack.encode((-1, []))),
    ],
)
def test_what_stands_beside_counters_is_looked_at(
    tmp_path: Path, database: bytes, key: bytes, value: bytes
) -> None:
    with open_environment(tmp_path, 1 << 26, DATABASES) as environment:
        LmdbCounters(environment, b"worker")
        with environment.begin(write=True) as txn:
            txn.put(key, value, db=environment.open_db(database, txn))
    assert inspect(tmp_path, CHECKS, 30.0) == Verdict(
        State.DAMAGED, f"an entry of {database.decode()} is damaged"
    )
