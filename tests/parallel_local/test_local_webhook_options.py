"""Webhooks by the command line: which secret signs them, and whether they may go to private addresses."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from local_engine import HEADERS, write_documents
from local_hooks import OTHER, SECRET, decoded_key, receiver

from conftest import Connect, Serve
from parallel_local.cli import main
from parallel_local.runs.webhook_secret import own_secret
from support.gateway import Gateway

TASK = {"input": "How long is the Amber River?", "processor": "lite"}


@asynccontextmanager
async def process(
    base: Path, *options: str, **environ: str
) -> AsyncIterator[tuple[httpx.AsyncClient, asyncio.StreamReader]]:
    """A client of `parallel-local serve` in a process of its own, and what that writes to its log."""
    command = [sys.executable, "-m", "parallel_local", "serve", "--port", "0"]
    folders = [str(write_documents(base / "docs")), "--data", str(base / "data")]
    child = await asyncio.create_subprocess_exec(
        *command,
        *folders,
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environ},
    )
    assert child.stdout
    assert child.stderr
    try:
        line = (await child.stdout.readline()).decode().strip()
        port = line.rpartition(":")[2]
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=HEADERS, timeout=60
        ) as client:
            yield client, child.stderr
    finally:
        child.kill()
        await child.communicate()


async def told(client: httpx.AsyncClient, url: str) -> None:
    """Has the engine tell of a task."""
    answer = await client.post("/v1/tasks/runs", json={**TASK, "webhook": {"url": url}})
    assert answer.status_code == 202, answer.text


async def test_an_engine_that_only_this_machine_can_call_tells_programs_on_it(tmp_path: Path) -> None:
    async with receiver() as hooks, process(tmp_path) as (client, _):
        await told(client, hooks.url)
        event = await hooks.next()
    assert event.verified(decoded_key(own_secret(tmp_path / "data")))


async def test_an_engine_that_others_can_call_does_not(tmp_path: Path) -> None:
    async with receiver() as hooks, process(tmp_path, "--host", "0.0.0.0") as (client, log):
        await told(client, hooks.url)
        async with asyncio.timeout(60):
            line = (await log.readline()).decode()
            while "given up" not in line:  # what else a program may have to say of its machine
                assert line
                line = (await log.readline()).decode()
        assert hooks.came.empty()
    assert "after 1 tries: only public addresses are called" in line


async def test_unless_it_is_allowed_to(tmp_path: Path) -> None:
    allowed = {
        "PARALLEL_LOCAL_ALLOW_PRIVATE_WEBHOOKS": "1",
        "PARALLEL_LOCAL_WEBHOOK_SECRET": f"{SECRET} {OTHER}",
    }
    async with receiver() as hooks, process(tmp_path, "--host", "0.0.0.0", **allowed) as (client, _):
        await told(client, hooks.url)
        event = await hooks.next()
    assert event.verified(decoded_key(SECRET))
    assert event.verified(decoded_key(OTHER))
    assert not (tmp_path / "data" / "webhook-secret").exists()


async def _told_through(gateway: Gateway, connect: Connect, url: str) -> None:
    """Has the engine behind a gateway tell of a task."""
    client = await connect(gateway.url)
    body = json.dumps({**TASK, "webhook": {"url": url}}).encode()
    answer = await client.ask(
        "POST", "/v1/local/default/parallel/v1/tasks/runs", ("x-api-key", "k"), body=body
    )
    assert answer.status == 202


async def test_behind_a_gateway_an_option_says_so(tmp_path: Path, serve: Serve, connect: Connect) -> None:
    docs = str(write_documents(tmp_path / "docs"))
    async with receiver() as hooks:
        plain = await serve(None, "--local-parallel", docs)
        await _told_through(plain, connect, hooks.url)
        await plain.says("after 1 tries: only public addresses are called")
        await plain.stop()
        assert hooks.came.empty()
        allowed = await serve(None, "--local-parallel", docs, "--local-private-webhooks")
        await _told_through(allowed, connect, hooks.url)
        assert (await hooks.next()).said["type"] == "task_run.status"
        await allowed.stop()


async def test_which_is_nothing_without_an_engine(serve: Serve) -> None:
    gateway = await serve(None, "--local-private-webhooks", ready=False)
    await gateway.says("--local-private-webhooks is for the local engine: add --local-parallel")
    assert await gateway.ended() == 2


def test_the_secret_is_shown_and_stays(tmp_path: Path) -> None:
    arguments = ["webhook-secret", str(tmp_path), "--data", str(tmp_path / "data")]
    first, second = (CliRunner().invoke(main, arguments) for _ in range(2))
    assert (first.exit_code, first.output) == (0, second.output)
    assert first.output == own_secret(tmp_path / "data") + "\n"


@pytest.mark.parametrize("options", [["--webhook-secret", "nonsense"], []])
def test_what_is_no_secret_ends_the_start(tmp_path: Path, options: list[str]) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "webhook-secret").write_text("nonsense")
    arguments = ["serve", str(tmp_path), "--port", "0", "--data", str(data), *options]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "webhook secret" in result.output
    assert "nonsense" not in result.output
