"""What the hostile tests share: one way to open a gateway, and one meaning of "refused".

A refusal is an answer with our envelope (Cloudflare 3.29); what must hold around it is said here once: nothing
reached the provider, the connection is closed when it cannot be trusted any more, and the gateway still works.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

import penstock
from conftest import Connect, OpenGateway
from penstock.journal.record import CallRecord, read_frames
from penstock.journal.segments import DIRECTORY, list_segments
from support.checks import check_unified_error
from support.client import Answer, Client
from support.configuration import openai
from support.inprocess import InProcess
from support.upstream import Seen, Upstream
from support.waiting import eventually

CHAT = "/v1/acct/gw/openai/chat/completions"
MODELS = "/v1/acct/gw/openai/models"
HEAD = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\n".encode()
SMUGGLED = b"GET /v1/acct/gw/openai/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

_PACKAGE = Path(penstock.__file__).parent

_ENVELOPE = {
    "success",
    "result",
    "messages",
    "error",
    "name",
    "httpCode",
    "internalCode",
    "message",
    "description",
}


def table(rows: dict[str, bytes]) -> pytest.MarkDecorator:
    """One test for each row, by its name; the row's bytes are `data`."""
    return pytest.mark.parametrize("data", rows.values(), ids=rows.keys())


def gateway_limits(url: str, **limits: float) -> str:
    """The configuration of a gateway before a provider; `limits` go below `[server.limits]`."""
    lines = "".join(f"{key} = {value}\n" for key, value in limits.items())
    return openai(url, f"[server.limits]\n{lines}")


async def gateway_for(open_gateway: OpenGateway, upstream: Upstream, **limits: float) -> InProcess:
    """Such a gateway, running."""
    return await open_gateway(gateway_limits(upstream.url, **limits))


# -- refusals


def is_envelope(answer: Answer, status: int, code: int) -> None:
    """The answer is the gateway's own, whole and in its shape; on the unified endpoint, in the caller's dialect."""
    assert answer.status == status, (answer.status, answer.body)
    assert answer.header("content-type") == "application/json"
    assert int(answer.header("content-length") or -1) == len(answer.body)
    body = answer.json()
    if isinstance(body["error"], dict):
        check_unified_error(answer, status, code, body["message"])
        return
    assert set(body) == _ENVELOPE
    assert body["success"] is False
    assert body["name"] == "AiGatewayError"
    assert (body["httpCode"], body["internalCode"]) == (status, code)
    assert body["error"] == [{"code": code, "message": body["message"]}]


async def is_refused(client: Client, status: int = 400, code: int = 9400) -> Answer:
    """The next answer is a refusal, the last on this connection."""
    answer = await client.answer()
    is_envelope(answer, status, code)
    assert answer.header("connection") == "close"
    assert await client.rest() == b""
    return answer


# -- what holds afterwards


async def settled(gateway: InProcess) -> None:
    """Waits until no call is in flight."""
    await eventually(lambda: True if not gateway.state.tasks else None, "the end of all calls")


async def still_serves(gateway: InProcess, connect: Connect) -> None:
    """A new client gets an answer, and no call is left hanging."""
    client = await connect(gateway.url)
    answer = await client.ask("GET", "/healthz")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})
    await client.close()
    await settled(gateway)


async def nothing_happened(gateway: InProcess, upstream: Upstream) -> None:
    """No request got through to the provider, and no provider was named in the log."""
    await settled(gateway)
    assert [seen.head for seen in upstream.requests] == []
    assert upstream.connections == 0


async def is_broken_off(seen: Seen) -> None:
    """The provider saw this request's body end before its end."""
    await seen.bell.until(lambda: seen.broken or seen.complete, "the end of a request's body")
    assert not seen.complete


def busy(gateway: InProcess) -> int:
    """How many connections to providers are in use."""
    pools = gateway.parts.upstream.pools.values()
    return sum(connection.exchange is not None for pool in pools for connection in pool.connections)


async def nothing_left(gateway: InProcess) -> None:
    """No call, no connection in use, no task of the gateway's."""
    await settled(gateway)
    assert busy(gateway) == 0
    assert [task for task in asyncio.all_tasks() if is_ours(task)] == []


def is_ours(task: asyncio.Task[object]) -> bool:
    """Whether a task runs the product's code, not a test's."""
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and lies_in(code.co_filename, _PACKAGE)


def lies_in(file: str, package: Path) -> bool:
    """Whether a source file is one of the package's, wherever the package stands and whatever is above it."""
    return Path(file).is_relative_to(package)


def free_memory(gateway: InProcess) -> int:
    """What is left of the memory for bodies in the log."""
    return gateway.parts.pipeline._budget.free


def records(gateway: InProcess) -> list[CallRecord]:
    """What stands in the journal now, while nobody has moved it to the ledger."""
    found: list[CallRecord] = []
    for name in list_segments(gateway.data / DIRECTORY):
        found += [entry.record for entry in read_frames((gateway.data / DIRECTORY / name).read_bytes())]
    return found


class Complaints:
    """What the event loop complains about: exceptions in callbacks, futures nobody looked at."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        asyncio.get_running_loop().set_exception_handler(self._hear)

    def _hear(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        self.heard.append(f"{context.get('message')}: {context.get('exception')!r}")

    def none(self) -> None:
        """Fails when there were any."""
        assert self.heard == []


async def becomes(condition: Callable[[], bool], what: str) -> None:
    """Waits until the condition holds."""
    await eventually(lambda: True if condition() else None, what)
