"""Names of segments, and whether somebody still writes to one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.journal.segments import SegmentName, create, is_abandoned, list_segments, new_name, parse
from support.journal_kit import Writer


def test_a_name_tells_what_it_was_made_of() -> None:
    name = new_name(1_760_000_000_000_000, 4711, 3)
    assert name == "00001760000000000000-4711-3.journal"
    assert parse(name) == SegmentName(1_760_000_000_000_000, 4711, 3)


@pytest.mark.parametrize(
    "name", ["", "x.journal", "1-2-3.journal", f".{new_name(1, 2, 3)}.new", new_name(1, 2, 3) + "~"]
)
def test_other_files_are_no_segments(name: str) -> None:
    assert parse(name) is None


def test_segments_are_listed_oldest_first(tmp_path: Path) -> None:
    ordered = [new_name(5, 10, 9), new_name(5, 10, 10), new_name(5, 99, 0), new_name(40, 1, 0)]
    for name in [*reversed(ordered), "damaged", ".shipper.lock"]:
        (tmp_path / name).touch()
    assert list_segments(tmp_path) == ordered


def test_no_directory_has_no_segments(tmp_path: Path) -> None:
    assert list_segments(tmp_path / "nowhere") == []


def test_a_segment_is_abandoned_when_its_writer_is_gone(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    fd = os.open(writer.path, os.O_RDONLY)
    assert not is_abandoned(fd)
    assert not is_abandoned(fd)
    writer.die()
    assert is_abandoned(fd)
    os.close(fd)


def test_asking_leaves_no_lock_behind(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.die()
    first, second = os.open(writer.path, os.O_RDONLY), os.open(writer.path, os.O_RDONLY)
    assert is_abandoned(first)
    assert is_abandoned(second)
    os.close(first)
    os.close(second)


def test_a_new_segment_is_never_seen_unlocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    rename = Path.rename

    def watched(path: Path, target: Path) -> Path:
        seen.append(list_segments(tmp_path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", watched)
    fd = create(tmp_path, new_name(1, 2, 3))
    assert seen == [[]]
    assert list_segments(tmp_path) == [new_name(1, 2, 3)]
    assert (tmp_path / new_name(1, 2, 3)).stat().st_mode & 0o077 == 0
    os.close(fd)


def test_a_segment_that_cannot_get_its_name_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / new_name(1, 2, 3)).mkdir()
    with pytest.raises(OSError, match="directory"):
        create(tmp_path, new_name(1, 2, 3))
    assert [file.name for file in tmp_path.iterdir()] == [new_name(1, 2, 3)]
