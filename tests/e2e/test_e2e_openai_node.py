"""The official OpenAI library for Node.js with nothing changed but its base URL.

Needs Node.js; where there is none, the tests are skipped, but never in CI.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from node_kit import FOLDER, installed

from conftest import OpenGateway
from support.canned import EVENTS, chat_reply, stream_reply
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.upstream import Upstream
from support.waiting import soon

PROGRAM = FOLDER / "chat.mjs"


@pytest.fixture(scope="session")
def node() -> str:
    """The interpreter, with the library installed as the lock file says."""
    return installed()


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    urls = {"openai": upstream.url, "parallel": upstream.url}
    return await open_gateway(gateways() + providers(urls))


class Script:
    """The program, and what it says line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def says(self) -> dict[str, Any]:
        """Its next line."""
        assert self._process.stdout is not None
        line = await soon(self._process.stdout.readline(), 60)
        said: dict[str, Any] = json.loads(line)
        return said

    async def ended(self) -> None:
        """Waits for its end."""
        assert await soon(self._process.wait(), 60) == 0


async def _run(node: str, *arguments: str) -> Script:
    process = await asyncio.create_subprocess_exec(
        node, str(PROGRAM), *arguments, stdout=asyncio.subprocess.PIPE
    )
    return Script(process)


@pytest.mark.parametrize(
    ("path", "model", "target"),
    [
        ("openai", "gpt-5", b"/v1/chat/completions"),
        ("compat", "parallel/speed", b"/v1beta/chat/completions"),
    ],
)
async def test_chat(
    node: str, gateway: InProcess, upstream: Upstream, path: str, model: str, target: bytes
) -> None:
    upstream.will(chat_reply())
    script = await _run(node, f"{gateway.url}/v1/acct/gw/{path}", model)
    assert await script.says() == {"content": "Hello there"}
    assert await script.says() == {"done": True}
    await script.ended()
    seen = await upstream.only()
    assert seen.target == target
    assert json.loads(seen.body)["model"] == model.removeprefix("parallel/")
    assert (await gateway.row()).tokens_in == 9


@pytest.mark.parametrize(("path", "model"), [("openai", "gpt-5"), ("compat", "parallel/speed")])
async def test_chat_streamed(
    node: str, gateway: InProcess, upstream: Upstream, path: str, model: str
) -> None:
    """The program has each piece before the provider sends the next one."""
    gates = [asyncio.Event() for _ in EVENTS]
    upstream.will(stream_reply(gates))
    script = await _run(node, f"{gateway.url}/v1/acct/gw/{path}", model, "stream")
    for gate, delta in zip(gates, ("Hel", "lo ", "there", ""), strict=False):
        gate.set()
        assert await script.says() == {"delta": delta}
    gates[-1].set()
    assert await script.says() == {"done": True}
    await script.ended()
    assert (await gateway.row()).outcome == "complete"


async def test_errors_of_the_gateway_are_errors_of_the_library(node: str, gateway: InProcess) -> None:
    script = await _run(node, f"{gateway.url}/v1/acct/gw/compat", "nosuch/x")
    assert await script.says() == {"error": "BadRequestError", "status": 400}
    await script.ended()
