"""The command line: sockets, the line it prints, stopping at once, and many waiters."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from local_clock import ManualClock
from local_engine import HEADERS, engine, served, write_documents
from starlette.types import ASGIApp, Message

from parallel_local.app import create_app
from parallel_local.cli import default_data, main

TASK = {"input": "Amber River", "processor": "lite"}
BOUND = 120  # true seconds, for a test that hangs


@asynccontextmanager
async def process(base: Path, *options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """`parallel-local serve` as a process of its own, and the line it prints."""
    command = [sys.executable, "-c", "from parallel_local.cli import main; main()", "serve"]
    folders = [str(write_documents(base / "docs")), "--data", str(base / "data")]
    child = await asyncio.create_subprocess_exec(
        *command, *folders, *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert child.stdout
    try:
        yield child, (await child.stdout.readline()).decode().strip()
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


async def test_sigterm_ends_waits_and_streams_at_once(tmp_path: Path) -> None:
    async with process(tmp_path, "--port", "0", "--poll") as (child, line):
        assert line.startswith("parallel-local: 5 documents, serving on http://127.0.0.1:")
        url = line.rpartition(" ")[2]
        async with httpx.AsyncClient(base_url=url, headers=HEADERS, timeout=BOUND) as client:
            wanted = {
                "objective": "x",
                "entity_type": "companies",
                "match_conditions": [{"name": "n", "description": "raised money"}],
                "generator": "core",
                "match_limit": 5,
            }
            group = (await client.post("/v1/tasks/groups", json={})).json()["taskgroup_id"]
            assert (await client.post("/v1beta/findall/runs", json=wanted)).status_code == 200
            created = await client.post("/v1/tasks/runs", json=TASK)
            assert created.status_code == 202
            async with client.stream("GET", f"/v1/tasks/groups/{group}/events") as stream:
                assert stream.status_code == 200
                child.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(child.wait(), BOUND) in (0, -signal.SIGTERM)
        assert child.stderr
        assert await child.stderr.read() == b""


async def test_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    async with process(tmp_path, "--uds", str(path)) as (child, line):
        assert line == f"parallel-local: 5 documents, serving on unix:{path}"
        transport = httpx.AsyncHTTPTransport(uds=str(path))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://engine", headers=HEADERS
        ) as client:
            assert (await client.get("/v1/tasks/runs/trun_x")).status_code == 404
        child.send_signal(signal.SIGINT)
        await asyncio.wait_for(child.wait(), BOUND)
    assert not path.exists()


async def test_client_that_leaves_makes_no_noise(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with served(tmp_path, workers=0) as url, httpx.AsyncClient(base_url=url, headers=HEADERS) as client:
        run_id = (await client.post("/v1/tasks/runs", json=TASK)).json()["run_id"]
        async with client.stream("GET", f"/v1/tasks/runs/{run_id}/events") as stream:
            async for _ in stream.aiter_lines():
                break
        with pytest.raises(httpx.ReadTimeout):
            await client.get(f"/v1/tasks/runs/{run_id}/result", timeout=httpx.Timeout(30, read=0.05))
        assert (await client.get(f"/v1/tasks/runs/{run_id}")).status_code == 200
    assert caplog.records == []


async def test_the_head_of_a_stream_comes_at_once(tmp_path: Path) -> None:
    async with served(tmp_path, workers=0) as url, httpx.AsyncClient(base_url=url, headers=HEADERS) as client:
        run_id = (await client.post("/v1/tasks/runs", json=TASK)).json()["run_id"]
        for path in (f"/v1/tasks/runs/{run_id}/events", "/v1/monitors"):
            answer = await client.head(path, timeout=BOUND)
            assert (answer.status_code, answer.content) == (200, b"")


async def leaving(app: ASGIApp, method: str, path: str, *pieces: bytes) -> None:
    """A call whose caller sends this much of it and leaves."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces[:-1]]
    messages.append({"type": "http.request", "body": pieces[-1], "more_body": method == "POST"})
    messages.append({"type": "http.disconnect"})

    async def receive() -> Message:
        return messages.pop(0)

    async def send(_message: Message) -> None:
        """Nobody reads it."""

    headers = [(b"x-api-key", b"k"), (b"host", b"127.0.0.1")]
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""}
    await app({**scope, "server": ("127.0.0.1", 80)}, receive, send)


async def test_whoever_leaves_is_waited_for_no_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    docs = write_documents(tmp_path / "docs")
    app = create_app(docs, tmp_path / "data", workers=0, watch=False, clock=ManualClock())
    async with asyncio.timeout(BOUND), app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://engine", headers=HEADERS
        ) as client:
            run_id = (await client.post("/v1/tasks/runs", json=TASK)).json()["run_id"]
        await leaving(app, "GET", f"/v1/tasks/runs/{run_id}/result", b"")  # no time passes on that clock
        await leaving(app, "POST", "/v1/tasks/runs", b'{"input":', b' "half')
    assert caplog.records == []


async def test_a_thousand_long_polls(tmp_path: Path) -> None:
    clock = ManualClock()
    async with engine(tmp_path, workers=0, clock=clock) as call:
        run_id = (await call.post("/v1/tasks/runs", TASK)).json()["run_id"]
        polls = [asyncio.create_task(call.get(f"/v1/tasks/runs/{run_id}/result")) for _ in range(1000)]
        await clock.sleepers(1000)
        assert (await call.get(f"/v1/tasks/runs/{run_id}")).json()["status"] == "queued"
        clock.advance(600)
        answers = await asyncio.gather(*polls)
    assert {answer.status_code for answer in answers} == {408}


def test_help_names_every_option() -> None:
    shown = CliRunner().invoke(main, ["serve", "--help"]).output
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "parallel-local.md").read_text()
    for option in ("--host", "--port", "--uds", "--fd", "--parent-fd", "--data", "--api-key"):
        assert option in shown
        assert f"`{option}" in guide


def test_address_in_use_is_a_plain_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a socket")
    docs, data = write_documents(tmp_path / "docs"), tmp_path / "data"
    result = CliRunner().invoke(main, ["serve", str(docs), "--uds", str(blocked), "--data", str(data)])
    assert result.exit_code == 1
    assert "cannot listen" in result.output
    assert blocked.read_text() == "not a socket"


def test_each_folder_has_its_own_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data(tmp_path / "a") != default_data(tmp_path / "b")
    assert default_data(tmp_path / "a").is_relative_to(tmp_path / "parallel-local")


@pytest.mark.parametrize("framing", ["sized", "chunked"])
async def test_an_offered_upgrade_changes_nothing(tmp_path: Path, framing: str) -> None:
    """Every HTTP client of Java offers HTTP/2; the request stands, body and all, and so does the next one."""
    body = b'{"search_queries":["Amber River"]}'
    framed = {
        "sized": b"content-length: %d\r\n\r\n%b" % (len(body), body),
        "chunked": b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
    }
    head = b"POST /v1/search HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: local\r\ncontent-type: application/json\r\n"
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEA\r\n"
    async with process(tmp_path, "--port", "0", "--poll") as (child, line):
        port = int(line.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for part in (offer, b"", offer):
            writer.write(head + part + framed[framing])
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), BOUND)
            assert answer.startswith(b"HTTP/1.1 200 "), answer
            length = next(one for one in answer.split(b"\r\n") if one.lower().startswith(b"content-length: "))
            assert b"Amber" in await reader.readexactly(int(length[16:]))
        writer.close()
        child.send_signal(signal.SIGTERM)
        await asyncio.wait_for(child.wait(), BOUND)
        assert child.stderr
        assert await child.stderr.read() == b""
