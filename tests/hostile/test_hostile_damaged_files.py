"""Damaged small files, and folders where files should be: calls go on, and each file is made anew or left alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from damage_kit import Damage, a_folder, cut, garbage, limited, logged, penstock

from conftest import Connect, Serve
from support.upstream import Upstream
from support.waiting import eventually

NAMES = (
    ("journal", "workers", "stores.lock", "metrics.msgpack", "exports.json", "directory.copy.db"),
    ("journal/.shipper.lock", "journal/.shipper.at"),
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
    (gateway.data / "workers").mkdir(exist_ok=True)  # it need not be there yet
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
