"""A program under the benchmark's control: its whole group is seen, measured and ended.

Real processes, which live for a moment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bench.child import Child

from bench import procfs
from support.waiting import PATIENCE

Start = Callable[[str], Child]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    children: list[Child] = []

    def shell(script: str) -> Child:
        env = {"PATH": os.environ["PATH"]}
        children.append(Child(["sh", "-c", script], tmp_path / "output.log", env, tmp_path))
        return children[-1]

    yield shell
    for child in children:
        child.stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_group_is_ended_with_its_grandchildren(start: Start) -> None:
    child = start("sleep 60 & sleep 60 & wait")
    until(lambda: len(procfs.members(child.group)) == 3)
    child.stop()
    assert procfs.members(child.group) == []
    assert not child.alive


def test_orphans_of_a_dead_leader_are_ended_too(start: Start) -> None:
    child = start("sleep 60 & exit 3")
    until(lambda: not child.alive)
    child.stop()
    assert procfs.members(child.group) == []


def test_memory_and_cpu_of_a_group(start: Start) -> None:
    child = start("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; sleep 60")
    until(lambda: procfs.cpu_seconds(child.group) > 0.02)
    child.settle()
    held = procfs.memory(child.group)
    assert 0 < held.largest_rss <= held.rss < 100
    assert held.pss is None or 0 < held.pss <= held.rss


def test_last_words_come_from_the_log(start: Start) -> None:
    child = start("echo first; echo 'the port is taken' >&2; exit 1")
    until(lambda: not child.alive)
    assert child.last_words() == "the port is taken"
