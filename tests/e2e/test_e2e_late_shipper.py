"""A shipper that has not had its turn yet, as on a busy machine: there are no calls to show, and that is no error.

It is held up by the lock of its journal, which a shipper that drains an earlier run would hold, too.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import Connect, Serve
from penstock.journal.segments import DIRECTORY
from support.configuration import openai
from support.gateway import PROGRAM, Gateway, environment
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"
TOKEN = "an-admin-token-for-tests"
AUTHORIZATION = ("authorization", f"Bearer {TOKEN}")
MANAGEMENT = "/client/v4/accounts/acct/ai-gateway"
LISTING: tuple[tuple[str, ...], ...] = (
    ("logs",),
    ("logs", "--json"),
    ("cost",),
    ("cost", "--json"),
    ("reprice", "--json"),
)
ONE: tuple[tuple[str, ...], ...] = (("explain", "cafecafe"), ("logs", "show", "cafecafe"))


@contextmanager
def held_up(data: Path) -> Iterator[None]:
    """No shipper gets to work on this data folder."""
    journal = data / DIRECTORY
    journal.mkdir(mode=0o700, parents=True)
    with (journal / ".shipper.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


async def run(gateway: Gateway, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command beside this gateway."""
    command = [*PROGRAM, *arguments, "--data", str(gateway.data)]
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


async def test_no_calls_are_shown_before_the_shipper_has_its_turn(
    serve: Serve, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    with held_up(tmp_path / "gateway" / "data"):
        gateway = await serve(openai(upstream.url), environ={"PENSTOCK_ADMIN_TOKEN": TOKEN})
        await gateway.says("another shipper works on this journal")
        client = await connect(gateway.url)
        assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
        for arguments in LISTING:
            code, out, said = await run(gateway, *arguments)
            assert (code, len(out.splitlines()) <= 2) == (0, True), (arguments, out, said)
        for arguments in ONE:
            code, _, said = await run(gateway, *arguments)
            assert (code, said) == (1, "Error: no call's id begins or ends with 'cafecafe'\n")
        logs = await client.ask("GET", f"{MANAGEMENT}/gateways/gw/logs", AUTHORIZATION)
        assert (logs.status, json.loads(logs.body)["result"]) == (200, [])
        sums = await client.ask("GET", f"{MANAGEMENT}/analytics", AUTHORIZATION)
        assert (sums.status, json.loads(sums.body)["result"]["totals"]["requests"]) == (200, 0)
    assert len(await gateway.logs(1)) == 1
    await gateway.stop()
