"""Node.js with its official libraries, installed as the lock file says. Where there is none, tests are skipped."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "node"
INSTALL_SECONDS = 300


def installed() -> str:
    """The interpreter. In CI it may not be missing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have Node.js: these tests may not be skipped there")
        pytest.skip("Node.js is not installed; the tests with its official libraries need it")
    _install(npm)
    return node


def _install(npm: str) -> None:
    """Once for each lock file, also when several processes run tests at the same time."""
    stamp = FOLDER / "node_modules" / ".installed"
    with (FOLDER / "package-lock.json").open("rb") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        wanted = lock_file.read()
        if not stamp.exists() or stamp.read_bytes() != wanted:
            subprocess.run([npm, "ci"], cwd=FOLDER, check=True, timeout=INSTALL_SECONDS)
            stamp.write_bytes(wanted)
