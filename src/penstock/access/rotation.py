"""Rotating the master key: every stored secret is sealed anew, and no moment leaves secrets without their key.

First the new key is written as `master.key.new`, then the secrets change in one transaction, then the file
takes its proper name. Whoever loads the key in between finds it by its label (`master_key.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from penstock.access.master_key import (
    NEW_FILE_NAME,
    KeySource,
    MasterKeyError,
    finish_rotation,
    key_source,
    need_master_key,
    read_if_there,
    rotating,
    write_key_file,
)
from penstock.access.vault import Vault, seal_label
from penstock.stores.control_store import ControlStore


class Rotated(NamedTuple):
    """So many secrets were sealed anew. `pending` holds the new key until the operator has put it in place."""

    secrets: int
    pending: Path | None


def rotate_master_key(
    store: ControlStore, environ: Mapping[str, str], data: Path, new_key: bytes, nonce: Callable[[], bytes]
) -> Rotated:
    """Seals all secrets with `new_key`. `nonce` gives fresh random bytes (`vault.NONCE_BYTES`) at each call.

    A key of the data folder is replaced there. One that the operator keeps cannot be: then the new one stays in
    `master.key.new`, where a running gateway finds it, until the operator has taken it over. Raises
    `MasterKeyError`, `vault.SealBroken` and what `Directory.reseal` raises; the old key is then still the key,
    unless it was the disk that failed, and then whichever of the two files fits is taken.
    """
    with rotating(data):
        label = store.snapshot().seal_label
        if not label:
            raise MasterKeyError("no secret is stored yet: there is nothing to seal anew")
        old_key = need_master_key(environ, data, label)
        if seal_label(new_key) == label:
            raise MasterKeyError("the new master key is the one in use: take another one")
        _make_room(environ, data, label)
        pending = data / NEW_FILE_NAME
        write_key_file(pending, new_key)
        old, new = Vault(old_key), Vault(new_key)
        count = store.reseal(lambda sealed, context: new.seal(old.open(sealed, context), context, nonce()))
        if key_source(environ) is not KeySource.DATA_FOLDER:
            return Rotated(count, pending)
        finish_rotation(data)
        return Rotated(count, None)


def _make_room(environ: Mapping[str, str], data: Path, label: bytes) -> None:
    """Ends what an earlier rotation left: its file may be the only copy of the key in use."""
    left = read_if_there(data / NEW_FILE_NAME)
    if left is None:
        return
    if seal_label(left) != label:
        (data / NEW_FILE_NAME).unlink()  # it never got as far as the directory
        return
    if key_source(environ) is KeySource.DATA_FOLDER:
        finish_rotation(data)
        return
    configured = need_master_key(environ, data, b"")
    if seal_label(configured) != label:
        raise MasterKeyError(
            f"the last rotation has not ended: put the key in {data / NEW_FILE_NAME} into "
            f"{key_source(environ).value}, then try again"
        )
    (data / NEW_FILE_NAME).unlink()
