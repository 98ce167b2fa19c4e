"""No memory left: the calls that want it are given up and recorded, all others and the worker go on."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from damage_kit import limited
from hostile_kit import CHAT

from conftest import Connect, Serve
from support.client import Broken
from support.gateway import Gateway
from support.replies import whole
from support.upstream import Upstream

MIB = 1024 * 1024
LEFT = 30 * MIB  # for a body of 20 MiB, and not for another copy of it in one piece
SIZES = (100, 20 * MIB, 20 * MIB, 100)


@contextmanager
def little_memory(pid: int, left: int) -> Iterator[None]:
    """Gives a process only so much more address space than it has."""
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (psutil.Process(pid).memory_info().vms + left, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_AS, before)


async def _status(gateway: Gateway, connect: Connect, upstream: Upstream, size: int, number: int) -> int:
    """What a call comes to; 0 where its connection ends."""
    upstream.will(whole(b"{}"))
    body = b'{"model":"gpt-5","number":%d,"text":"%b"}' % (number, b"a" * size)
    try:
        return (await (await connect(gateway.url)).ask("POST", CHAT, body=body)).status
    except (Broken, OSError):
        return 0


async def test_calls_that_there_is_no_memory_for_are_refused_and_recorded(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(limited(upstream))
    assert await _status(gateway, connect, upstream, 100, 0) == 200
    (worker,) = await gateway.workers(1)
    with little_memory(worker, LEFT):
        statuses = [
            await _status(gateway, connect, upstream, size, number) for number, size in enumerate(SIZES, 1)
        ]
    assert (statuses[0], statuses[-1]) == (200, 200)
    assert set(statuses[1:-1]) <= {503, 0}
    assert 503 in statuses
    assert [await _status(gateway, connect, upstream, size, 10) for size in (100, 20 * MIB)] == [200, 200]
    assert await gateway.workers(1) == [worker]
    rows = await gateway.logs(1 + len(SIZES) + 2)
    assert sum(row.status_code == 503 for row in rows) >= statuses.count(503)
    assert "a call is given up: there is no memory for it" in gateway.stderr
    assert "recorded" not in gateway.stderr
    await gateway.stop()
