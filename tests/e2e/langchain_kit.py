"""An environment of its own for `langchain-parallel`, installed as its lock file says, once for each lock file."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "langchain"
INSTALL_SECONDS = 300

_VENV = FOLDER / ".venv"


def interpreter() -> str:
    """Its interpreter, also when several processes run tests at the same time."""
    python, stamp = _VENV / "bin" / "python", _VENV / ".installed"
    with (FOLDER / "requirements.lock").open("rb") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        wanted = lock_file.read()
        if not stamp.exists() or stamp.read_bytes() != wanted:
            _run(sys.executable, "-m", "venv", "--clear", str(_VENV))
            _run(
                *(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                *("--require-hashes", "-r", lock_file.name),
            )
            stamp.write_bytes(wanted)
    return str(python)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=INSTALL_SECONDS)
