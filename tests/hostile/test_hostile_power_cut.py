"""A power cut, simulated: of what was not synced, pages are on the disk, or not, in any order."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

from damage_kit import START_SECONDS, copy_of, goes_well, limited, logged

from conftest import Connect, Serve
from support.upstream import Upstream

PAGE = 4096
UNSYNCED = ("counters.lmdb/data.mdb", "replies.lmdb/data.mdb", "ledger.db-wal", "journal/*.journal")


def torn(data: Path, earlier: Path, draw: random.Random) -> None:
    """Puts back some pages of what is written without waiting for the disk, as they were at an earlier moment."""
    for pattern in UNSYNCED:
        for file in data.glob(pattern):
            old = earlier / file.relative_to(data)
            before = old.read_bytes() if old.exists() else b""
            now = bytearray(file.read_bytes())
            share = draw.random()
            for start in range(0, len(now), PAGE):
                if draw.random() < share:
                    page = before[start : start + PAGE]
                    now[start : start + PAGE] = page.ljust(len(now[start : start + PAGE]), b"\0")
            file.write_bytes(now)


async def test_what_was_on_the_disk_is_there_once_and_calls_go_on(
    serve: Serve, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    gateway = await serve(limited(upstream))
    on_disk = [await logged(gateway, connect, upstream, number) for number in range(30)]
    await gateway.logs_with(on_disk)
    copy_of(gateway.data, tmp_path / "earlier")
    later = [await logged(gateway, connect, upstream, number) for number in range(30, 60)]
    await gateway.logs_with(later)
    copy_of(gateway.data, tmp_path / "now")
    await gateway.stop()
    for seed in range(3):
        shutil.rmtree(gateway.data)
        shutil.copytree(tmp_path / "now", gateway.data)
        (gateway.data / "stores.used").write_text("another start of the system")
        torn(gateway.data, tmp_path / "earlier", random.Random(seed))
        began = time.monotonic()
        gateway = await serve(None)
        await goes_well(gateway, connect, upstream, 1000)
        assert time.monotonic() - began < START_SECONDS
        after = await logged(gateway, connect, upstream, 2000 + seed)
        rows = [row.id for row in await gateway.logs_with([*on_disk, after])]
        assert len(rows) == len(set(rows))
        assert "ended with" not in gateway.stderr
        await gateway.stop()
