"""Node.js, and packages of its registry as a lock file says. Where there is none, tests are skipped; never in CI."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

from support.needed import needed

INSTALL_SECONDS = 300


def node_with(folder: Path) -> str:
    """The interpreter, once `folder/node_modules` holds what `folder/package-lock.json` says."""
    node = needed(shutil.which("node"), "Node.js")
    _install(folder, needed(shutil.which("npm"), "npm"))
    return node


def _install(folder: Path, npm: str) -> None:
    """Once for each lock file, also when several processes run tests at the same time."""
    stamp = folder / "node_modules" / ".installed"
    with (folder / "package-lock.json").open("rb") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        wanted = lock_file.read()
        if not stamp.exists() or stamp.read_bytes() != wanted:
            subprocess.run([npm, "ci"], cwd=folder, check=True, timeout=INSTALL_SECONDS)
            stamp.write_bytes(wanted)
