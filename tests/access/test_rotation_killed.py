"""A rotation of the master key that is killed: at whichever step, one key opens all there is, and nothing is lost."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from penstock.access.master_key import FILE_NAME, load_master_key, write_key_file
from penstock.access.rotation import rotate_master_key
from penstock.access.vault import KEY_BYTES, Vault
from penstock.stores.sqlite.control_store.store import SqliteControlStore
from support.control_store_kit import SECRETS, filled, nonce, secrets

OLD, NEW, THIRD = (bytes([byte]) * KEY_BYTES for byte in (1, 2, 3))
STEPS = (
    "open",
    "os.rename",
    "os.link",
    "os.remove",
    "os.truncate",
    "sqlite3.connect",
    "fcntl.flock",
    "tempfile.mkstemp",
)


class Killed:
    """Ends this process by SIGKILL at its n-th step: whatever it is about to ask of the system, or to seal."""

    def __init__(self, step: int) -> None:
        self._left = step

    def step(self) -> None:
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)

    def hear(self, event: str, _arguments: tuple[object, ...]) -> None:
        if event in STEPS:
            self.step()

    def nonce(self) -> bytes:
        self.step()
        return nonce()


def rotated(store: SqliteControlStore, data: Path, step: int) -> bool:
    """Rotates in a process of its own that is killed at a step; whether it came to its end before."""
    child = os.fork()
    if child == 0:
        _rotate(store, data, Killed(step))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL)
    return code == 0


def _rotate(store: SqliteControlStore, data: Path, killed: Killed) -> NoReturn:
    try:
        sys.addaudithook(killed.hear)
        rotate_master_key(store, {}, data, NEW, killed.nonce)
        os._exit(0)
    finally:
        os._exit(1)


def test_whenever_it_is_killed_one_key_opens_all_there_is(tmp_path: Path) -> None:
    step, is_over = 0, False
    while not is_over:
        step += 1
        data = tmp_path / str(step)
        data.mkdir()
        write_key_file(data / FILE_NAME, OLD)
        store = filled(data, Vault(OLD))
        is_over = rotated(store, data, step)
        key = load_master_key({}, data, store.snapshot().seal_label)
        assert key in ((NEW,) if is_over else (OLD, NEW))
        assert key is not None
        assert secrets(store, Vault(key)) == SECRETS, step
        rotate_master_key(store, {}, data, THIRD, nonce)
        assert secrets(store, Vault(THIRD)) == SECRETS, step
    assert step > 10
