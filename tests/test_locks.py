"""The lock files: pinned with hashes, without an index, at one version each, and little to run with.

What they pin is decided by `make lock`; whether it works is seen by installing it.
"""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUNNING, DEVELOPING = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
FUZZING, LANGCHAIN = (
    ROOT / "requirements-fuzz.lock",
    ROOT / "tests" / "e2e" / "langchain" / "requirements.lock",
)

PIN = re.compile(r"([a-z0-9][a-z0-9-]*)==(\S+)(?: ; [^\\]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = PROJECT["dependency-groups"]


def pins(lock: Path) -> set[tuple[str, str]]:
    """Names and versions; a name may have several, for different interpreters."""
    return {(name, version) for name, version in PIN.findall(lock.read_text())}


def names(lock: Path) -> set[str]:
    return {name for name, _ in pins(lock)}


def named(*requirements: list[str]) -> set[str]:
    """The packages that `pyproject.toml` asks for in these lists."""
    return {re.split(r"[<>=~!\[]", line)[0] for line in chain.from_iterable(requirements)}


@pytest.mark.parametrize(
    "lock", [RUNNING, DEVELOPING, FUZZING, LANGCHAIN], ids=lambda lock: str(lock.relative_to(ROOT))
)
def test_a_lock_holds_pins_with_hashes_and_nothing_else(lock: Path) -> None:
    assert PIN.sub("", lock.read_text()) == ""


def test_both_locks_agree() -> None:
    assert pins(RUNNING) < pins(DEVELOPING)
    assert {pin for pin in pins(DEVELOPING) if pin[0] in names(RUNNING)} == pins(RUNNING)


def test_running_needs_what_the_project_asks_for_and_nothing_of_the_tests() -> None:
    project = PROJECT["project"]
    wanted = named(project["dependencies"], project["optional-dependencies"]["documents"], GROUPS["editable"])
    assert wanted <= names(RUNNING)
    assert not (named(GROUPS["dev"]) - wanted) & names(RUNNING)
    assert named(GROUPS["dev"]) <= names(DEVELOPING)


def test_fuzzing_needs_the_fuzzer_alone() -> None:
    assert names(FUZZING) == named(GROUPS["fuzz"])
