"""The watch on an event loop says how long a turn took, and where; and nothing of one that was short."""

from __future__ import annotations

import logging
import time

import pytest

from conftest import Serve
from penstock.clock import Clock
from penstock.metrics.worker_file import FOLDER, read_states
from penstock.processes.watchdog import Watchdog
from support.waiting import eventually

LIMIT = 0.1


def hold_up(seconds: float) -> None:
    """What nobody should do in an event loop."""
    time.sleep(seconds)


async def test_a_long_turn_is_told_with_its_stack(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "penstock.watchdog")
    watchdog = Watchdog(Clock(), LIMIT)
    watchdog.start()
    try:
        hold_up(4 * LIMIT)
        await eventually(lambda: caplog.messages or None, "a word about it")
    finally:
        watchdog.stop()
    assert watchdog.worst > 2 * LIMIT
    assert "the event loop was blocked for" in caplog.text
    assert "hold_up(4 * LIMIT)" in caplog.text


async def test_short_turns_are_not_told(caplog: pytest.LogCaptureFixture) -> None:
    watchdog = Watchdog(Clock(), 30.0)
    watchdog.start()
    try:
        hold_up(0.01)
    finally:
        watchdog.stop()
    assert caplog.messages == []


async def test_a_worker_tells_its_lag(serve: Serve) -> None:
    gateway = await serve("[server]\nwatchdog = 5.0\n")
    folder = gateway.data / FOLDER
    told = await eventually(
        lambda: (read_states(folder).workers or None) if folder.exists() else None, "its state"
    )
    assert told[0].worst_lag_us is not None
