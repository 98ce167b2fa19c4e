"""What a start claims: the lock of a data folder, and files that are nobody else's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.processes.claims import StartError, lock_folder, make_private


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_files_that_were_restored_are_private_again(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir(mode=0o755)
    for name, given in (("ledger.db", 0o644), ("journal/1.journal", 0o664), ("master.key", 0o600)):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(given)
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.touch()
    outside.chmod(0o644)
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "broken").symlink_to(tmp_path / "gone")
    assert make_private(tmp_path) == 3
    assert mode(tmp_path / "journal") == 0o700
    assert {mode(tmp_path / name) for name in ("ledger.db", "journal/1.journal", "master.key")} == {0o600}
    assert mode(outside) == 0o644
    assert make_private(tmp_path) == 0


def test_a_folder_is_locked_for_one(tmp_path: Path) -> None:
    first = lock_folder(tmp_path / "data")
    with pytest.raises(StartError, match="another Penstock already uses"):
        lock_folder(tmp_path / "data")
    os.close(first.descriptor)
    second = lock_folder(tmp_path / "data")
    assert not second.is_new
    os.close(second.descriptor)


def test_who_gives_it_back_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    lock_folder(tmp_path).give_back()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "lock").touch()
    lock_folder(tmp_path).give_back()
    assert [one.name for one in tmp_path.iterdir()] == ["lock"]


def test_a_lock_that_was_given_back_meanwhile_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another start fails between our opening of the file and our locking it."""
    other = lock_folder(tmp_path)
    opened = os.open

    def opens_late(*arguments: object, **more: object) -> int:
        descriptor = opened(*arguments, **more)  # type: ignore[arg-type]
        other.give_back()
        monkeypatch.setattr(os, "open", opened)
        return descriptor

    monkeypatch.setattr(os, "open", opens_late)
    mine = lock_folder(tmp_path)
    assert os.path.samestat((tmp_path / "lock").stat(), os.fstat(mine.descriptor))
    with pytest.raises(StartError):
        lock_folder(tmp_path)
    os.close(mine.descriptor)
