"""Large bodies cost time, not memory: what a worker holds does not grow with what passes through it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import Connect, Serve
from support.client import request
from support.configuration import openai
from support.replies import sized
from support.upstream import Upstream

MEGABYTE = bytes(1024 * 1024)
MEGABYTES = 200


def _memory(pid: int, field: str) -> int:
    """A line of the process's status, in kB: `VmRSS` is now, `VmHWM` the highest so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    match = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
    assert match
    return int(match[1])


@pytest.mark.parametrize(
    ("payload", "growth"), [("false", 10), ("true", 50)], ids=["bodies-not-kept", "10-megabytes-of-each-kept"]
)
async def test_200_megabytes_up_and_200_down(
    serve: Serve, upstream: Upstream, connect: Connect, payload: str, growth: int
) -> None:
    """Slow. `growth` is in megabytes; with bodies in the log, by default 10 MB of each are kept."""
    upstream.keep_bodies = False
    gateway = await serve(openai(upstream.url))
    client = await connect(gateway.url)
    await client.ask("POST", "/v1/acct/gw/openai/files", body=b"{}")
    (worker,) = await gateway.workers(1)
    before = _memory(worker, "VmRSS")
    size = MEGABYTES * len(MEGABYTE)
    upstream.will(sized(size, *[MEGABYTE] * MEGABYTES))
    headers = (("Content-Length", str(size)), ("cf-aig-collect-log-payload", payload))
    await client.send(request("POST", "/v1/acct/gw/openai/files", *headers))
    await client.send(*[MEGABYTE] * MEGABYTES)
    assert (await client.head()).status == 200
    await client.skip(size)
    assert upstream.requests[1].size == size
    assert _memory(worker, "VmHWM") - before < growth * 1024
    _, row = await gateway.logs(2)
    assert (row.request_size, row.response_size, row.outcome) == (size, size, "complete")
    await gateway.stop()
