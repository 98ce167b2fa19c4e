"""`penstock serve --local-parallel`: the engine starts, ends and is replaced together with its gateway."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import psutil
import pytest

from conftest import Connect, Serve
from support.client import Answer, Client
from support.documents import write_documents
from support.gateway import Gateway, fails_to_start
from support.processes import all_gone, family
from support.waiting import comes, eventually

BASE = "/v1/local/default/parallel"


async def _serve(serve: Serve, folder: Path) -> Gateway:
    """A gateway whose engine has said that it serves, too."""
    documents = folder / "documents"
    if not documents.exists():
        write_documents(folder)
    gateway = await serve(None, "--local-parallel", str(documents))
    await gateway.says("parallel-local: 2 documents")
    return gateway


async def _search(client: Client) -> Answer:
    body = json.dumps({"search_queries": ["Zorblax reservoir"]}).encode()
    return await client.ask("POST", f"{BASE}/v1/search", ("x-api-key", "k"), body=body)


def _engine(gateway: Gateway) -> psutil.Process:
    (engine,) = [process for process in family(gateway.process.pid) if "parallel_local" in process.cmdline()]
    return engine


async def test_first_call_at_once_after_the_start(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    """The gateway says that it serves when all of it does."""
    gateway = await serve(None, "--local-parallel", str(write_documents(tmp_path)))
    answer = await _search(await connect(gateway.url))
    assert answer.status == 200, answer.body
    assert answer.json()["results"]
    await gateway.stop()


async def test_what_it_answers_costs_nothing(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    """Whatever the same would cost at Parallel."""
    gateway = await _serve(serve, tmp_path)
    client = await connect(gateway.url)
    assert (await _search(client)).status == 200
    task = json.dumps({"input": "Zorblax reservoir", "processor": "ultra8x"}).encode()
    assert (await client.ask("POST", f"{BASE}/v1/tasks/runs", ("x-api-key", "k"), body=task)).status == 202
    rows = await gateway.logs(2)
    assert [(row.cost, row.price_source) for row in rows] == [(0, "local")] * 2
    await gateway.stop()


async def test_packaged_documents(serve: Serve, connect: Connect) -> None:
    gateway = await serve(None, "--local-parallel")
    await gateway.says("parallel-local: ")
    body = b'{"search_queries":["heat pump market"]}'
    answer = await (await connect(gateway.url)).ask(
        "POST", f"{BASE}/v1/search", ("x-api-key", "k"), body=body
    )
    assert answer.json()["results"]
    await gateway.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_nobody_outlives_the_gateway(serve: Serve, tmp_path: Path, number: signal.Signals) -> None:
    gateway = await _serve(serve, tmp_path)
    processes = family(gateway.process.pid)
    assert len(processes) >= 3
    gateway.signal(number)
    assert await gateway.ended() == (-number if number is signal.SIGKILL else 0)
    await all_gone(processes)


async def test_killed_engine_is_replaced(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    gateway = await _serve(serve, tmp_path)
    client = await connect(gateway.url)
    assert (await _search(client)).status == 200
    first = _engine(gateway)
    first.kill()
    await eventually(
        lambda: True if gateway.stderr.count("parallel-local: 2 documents") == 2 else None, "another engine"
    )
    assert (await _search(client)).status == 200
    assert _engine(gateway).pid != first.pid
    await gateway.stop()


async def test_runs_are_there_after_a_restart(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    gateway = await _serve(serve, tmp_path)
    body = b'{"input":"When was the Tarnholt bridge opened?","processor":"lite"}'
    client = await connect(gateway.url)
    run = (await client.ask("POST", f"{BASE}/v1/tasks/runs", ("x-api-key", "k"), body=body)).json()["run_id"]
    path = f"{BASE}/v1/tasks/runs/{run}/result?timeout=60"
    before = await client.ask("GET", path, ("x-api-key", "k"))
    assert before.status == 200
    await gateway.stop()
    again = await _serve(serve, tmp_path)
    after = await (await connect(again.url)).ask("GET", path, ("x-api-key", "k"))
    assert after.body == before.body
    await again.stop()


def test_documents_that_are_not_there(tmp_path: Path) -> None:
    code, said = fails_to_start(tmp_path, "--port", "0", "--local-parallel", "nowhere")
    assert (code, said.count("\n")) == (2, 1)
    assert str(tmp_path / "nowhere") in said


async def test_sighup_has_it_look_at_the_documents_again(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    """Also where the system tells of no change: a file is written to by a name outside of the folder."""
    documents = write_documents(tmp_path)
    (tmp_path / "outside.md").write_text("The Zorblax reservoir has 11 boats.\n")
    (documents / "boats.md").hardlink_to(tmp_path / "outside.md")
    gateway = await serve(None, "--local-parallel", str(documents))
    await gateway.says("parallel-local: 3 documents")
    client = await connect(gateway.url)
    (tmp_path / "outside.md").write_text("The Zorblax reservoir has 12 boats.\n")
    gateway.signal(signal.SIGHUP)

    async def told() -> bool | None:
        return True if b"12 boats" in (await _search(client)).body else None

    await comes(told, "the line as it is now")
    await gateway.stop()


async def test_folders_of_a_settings_file(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    write_documents(tmp_path)
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki" / "boats.md").write_text("The Zorblax reservoir has 12 boats.\n")
    folders = '[[folders]]\npath = "documents"\n\n[[folders]]\npath = "wiki"\nurl = "https://wiki.example/"\n'
    (tmp_path / "folders.toml").write_text(folders)
    gateway = await serve(None, "--local-parallel", str(tmp_path / "folders.toml"))
    await gateway.says("parallel-local: 3 documents")
    found = (await _search(await connect(gateway.url))).json()["results"]
    assert "https://wiki.example/boats.md" in [result["url"] for result in found]
    await gateway.stop()
