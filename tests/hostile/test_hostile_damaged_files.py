"""Damaged small files, and folders where files should be: calls go on, and each file is made anew or left alone."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from damage_kit import Damage, a_folder, cut, garbage, limited, logged, penstock
from hostile_kit import CHAT

from conftest import Connect, Serve
from penstock.metrics.process_files import FILES as REPORTS
from support.gateway import Gateway
from support.upstream import Upstream
from support.waiting import eventually

NAMES = (
    ("journal", "workers", "stores.lock", "metrics.msgpack", "exports.json", "directory.copy.db"),
    ("journal/.shipper.lock", "journal/.shipper.at"),
    ("processes",),
    REPORTS,
)
SMALL: dict[str, Damage] = {"empty": cut(0), "garbage": garbage, "folder": a_folder}


def other_kind(path: Path) -> None:
    """A folder in the place of a file, a file in the place of a folder."""
    if path.is_dir():
        shutil.rmtree(path)
        path.write_bytes(b"no folder")
    else:
        path.unlink(missing_ok=True)
        (path / "something").mkdir(parents=True)


@pytest.mark.parametrize("names", NAMES)
async def test_what_is_of_the_wrong_kind_is_set_aside(
    serve: Serve, upstream: Upstream, connect: Connect, names: tuple[str, ...]
) -> None:
    gateway = await serve(limited(upstream))
    before = await logged(gateway, connect, upstream)
    await gateway.logs_with([before])
    await gateway.stop()
    for folder in ("workers", "processes"):
        (gateway.data / folder).mkdir(exist_ok=True)  # they need not be there yet
    for name in names:
        other_kind(gateway.data / name)
    gateway = await serve(None)
    after = await logged(gateway, connect, upstream)
    await gateway.logs_with([before, after])
    for name in names:
        await gateway.says(f"{Path(name).name}: it is")
    assert "ended with" not in gateway.stderr
    await gateway.stop()


@pytest.mark.parametrize("way", ["empty", "garbage"])
async def test_counts_for_metrics_begin_anew_and_it_is_said(
    serve: Serve, upstream: Upstream, connect: Connect, way: str
) -> None:
    gateway = await serve(limited(upstream))
    await gateway.logs_with([await logged(gateway, connect, upstream)])
    await gateway.stop()
    SMALL[way](gateway.data / "metrics.msgpack")
    gateway = await serve(None)
    await gateway.says("metrics.msgpack: it cannot be read")
    await gateway.logs_with([await logged(gateway, connect, upstream)])
    await gateway.stop()
    assert (gateway.data / "metrics.msgpack").is_file()


@pytest.mark.parametrize("way", SMALL)
async def test_what_happens_to_small_files_while_it_runs_stops_nothing(
    serve: Serve, upstream: Upstream, connect: Connect, way: str
) -> None:
    gateway = await serve(limited(upstream))
    await gateway.logs_with([await logged(gateway, connect, upstream)])
    metrics = gateway.data / "metrics.msgpack"
    await eventually(lambda: metrics.exists() or None, "what was counted")
    for file in [metrics, *(gateway.data / "workers").glob("*.json")]:
        SMALL[way](file)
    await gateway.logs_with([await logged(gateway, connect, upstream)])
    assert "Traceback" not in penstock(gateway, "doctor", "--deep").stderr
    assert "Traceback" not in gateway.stderr
    await gateway.stop()


async def stopped(gateway: Gateway, number: signal.Signals) -> None:
    """Sends a signal to supervisor, shipper and keeper, who write the reports."""
    helpers = [
        int(pid) for pid in re.findall(r"(?:shipper|keeper) started \(process (\d+)\)", gateway.stderr)
    ]
    for pid in (gateway.process.pid, *helpers):
        os.kill(pid, number)


@pytest.mark.parametrize("way", [*SMALL, "pipe"])
async def test_damaged_reports_of_processes_are_named_and_written_anew(
    serve: Serve, upstream: Upstream, connect: Connect, way: str
) -> None:
    """Serving goes on, and so does who is asked how it stands."""
    gateway = await serve(limited(upstream))
    await gateway.logs_with([await logged(gateway, connect, upstream)])
    reports = [gateway.data / name for name in REPORTS]
    await eventually(lambda: all(one.exists() for one in reports) or None, "reports of all processes")
    await stopped(gateway, signal.SIGSTOP)
    for report in reports:
        SMALL.get(way, a_pipe)(report)
    found = await asyncio.to_thread(penstock, gateway, "doctor")
    for report in reports:
        assert f"{report} cannot be read" in found.stdout
    assert "could not be looked at" not in found.stdout
    client = await connect(gateway.url)
    answers = [await client.ask("GET", page) for page in ("/readyz", "/metrics") * 3]
    assert {answer.status for answer in answers} == {200}
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    await stopped(gateway, signal.SIGCONT)
    if way != "folder":
        await eventually(lambda: all(map(is_sound, reports)) or None, "reports that are written anew")
    await gateway.logs(2)
    assert "ended with" not in gateway.stderr
    await gateway.stop()


def a_pipe(file: Path) -> None:
    """Whoever opens it to read waits for who writes."""
    file.unlink()
    os.mkfifo(file)


def is_sound(file: Path) -> bool:
    """Whether it is a file that can be read."""
    if not file.is_file():
        return False
    try:
        return isinstance(json.loads(file.read_bytes()), dict)
    except ValueError:
        return False
