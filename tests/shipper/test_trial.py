"""A record that the shipper dies of is found, stored without its bodies or set aside, and all behind it is shipped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from penstock.calls.log_record import bodies_remark
from penstock.journal.reading import read_bare
from penstock.journal.record import frame
from penstock.journal.segments import list_segments
from penstock.shipper import trial
from penstock.shipper.skipped import DAMAGED
from penstock.shipper.trial import ASIDE_AFTER, BARE_AFTER, FILE_NAME, Care, Trial
from penstock.stores.aside import still_there
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME as LEDGER
from support.journal_kit import abandoned, frames, name, names, record, stored

# A shipper that ends of itself when all is shipped, and dies of what `fatal` says.
_PROGRAM = """
import os, resource, signal, sys
from pathlib import Path
from penstock.shipper import process, shipper
from penstock.stores.opening import Stores

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
{before}
whole, folder = shipper.new_call, Path(sys.argv[1]) / "journal"

def new_call(record, request, response, prices):
    {fatal}
    return whole(record, request, response, prices)

def none_is_left(self, timeout):
    return not list(folder.glob("*.journal"))

shipper.new_call = new_call
process.SignalStop.wait = none_is_left
sys.exit(process.main(Stores(Path(sys.argv[1]))))
"""
_CRASH = "if b'poison' in request: os.kill(os.getpid(), signal.SIGSEGV)"
_NO_MEMORY = "if b'poison' in request: os.kill(os.getpid(), signal.SIGKILL)"
_MEMORY_ERROR = "if b'poison' in request: raise MemoryError"
# Without end unless its time is limited; of which little is left, here alone: what is sound takes as long as it does.
_LOOP = """while b'poison' in request:
        if signal.getitimer(signal.ITIMER_PROF)[0] > 1: signal.setitimer(signal.ITIMER_PROF, 0.05)"""
_ALWAYS = f"if record.id == {name(5)!r}: os.kill(os.getpid(), signal.SIGABRT)"


_LEFT = 16 * 1024 * 1024
_LITTLE_MEMORY = f"""
import psutil
most = psutil.Process().memory_info().vms + {_LEFT}
resource.setrlimit(resource.RLIMIT_AS, (most, most))
"""


def ends(data: Path, fatal: str, before: str = "") -> list[int]:
    """How shippers ended, one after the other, until one found nothing to do any more."""
    found: list[int] = []
    while not found or found[-1] != 0:
        assert len(found) < 20
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM.format(fatal=fatal, before=before), str(data)],
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        found.append(done.returncode)
    return found


def poisoned(journal: Path, poison: int) -> list[bytes]:
    """A segment of ten calls, one of which is the poison, and a sound one behind it."""
    parts = frames(range(10))
    parts[poison] = frame(record(poison), b"poison", b"answer")
    abandoned(journal, b"".join(parts), seq=0)
    abandoned(journal, b"".join(frames(range(10, 20))), seq=1)
    return parts


@pytest.mark.parametrize(
    ("fatal", "code"),
    [
        (_CRASH, -signal.SIGSEGV),
        (_NO_MEMORY, -signal.SIGKILL),
        (_LOOP, -signal.SIGPROF),
        (_MEMORY_ERROR, 1),
    ],
    ids=["crash", "no memory", "loop without end", "told that there is no memory"],
)
@pytest.mark.parametrize("poison", [0, 5, 9])
def test_the_bodies_it_dies_of_are_left_out_and_nothing_else(
    tmp_path: Path, fatal: str, code: int, poison: int
) -> None:
    parts = poisoned(tmp_path / "journal", poison)
    deaths = ends(tmp_path, fatal)[:-1]
    assert set(deaths) == {code}
    assert len(deaths) == BARE_AFTER + (poison > 0)  # the first one died of a batch
    assert sorted(stored(tmp_path)) == names(range(20))
    assert list_segments(tmp_path / "journal") == []
    with closing(SqliteReader(tmp_path / LEDGER)) as reader:
        row = reader.get(name(poison))
        assert row is not None
        assert "the shipper died of them" in (bodies_remark(row) or "")
        assert reader.bodies(name(poison)) is None
        others = [reader.get(one) for one in names(range(20)) if one != name(poison)]
        assert all(one is not None and bodies_remark(one) is None for one in others)
        assert all(reader.bodies(one) is not None for one in names(range(20)) if one != name(poison))
    (told,) = still_there(tmp_path)
    assert told.store == "journal"
    assert (tmp_path / told.moved_to).read_bytes() == parts[poison]


@pytest.mark.parametrize("large", ["request", "response"])
def test_a_record_too_large_for_the_memory_there_is_costs_its_bodies(tmp_path: Path, large: str) -> None:
    """Whose other parts fit: they are read without it."""
    parts = frames(range(10))
    body = b"a" * (4 * _LEFT)
    parts[5] = frame(record(5), body, b"") if large == "request" else frame(record(5), b"", body)
    abandoned(tmp_path / "journal", b"".join(parts))
    deaths = ends(tmp_path, "pass", _LITTLE_MEMORY)[:-1]
    assert deaths == [1] * len(deaths)
    assert len(deaths) >= BARE_AFTER
    assert sorted(stored(tmp_path)) == names(range(10))
    with closing(SqliteReader(tmp_path / LEDGER)) as reader:
        row = reader.get(name(5))
        assert row is not None
        assert "the shipper died of them" in (bodies_remark(row) or "")
        assert all(reader.bodies(one) is not None for one in names(range(10)) if one != name(5))
    assert list_segments(tmp_path / "journal") == []


def test_a_record_without_bodies_that_is_not_sound_is_set_aside(tmp_path: Path) -> None:
    """By who reads nothing but its head: checked is all of it."""
    parts = frames(range(3))
    parts[1] = parts[1][:-1] + b"?"
    path = abandoned(tmp_path, b"".join(parts))
    fd = os.open(path, os.O_RDONLY)
    try:
        starts = [0, len(parts[0]), len(parts[0]) + len(parts[1]), sum(map(len, parts))]
        found = [read_bare(fd, *ends) for ends in pairwise(starts)]
    finally:
        os.close(fd)
    assert [entry and (entry.record.id, entry.request, entry.response, entry.end) for entry in found] == [
        (name(0), b"", b"", len(parts[0])),
        None,
        (name(2), b"", b"", len(parts[2])),
    ]


def test_a_record_it_dies_of_without_bodies_too_is_set_aside(tmp_path: Path) -> None:
    parts = poisoned(tmp_path / "journal", 5)
    assert ends(tmp_path, _ALWAYS) == [-signal.SIGABRT] * (1 + ASIDE_AFTER) + [0]
    assert sorted(stored(tmp_path)) == names(one for one in range(20) if one != 5)
    assert [copy.read_bytes() for copy in (tmp_path / "journal" / DAMAGED).iterdir()] == [parts[5]]
    (told,) = still_there(tmp_path)
    assert "SKIPPED bytes" in told.text


def test_several_are_found_one_after_the_other(tmp_path: Path) -> None:
    parts = [frame(record(number), b"poison" if number in (2, 3, 8) else b"q", b"a") for number in range(10)]
    abandoned(tmp_path / "journal", b"".join(parts))
    assert len(ends(tmp_path, _CRASH)) <= 1 + 3 * (BARE_AFTER + 1)
    assert stored(tmp_path) == names(range(10))
    assert len(still_there(tmp_path)) == 3


class Shippers:
    """One after the other, at the same journal; the disk is all they share."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def dies_at(self, segment: str, start: int) -> Care:
        return Trial(self._path).begin(segment, start)


@pytest.fixture(autouse=True)
def no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "CPU_SECONDS", 0.0)  # no time is none that runs out


def test_how_it_goes_on_at_one_place(tmp_path: Path) -> None:
    shippers = Shippers(tmp_path)
    found = [shippers.dies_at("a", 7) for _ in range(7)]
    assert found == [Care.NONE, Care.ALONE, Care.ALONE, Care.BARE, Care.BARE, Care.ASIDE, Care.ASIDE]
    assert shippers.dies_at("a", 8) == Care.NONE
    assert shippers.dies_at("a", 7) == Care.NONE


def test_after_a_death_one_at_a_time_as_far_as_the_batch_can_have_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "PIECE_BYTES", 100)
    Shippers(tmp_path).dies_at("a", 50)
    following = Trial(tmp_path / FILE_NAME)
    assert following.begin("0", 0) == Care.NONE
    for start, care in ((50, Care.ALONE), (149, Care.ALONE), (150, Care.NONE)):
        following.over(moved=True)
        assert following.begin("a", start) == care


def test_what_raises_or_waits_is_no_death(tmp_path: Path) -> None:
    for _ in range(2 * ASIDE_AFTER):
        one = Trial(tmp_path / FILE_NAME)
        for _ in range(3):
            assert one.begin("a", 7) == Care.NONE
            one.over(moved=False)


def test_deaths_before_are_not_forgotten_when_something_raises(tmp_path: Path) -> None:
    shippers = Shippers(tmp_path)
    shippers.dies_at("a", 7)
    one = Trial(tmp_path / FILE_NAME)
    assert one.begin("a", 7) == Care.ALONE
    one.over(moved=False)
    assert [shippers.dies_at("a", 7) for _ in range(3)] == [Care.ALONE, Care.ALONE, Care.BARE]


@pytest.mark.parametrize("data", [b"", b"\xff" * 300, b"a b c", b"a 1", b"a 7 9 9", b"a 7 " + b"9" * 5000])
def test_a_garbled_note_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(data)
    shippers = Shippers(tmp_path)
    assert [shippers.dies_at("a", 7) for _ in range(2)] == [Care.NONE, Care.ALONE]


def test_where_nothing_can_be_noted_it_goes_on(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    assert [Shippers(tmp_path).dies_at("a", 7) for _ in range(9)] == [Care.NONE] * 9


def test_a_note_is_for_its_owner_only(tmp_path: Path) -> None:
    Shippers(tmp_path).dies_at("a", 7)
    assert os.stat(tmp_path / FILE_NAME).st_mode & 0o777 == 0o600
