"""Programs that a test cannot do without: a laptop may lack one, CI may not."""

from __future__ import annotations

import os

import pytest


def needed(program: str | None, name: str) -> str:
    """The program's path. Where it is missing, the test is skipped, and in CI it fails."""
    if program is not None:
        return program
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {name}: these tests may not be skipped there")
    pytest.skip(f"{name} is not installed, and this test needs it")
