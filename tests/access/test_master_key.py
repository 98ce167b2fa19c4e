"""Where the master key comes from, and which files are refused."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from penstock.access.master_key import (
    FILE_NAME,
    FILE_VARIABLE,
    KEY_VARIABLE,
    NEW_FILE_NAME,
    MasterKeyError,
    load_master_key,
    load_or_make,
    need_master_key,
    read_key_file,
    rotating,
    write_key_file,
)
from penstock.access.vault import KEY_BYTES, seal_label

KEY, OTHER, THIRD = (bytes([byte]) * KEY_BYTES for byte in (1, 2, 3))
NOTHING: Mapping[str, str] = {}


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def written(path: Path, content: str, mode: int = 0o600) -> Path:
    path.write_text(content)
    path.chmod(mode)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# -- which key


def test_without_any_there_is_none(tmp_path: Path) -> None:
    assert load_master_key(NOTHING, tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_the_variable_goes_before_the_file_and_both_before_the_data_folder(tmp_path: Path) -> None:
    written(tmp_path / FILE_NAME, text(KEY))
    file = written(tmp_path / "own", text(OTHER))
    environ = {KEY_VARIABLE: text(THIRD), FILE_VARIABLE: str(file)}
    assert load_master_key(environ, tmp_path) == THIRD
    assert load_master_key({**environ, KEY_VARIABLE: ""}, tmp_path) == OTHER
    assert load_master_key({KEY_VARIABLE: "", FILE_VARIABLE: ""}, tmp_path) == KEY


@pytest.mark.parametrize(
    "digits", [text(KEY), text(KEY) + "\n", f"  {text(KEY)}\r\n", KEY.hex(), KEY.hex().upper()]
)
def test_base64_and_hexadecimal_are_understood(digits: str, tmp_path: Path) -> None:
    assert load_master_key({KEY_VARIABLE: digits}, tmp_path) == KEY
    assert read_key_file(written(tmp_path / "own", digits)) == KEY


@pytest.mark.parametrize(
    ("digits", "fault"),
    [
        ("hunter2!", "neither base64 nor hexadecimal"),
        ("\udcff" * 44, "neither base64 nor hexadecimal"),
        ("z" * 64, "48 bytes instead of 32|neither"),
        (text(b"short"), "5 bytes instead of 32"),
        (text(KEY + b"x"), "33 bytes instead of 32"),
        (KEY.hex()[:-2], "instead of 32|neither"),
        ("A" * 100_000, "instead of 32"),
    ],
)
def test_what_is_no_key_is_refused_without_being_repeated(digits: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match=fault) as raised:
        load_master_key({KEY_VARIABLE: digits}, tmp_path)
    assert digits not in str(raised.value)
    assert KEY_VARIABLE in str(raised.value)
    assert "openssl" in str(raised.value)
    assert raised.value.__cause__ is None


# -- which files


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o601, 0o777])
def test_a_file_that_others_may_touch_is_refused(bits: int, tmp_path: Path) -> None:
    written(tmp_path / FILE_NAME, text(KEY), bits)
    with pytest.raises(MasterKeyError, match="chmod 600"):
        load_master_key(NOTHING, tmp_path)


@pytest.mark.parametrize("bits", [0o600, 0o400, 0o700])
def test_a_file_of_its_owner_alone_is_taken(bits: int, tmp_path: Path) -> None:
    written(tmp_path / FILE_NAME, text(KEY), bits)
    assert load_master_key(NOTHING, tmp_path) == KEY


def test_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / FILE_NAME, text(KEY))
    someone = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: someone)
    with pytest.raises(MasterKeyError, match="another user"):
        load_master_key(NOTHING, tmp_path)


def test_folders_and_pipes_are_no_key_files(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("folder", "pipe"):
        with pytest.raises(MasterKeyError, match="not a file"):
            read_key_file(tmp_path / name)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match="No such file"):
        load_or_make({FILE_VARIABLE: str(tmp_path / "gone")}, tmp_path, KEY)
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "gone")
    with pytest.raises(MasterKeyError, match="No such file"):
        load_or_make(NOTHING, tmp_path, KEY)


# -- making one


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    assert load_or_make(NOTHING, tmp_path, KEY) == KEY
    assert load_or_make(NOTHING, tmp_path, OTHER) == KEY
    assert load_master_key(NOTHING, tmp_path) == KEY
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    assert mode(tmp_path / FILE_NAME) == 0o600


def test_no_key_is_made_where_one_is_given(tmp_path: Path) -> None:
    assert load_or_make({KEY_VARIABLE: text(OTHER)}, tmp_path, KEY) == OTHER
    assert list(tmp_path.iterdir()) == []


def test_all_who_make_a_key_at_once_get_the_same(tmp_path: Path) -> None:
    together = Barrier(8)

    def make(number: int) -> bytes:
        together.wait()
        return load_or_make(NOTHING, tmp_path, bytes([number]) * KEY_BYTES)

    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(make, range(8)))
    assert keys == {load_master_key(NOTHING, tmp_path)}
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_key_file_is_never_written_over(tmp_path: Path) -> None:
    write_key_file(tmp_path / "own", KEY)
    with pytest.raises(FileExistsError):
        write_key_file(tmp_path / "own", OTHER)
    assert read_key_file(tmp_path / "own") == KEY
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


def test_a_key_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match="check that this user may write there"):
        load_or_make(NOTHING, tmp_path / "gone", KEY)


# -- the key that fits what is sealed


def test_a_lost_key_is_not_replaced_by_a_new_one(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match="put it back"):
        load_or_make(NOTHING, tmp_path, KEY, seal_label(OTHER))
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_does_not_fit_is_refused_where_it_is_needed(tmp_path: Path) -> None:
    written(tmp_path / FILE_NAME, text(KEY))
    for environ in (NOTHING, {KEY_VARIABLE: text(KEY)}):
        with pytest.raises(MasterKeyError, match="another master key") as raised:
            need_master_key(environ, tmp_path, seal_label(OTHER))
        assert text(KEY) not in str(raised.value)
        assert load_master_key(environ, tmp_path, seal_label(OTHER)) == KEY


def test_the_key_of_a_rotation_counts_only_when_it_fits(tmp_path: Path) -> None:
    written(tmp_path / FILE_NAME, text(KEY))
    written(tmp_path / NEW_FILE_NAME, text(OTHER))
    assert load_master_key(NOTHING, tmp_path) == KEY
    assert load_master_key(NOTHING, tmp_path, seal_label(KEY)) == KEY
    assert load_master_key(NOTHING, tmp_path, seal_label(THIRD)) == KEY
    assert read_key_file(tmp_path / NEW_FILE_NAME) == OTHER


def test_loading_finishes_a_rotation_that_broke_off(tmp_path: Path) -> None:
    written(tmp_path / FILE_NAME, text(KEY))
    written(tmp_path / NEW_FILE_NAME, text(OTHER))
    assert load_master_key(NOTHING, tmp_path, seal_label(OTHER)) == OTHER
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    assert read_key_file(tmp_path / FILE_NAME) == OTHER


def test_loading_does_not_meddle_with_a_rotation_under_way(tmp_path: Path) -> None:
    written(tmp_path / FILE_NAME, text(KEY))
    written(tmp_path / NEW_FILE_NAME, text(OTHER))
    with rotating(tmp_path):
        assert load_master_key(NOTHING, tmp_path, seal_label(OTHER)) == OTHER
        assert read_key_file(tmp_path / NEW_FILE_NAME) == OTHER


def test_an_operators_key_is_left_alone_by_a_rotation(tmp_path: Path) -> None:
    written(tmp_path / NEW_FILE_NAME, text(OTHER))
    environ = {KEY_VARIABLE: text(KEY)}
    assert load_master_key(environ, tmp_path, seal_label(OTHER)) == OTHER
    assert load_master_key({KEY_VARIABLE: text(OTHER)}, tmp_path, seal_label(OTHER)) == OTHER
    assert [path.name for path in tmp_path.iterdir()] == [NEW_FILE_NAME]
