"""Fetching programs once, by name and exact version, into a folder of their own below the cache.

An install is complete when its marker file exists; half an install is thrown away and made again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.measure import Skip
from bench.places import CACHE

LIMIT = 900.0
MARKER = ".complete"


def missing_program(who: str, *programs: str) -> Skip | None:
    """A skip that names the Debian packages, when one of the programs is not on this machine."""
    packages = {"nginx": "nginx-light", "taskset": "util-linux", "node": "nodejs"}
    missing = [program for program in programs if which(program) is None]
    if not missing:
        return None
    names = [packages.get(program, program) for program in missing]
    return Skip(who, f"not found; apt-get install {' '.join(names)}")


def which(program: str) -> str | None:
    """Like the shell's lookup, but system folders count too: a user's PATH often lacks /usr/sbin."""
    return shutil.which(program, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")


def pip_install(who: str, folder: Path, requirement: str) -> Skip | None:
    """A virtual environment in `folder` with one pinned requirement in it."""
    return _once(
        who,
        folder,
        [sys.executable, "-m", "venv", str(folder)],
        [str(folder / "bin" / "pip"), "install", "--quiet", requirement],
    )


def npm_install(who: str, folder: Path, requirement: str) -> Skip | None:
    flags = ["--no-audit", "--no-fund", "--ignore-scripts"]
    return _once(who, folder, ["npm", "install", "--prefix", str(folder), *flags, requirement])


def cached(name: str) -> Path:
    return CACHE / name


def _once(who: str, folder: Path, *commands: Sequence[str]) -> Skip | None:
    if (folder / MARKER).exists():
        return None
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in commands:
        if problem := _run(command):
            shutil.rmtree(folder, ignore_errors=True)
            return Skip(who, f"could not be installed: {problem}")
    (folder / MARKER).touch()
    return None


def _run(command: Sequence[str]) -> str | None:
    """The last line of what went wrong, or None."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return f"{Path(command[0]).name} took longer than {LIMIT:.0f} s"
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return None
    said = (done.stderr or done.stdout).strip().splitlines()
    return said[-1].strip()[:200] if said else f"{Path(command[0]).name} exited with {done.returncode}"
