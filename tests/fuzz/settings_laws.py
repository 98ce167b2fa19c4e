"""Settings out of any file: settings, or a list of what is wrong with it that a person can use."""

from __future__ import annotations

import os
from pathlib import Path

from penstock.settings import ConfigError, check_bind, load, unused


def a_file_is_read_or_explained(data: bytes) -> None:
    """Read twice it says the same twice, and every problem is one line of text."""
    assert _outcome(data) == _outcome(data)


def _outcome(data: bytes) -> str:
    fd = os.memfd_create("settings")
    try:
        os.write(fd, data)
        return _loaded(Path(f"/proc/self/fd/{fd}"))
    except ConfigError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.reason
            assert problem.reason.isprintable(), problem.reason
            assert problem.line is None or 1 <= problem.line <= data.count(b"\n") + 1
        return "".join(problem.reason for problem in error.problems)
    finally:
        os.close(fd)


def _loaded(path: Path) -> str:
    settings = load(path, environ={}, overrides={})
    assert all("no effect" in line for line in unused(settings))
    check_bind(settings)
    return "settings"
