"""A helper that is told to end before it can hear it does all its work first, and is no process that has crashed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest
from restart_kit import CHAT, kill, pids, started

from conftest import Connect, Serve
from penstock.journal.segments import list_segments
from support.configuration import openai
from support.gateway import Gateway
from support.processes import is_alive
from support.upstream import Upstream
from support.waiting import eventually

# Python runs this in each process before anything else: a helper that is started again has not got far yet.
HOLD = """
import os, time
from penstock.processes import {module}

main = {module}.main

def held(*arguments):
    while os.path.exists({hold!r}):
        time.sleep(0.01)
    return main(*arguments)

{module}.main = held
"""


def has_been_told(process: psutil.Process) -> bool:
    """Whether SIGTERM waits for a process, or has ended it."""
    if not is_alive(process):
        return True
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    pending = [int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd", "ShdPnd"))]
    return any(number >> (signal.SIGTERM - 1) & 1 for number in pending)


async def held_at_its_start(
    serve: Serve, upstream: Upstream, tmp_path: Path, name: str, module: str
) -> Gateway:
    """A gateway of which one helper was killed, and the next one has only just begun."""
    hook, hold = tmp_path / "hook", tmp_path / "hold"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(HOLD.format(module=module, hold=str(hold)))
    gateway = await serve(openai(upstream.url), environ={"PYTHONPATH": str(hook)})
    await started(gateway, name, 1)
    hold.touch()
    await kill(gateway, name)
    await started(gateway, name, 2)
    return gateway


@pytest.mark.parametrize(("name", "module"), [("shipper", "shipping"), ("keeper", "keeper_process")])
async def test_at_a_stop(
    serve: Serve, upstream: Upstream, connect: Connect, tmp_path: Path, name: str, module: str
) -> None:
    gateway = await held_at_its_start(serve, upstream, tmp_path, name, module)
    client = await connect(gateway.url)
    for _ in range(3):
        assert (await client.ask("POST", CHAT, body=b'{"model":"m"}')).status == 200
    helper = psutil.Process(pids(gateway, name)[-1])
    gateway.signal(signal.SIGTERM)
    await eventually(lambda: has_been_told(helper) or None, "the sign to end")
    assert is_alive(helper)
    (tmp_path / "hold").unlink()
    assert "did not end in time" not in await gateway.stop()
    assert not is_alive(helper)
    assert list_segments(gateway.data / "journal") == []
    assert gateway.stderr.count(f": {name} ended with ") == 1  # the one that was killed
    assert len(await gateway.logs(3)) == 3


async def test_a_helper_alone(serve: Serve, upstream: Upstream, connect: Connect, tmp_path: Path) -> None:
    """Somebody ends all processes of a group, say."""
    gateway = await held_at_its_start(serve, upstream, tmp_path, "shipper", "shipping")
    client = await connect(gateway.url)
    assert (await client.ask("POST", CHAT, body=b'{"model":"m"}')).status == 200
    (helper,) = pids(gateway, "shipper")[1:]

    os.kill(helper, signal.SIGTERM)
    (tmp_path / "hold").unlink()
    await started(gateway, "shipper", 3)
    assert "shipper ended with signal SIGTERM" not in gateway.stderr
    assert "shipper ended with exit code 0" in gateway.stderr
    await gateway.logs(1)
    await gateway.stop()
