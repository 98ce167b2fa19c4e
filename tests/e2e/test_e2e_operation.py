"""`penstock serve` as an operator meets it: stop, reload, refuse, restart, and survive `kill -9`."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from collections import Counter
from pathlib import Path

import pytest

from conftest import Connect, Serve
from support.client import Broken, Client, request
from support.configuration import gateways, openai, providers
from support.gateway import Gateway, fails_to_start
from support.processes import all_gone, family
from support.replies import Reply, sse, whole
from support.upstream import Upstream
from support.waiting import comes, eventually, soon

CHAT = "/v1/acct/gw/openai/chat/completions"
RELOADED = "the configuration was reloaded"


async def _no_longer_listens(gateway: Gateway) -> None:
    async def is_refused() -> bool | None:
        try:
            client = await Client.connect(gateway.url)
        except ConnectionError:
            return True
        await client.close()
        return None

    await comes(is_refused, "the refusal of new connections")


# -- stopping


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stop_lets_calls_in_flight_end(
    serve: Serve, upstream: Upstream, connect: Connect, number: signal.Signals
) -> None:
    gates = asyncio.Event(), asyncio.Event()
    upstream.will(
        sse(b"data: 1\n\n", gates[0], b"data: [DONE]\n\n"), Reply((gates[1], *whole(b"late").steps))
    )
    gateway = await serve(openai(upstream.url))
    streaming, waiting, idle = [await connect(gateway.url) for _ in range(3)]
    await idle.ask("GET", "/healthz")
    await streaming.send(request("POST", CHAT, body=b"{}"))
    await streaming.head()
    assert await streaming.chunk() == b"data: 1\n\n"
    await waiting.send(request("POST", CHAT, body=b"{}"))
    await upstream.request(2)
    gateway.signal(number)
    await _no_longer_listens(gateway)
    assert await idle.rest() == b""
    assert gateway.process.poll() is None
    for gate in gates:
        gate.set()
    assert await streaming.chunk() == b"data: [DONE]\n\n"
    assert await streaming.chunk() == b""
    assert (await waiting.answer()).body == b"late"
    assert await gateway.ended() == 0
    assert {row.outcome for row in await gateway.logs(2)} == {"complete"}


async def test_stop_does_not_wait_for_ever(serve: Serve, upstream: Upstream, connect: Connect) -> None:
    upstream.will(sse(b"data: 1\n\n", asyncio.Event()))
    gateway = await serve(openai(upstream.url, "[server.timeouts]\ndrain = 0.2\n"))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await client.head()
    assert await client.chunk() == b"data: 1\n\n"
    await gateway.stop()
    with pytest.raises(Broken):
        await client.chunk()
    (row,) = await gateway.logs(1)
    assert (row.outcome, row.success) == ("shutdown", False)


# -- configuration while it runs


async def test_changed_file_is_live_and_drops_no_stream(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    other, gate = await Upstream.start(), asyncio.Event()
    try:
        upstream.will(sse(b"data: 1\n\n", gate, b"data: [DONE]\n\n"))
        gateway = await serve(openai(upstream.url))
        streaming = await connect(gateway.url)
        await streaming.send(request("POST", CHAT, body=b"{}"))
        await streaming.head()
        assert await streaming.chunk() == b"data: 1\n\n"
        gateway.configure(openai(other.url))  # no signal: the file is watched
        await gateway.says(RELOADED)
        assert (await (await connect(gateway.url)).ask("POST", CHAT, body=b"{}")).status == 200
        assert (len(upstream.requests), len(other.requests)) == (1, 1)
        gate.set()
        assert await streaming.chunk() == b"data: [DONE]\n\n"
        assert await streaming.chunk() == b""
        assert (await streaming.ask("POST", CHAT, body=b"{}")).status == 200
        assert len(other.requests) == 2
        assert {row.outcome for row in await gateway.logs(3)} == {"complete"}
        await gateway.stop()
    finally:
        await other.close()


async def test_sighup_reloads(serve: Serve, upstream: Upstream, connect: Connect) -> None:
    gateway = await serve(openai("http://127.0.0.1:1"))
    client = await connect(gateway.url)
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 502
    gateway.configure(openai(upstream.url))
    gateway.signal(signal.SIGHUP)
    await gateway.says(RELOADED)
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    await gateway.stop()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[providers.openai]\nbase_url = 'http://127.0.0.1:1'\n\n[server]\nprot = 1\n", ":5: "),
        ("[providers.openai\n", ":1: not valid TOML"),
        ("[providers.opnai]\nbase_url = 'http://127.0.0.1:1'\n", 'did you mean "openai"?'),
    ],
    ids=["unknown-key", "no-toml", "unknown-provider"],
)
async def test_bad_file_is_refused_and_the_old_one_keeps_serving(
    serve: Serve, upstream: Upstream, connect: Connect, text: str, reason: str
) -> None:
    gateway = await serve(openai(upstream.url))
    gateway.configure(text)
    gateway.signal(signal.SIGHUP)
    await gateway.says("refused")
    assert reason in gateway.stderr
    assert RELOADED not in gateway.stderr
    assert (await (await connect(gateway.url)).ask("POST", CHAT, body=b"{}")).status == 200
    await gateway.stop()


# -- what it refuses


def _said(done: tuple[int, str]) -> str:
    """The one sentence of a start that was refused."""
    code, stderr = done
    assert code == 2, stderr
    assert "Traceback" not in stderr
    assert stderr.startswith("penstock: ")
    assert stderr.count("\n") == 1, stderr
    return stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", ""])
def test_strangers_are_not_served_without_authentication(tmp_path: Path, host: str) -> None:
    said = _said(fails_to_start(tmp_path, "--port", "0", "--host", host))
    assert "without authentication" in said
    assert "`authentication = true` on gateway local/default" in said


async def test_strangers_are_served_with_authentication(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    text = gateways(gw={"authentication": True}) + providers({"openai": upstream.url})
    environ = {"PENSTOCK_ADMIN_TOKEN": "token-0123456789"}
    gateway = await serve(text, "--host", "0.0.0.0", environ=environ)
    client = await connect(gateway.url.replace("0.0.0.0", "127.0.0.1"))
    header = ("cf-aig-authorization", "Bearer token-0123456789")
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 401
    assert (await client.ask("POST", CHAT, header, body=b"{}")).status == 200
    await gateway.stop()


async def test_data_folder_of_another(serve: Serve, tmp_path: Path) -> None:
    gateway = await serve(gateways())
    arguments = ("--port", "0", "--data", str(gateway.data))
    said = _said(await asyncio.to_thread(fails_to_start, tmp_path, *arguments))
    assert str(gateway.data) in said
    assert "--data" in said
    await gateway.stop()


def test_data_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = _said(fails_to_start(tmp_path, "--port", "0", "--data", str(tmp_path / "file" / "data")))
    assert str(tmp_path / "file" / "data") in said


def test_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}" in _said(fails_to_start(tmp_path, "--port", str(port)))


def test_bad_file_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "penstock.toml").write_text("[server]\nworkers = 0\n")
    assert "penstock.toml:2: server.workers: found 0" in _said(fails_to_start(tmp_path, "--port", "0"))


def test_provider_that_is_none_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "penstock.toml").write_text("[providers.opnai]\nbase_url = 'http://127.0.0.1:1'\n")
    assert 'did you mean "openai"?' in _said(fails_to_start(tmp_path, "--port", "0"))


# -- processes


async def test_two_workers_and_both_journals_reach_the_ledger(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(openai(upstream.url), "--workers", "2")
    workers = await gateway.workers(2)
    ids: list[str | None] = []
    for stopped in workers:  # one at a time, so that the other has to serve
        os.kill(stopped, signal.SIGSTOP)
        try:
            for _ in range(3):
                client = await connect(gateway.url)
                answer = await client.ask("POST", CHAT, body=b"{}")
                ids.append(answer.header("cf-aig-log-id"))
                await client.close()
        finally:
            os.kill(stopped, signal.SIGCONT)
    journals = {int(path.name.split("-")[1]) for path in (gateway.data / "journal").glob("*.journal")}
    assert journals == set(workers)
    assert sorted(row.id for row in await gateway.logs(6)) == sorted(filter(None, ids))
    await gateway.stop()


async def test_killed_worker_is_replaced(serve: Serve, upstream: Upstream, connect: Connect) -> None:
    gateway = await serve(openai(upstream.url))
    (first,) = await gateway.workers(1)
    assert (await (await connect(gateway.url)).ask("POST", CHAT, body=b"{}")).status == 200
    os.kill(first, signal.SIGKILL)
    await gateway.says("ended with signal SIGKILL")
    assert (await (await connect(gateway.url)).ask("POST", CHAT, body=b"{}")).status == 200
    (second,) = await gateway.workers(1)
    assert second != first
    await gateway.logs(2)
    await gateway.stop()


@pytest.mark.parametrize("name", ["shipper", "keeper"])
async def test_who_serves_nobody_is_replaced(
    serve: Serve, upstream: Upstream, connect: Connect, name: str
) -> None:
    gateway = await serve(openai(upstream.url))
    started = re.search(rf"{name} started \(process (\d+)\)", gateway.stderr)
    assert started
    os.kill(int(started[1]), signal.SIGKILL)
    await gateway.says(f"{name} ended with signal SIGKILL")
    assert (await (await connect(gateway.url)).ask("POST", CHAT, body=b"{}")).status == 200
    await gateway.logs(1)
    await gateway.stop()


async def test_nobody_outlives_a_killed_supervisor(serve: Serve, upstream: Upstream) -> None:
    gateway = await serve(openai(upstream.url))
    processes = family(gateway.process.pid)
    assert len(processes) == 3
    gateway.process.kill()
    await gateway.ended()
    await all_gone(processes)


async def test_kill_9_in_the_middle_of_load_loses_no_finished_call(serve: Serve, upstream: Upstream) -> None:
    """Every answer a client had in full is in the ledger, exactly once, after the next start."""
    gateway = await serve(openai(upstream.url), "--workers", "2")
    finished: list[str] = []
    enough = asyncio.Event()

    async def load() -> None:
        client = await Client.connect(gateway.url)
        try:
            while True:
                answer = await client.ask("POST", CHAT, body=b'{"model":"m"}')
                finished.append(answer.header("cf-aig-log-id") or "")
                if len(finished) == 400:
                    enough.set()
        except (Broken, ConnectionError):
            pass
        finally:
            await client.close()

    clients = [asyncio.get_running_loop().create_task(load()) for _ in range(16)]
    await soon(enough.wait())
    await gateway.kill_group()
    await asyncio.gather(*clients)
    again = await serve(None, "--workers", "2")
    rows = await again.logs_with(finished)
    counts = Counter(row.id for row in rows)
    assert {counts[id] for id in finished} == {1}
    assert max(counts.values()) == 1
    assert len(rows) <= len(upstream.requests)
    await again.stop()


async def test_what_becomes_of_calls_is_said_at_the_start(serve: Serve) -> None:
    gateway = await serve()
    said = "penstock: calls are kept for 400d; their bodies for 90d at most ([retention])"
    await eventually(lambda: said in gateway.stderr or None, "the line")
    assert gateway.stderr.count("kept for") == 1
