"""A call whose bodies the shipper dies of costs its own bodies: that is said everywhere, and no other call waits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from restart_kit import CHAT, examined, metrics, pids, ready

from conftest import Connect, Serve
from support.client import Client
from support.configuration import openai
from support.upstream import Upstream

QUICKLY = "[server.timeouts]\nrestart = 0.1\n"

LOOP = """while True:
            if signal.getitimer(signal.ITIMER_PROF)[0] > 1: signal.setitimer(signal.ITIMER_PROF, 0.05)"""

# Python runs this in each process before anything else.
# What is left of the processor's time is cut short where the loop is: all else may take as long as it does.
FATAL = """
import os, signal
from penstock.shipper import shipper

whole = shipper.new_call

def new_call(record, request, response, prices):
    if b"poison" in request:
        {fatal}
    return whole(record, request, response, prices)

shipper.new_call = new_call
"""


async def _call(client: Client, content: str) -> str:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": content}]})
    answer = await client.ask("POST", CHAT, body=body.encode())
    assert answer.status == 200
    return answer.header("cf-aig-log-id") or ""


@pytest.mark.parametrize(
    ("fatal", "end"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        (LOOP, "SIGPROF"),
    ],
    ids=["killed", "loop without end"],
)
async def test_all_calls_arrive_and_it_is_said(
    serve: Serve, upstream: Upstream, connect: Connect, tmp_path: Path, fatal: str, end: str
) -> None:
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(FATAL.format(fatal=fatal))
    gateway = await serve(openai(upstream.url, QUICKLY), environ={"PYTHONPATH": str(hook)})
    client = await connect(gateway.url)
    contents = ("one", "two", "poison", "three", "four")
    ids = [await _call(client, content) for content in contents]
    assert sorted(row.id for row in await gateway.logs(5)) == sorted(ids)
    assert gateway.stderr.count(f"shipper ended with signal {end}") == len(pids(gateway, "shipper")) - 1
    assert "LEFT OUT THE BODIES of bytes" in gateway.stderr

    said = await ready(client)
    assert (said.http, said.status) == (200, "degraded")
    assert f"shipper runs, but ended with signal {end}" in said.degraded[0]
    listed = (await client.ask("GET", "/readyz")).json()["set_aside"]
    assert [Path(one).parent.as_posix() for one in listed] == ["journal/damaged"]
    assert (await metrics(gateway))['penstock_stores_set_aside{store="journal"}'] == 1
    found = [one for one in await examined(gateway) if "the shipper died of them" in one.text]
    assert [one.state for one in found] == ["warning"]

    ids.append(await _call(client, "five"))
    await gateway.logs_with(ids)
    await gateway.stop()
