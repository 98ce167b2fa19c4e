"""Rotating the master key: all or nothing, and no moment at which what is stored cannot be opened."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from penstock.access import rotation
from penstock.access.master_key import (
    FILE_NAME,
    FILE_VARIABLE,
    KEY_VARIABLE,
    NEW_FILE_NAME,
    MasterKeyError,
    load_master_key,
    rotating,
    write_key_file,
)
from penstock.access.rotation import rotate_master_key
from penstock.access.vault import KEY_BYTES, SealBroken, Vault, seal_label
from penstock.stores.control_store import Add, ControlStoreUnavailable, Remove, Reseal, SealedOtherwise
from penstock.stores.sqlite.control_store.store import SqliteControlStore
from support.control_store_kit import SECRETS, custom_provider, filled, nonce, provider_key, secrets

OLD, NEW, THIRD = (bytes([byte]) * KEY_BYTES for byte in (1, 2, 3))
NOTHING: Mapping[str, str] = {}


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def loaded(store: SqliteControlStore, environ: Mapping[str, str], data: Path) -> Vault:
    """A vault as a worker that starts now would make it."""
    key = load_master_key(environ, data, store.snapshot().seal_label)
    assert key is not None
    return Vault(key)


@pytest.fixture
def store(tmp_path: Path) -> SqliteControlStore:
    write_key_file(tmp_path / FILE_NAME, OLD)
    return filled(tmp_path, Vault(OLD))


class Halting:
    """A directory whose machine stops before or after the commit."""

    def __init__(self, store: SqliteControlStore, *, committed: bool) -> None:
        self._folder = store
        self._committed = committed

    def __getattr__(self, name: str) -> object:
        return getattr(self._folder, name)

    def reseal(self, change: Reseal) -> int:
        if self._committed:
            self._folder.reseal(change)
        raise ControlStoreUnavailable("power cut")


def test_everything_opens_with_the_new_key_and_nothing_with_the_old(
    store: SqliteControlStore, tmp_path: Path
) -> None:
    assert rotate_master_key(store, NOTHING, tmp_path, NEW, nonce) == (3, None)
    assert secrets(store, Vault(NEW)) == SECRETS
    assert load_master_key(NOTHING, tmp_path) == NEW
    assert not (tmp_path / NEW_FILE_NAME).exists()
    with pytest.raises(SealBroken):
        secrets(store, Vault(OLD))


@pytest.mark.parametrize("committed", [False, True])
def test_a_power_cut_leaves_a_key_that_opens_everything(
    store: SqliteControlStore, tmp_path: Path, committed: bool
) -> None:
    halting = Halting(store, committed=committed)
    with pytest.raises(ControlStoreUnavailable):
        rotate_master_key(halting, NOTHING, tmp_path, NEW, nonce)  # type: ignore[arg-type]
    assert secrets(store, loaded(store, NOTHING, tmp_path)) == SECRETS
    assert rotate_master_key(store, NOTHING, tmp_path, THIRD, nonce).secrets == 3
    assert secrets(store, loaded(store, NOTHING, tmp_path)) == SECRETS
    assert load_master_key(NOTHING, tmp_path) == THIRD


def test_a_power_cut_before_the_new_name_is_made_good_by_the_next_rotation(
    store: SqliteControlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(data: Path) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "finish_rotation", power_cut)
        with pytest.raises(OSError, match="power cut"):
            rotate_master_key(store, NOTHING, tmp_path, NEW, nonce)
    assert rotate_master_key(store, NOTHING, tmp_path, THIRD, nonce).secrets == 3
    assert secrets(store, loaded(store, NOTHING, tmp_path)) == SECRETS


def test_one_damaged_secret_stops_the_whole_rotation(store: SqliteControlStore, tmp_path: Path) -> None:
    whole = store.snapshot().provider_keys[1]
    foreign = provider_key("other row", Vault(OLD), b"x")
    store.apply([Remove(whole), Add(msgspec.structs.replace(foreign, id="5"))])
    before = store.snapshot()
    with pytest.raises(SealBroken, match="another row"):
        rotate_master_key(store, NOTHING, tmp_path, NEW, nonce)
    assert store.snapshot() == before
    assert load_master_key(NOTHING, tmp_path, before.seal_label) == OLD


def test_who_still_has_the_old_key_cannot_store_with_it(store: SqliteControlStore, tmp_path: Path) -> None:
    rotate_master_key(store, NOTHING, tmp_path, NEW, nonce)
    with pytest.raises(SealedOtherwise):
        store.apply([Add(provider_key("late", Vault(OLD), b"x"))])
    with pytest.raises(SealedOtherwise):
        store.apply([Add(custom_provider("late", Vault(OLD)))])
    assert secrets(store, Vault(NEW)) == SECRETS


def test_two_rotations_at_once_are_refused(store: SqliteControlStore, tmp_path: Path) -> None:
    with rotating(tmp_path), pytest.raises(MasterKeyError, match="being rotated"):
        rotate_master_key(store, NOTHING, tmp_path, NEW, nonce)
    assert rotate_master_key(store, NOTHING, tmp_path, NEW, nonce).secrets == 3


def test_there_must_be_something_to_seal_and_another_key_to_seal_it_with(
    store: SqliteControlStore, tmp_path: Path
) -> None:
    with pytest.raises(MasterKeyError, match="the one in use"):
        rotate_master_key(store, NOTHING, tmp_path, OLD, nonce)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MasterKeyError, match="no secret is stored"):
        rotate_master_key(
            SqliteControlStore(tmp_path / "empty" / "directory.db"), NOTHING, tmp_path / "empty", NEW, nonce
        )


def test_without_the_old_key_nothing_is_rotated(store: SqliteControlStore, tmp_path: Path) -> None:
    before = store.snapshot()
    with pytest.raises(MasterKeyError, match="another master key"):
        rotate_master_key(store, {KEY_VARIABLE: text(THIRD)}, tmp_path, NEW, nonce)
    (tmp_path / FILE_NAME).unlink()
    with pytest.raises(MasterKeyError, match="put it back"):
        rotate_master_key(store, NOTHING, tmp_path, NEW, nonce)
    assert store.snapshot() == before


# -- a key that the operator keeps


@pytest.mark.parametrize("variable", [KEY_VARIABLE, FILE_VARIABLE])
def test_an_operators_key_is_rotated_in_two_steps(variable: str, tmp_path: Path) -> None:
    write_key_file(tmp_path / "old", OLD)
    write_key_file(tmp_path / "new", NEW)
    old = {variable: text(OLD) if variable == KEY_VARIABLE else str(tmp_path / "old")}
    new = {variable: text(NEW) if variable == KEY_VARIABLE else str(tmp_path / "new")}
    store = filled(tmp_path, Vault(OLD))

    assert rotate_master_key(store, old, tmp_path, NEW, nonce) == (3, tmp_path / NEW_FILE_NAME)
    # The gateway goes on with what it was started with, and with what it will be started with.
    for environ in (old, new):
        assert secrets(store, loaded(store, environ, tmp_path)) == SECRETS
    # The only copy of the new key is not written over.
    with pytest.raises(MasterKeyError, match="has not ended"):
        rotate_master_key(store, old, tmp_path, THIRD, nonce)
    assert secrets(store, loaded(store, old, tmp_path)) == SECRETS

    # With the new key in place, the file may go, and the next rotation makes it go by itself.
    assert rotate_master_key(store, new, tmp_path, THIRD, nonce).secrets == 3
    assert secrets(store, loaded(store, new, tmp_path)) == SECRETS
    assert seal_label(THIRD) == store.snapshot().seal_label
