"""What the hostile tests share: one way to open a gateway, and one meaning of "refused".

A refusal is an answer with our envelope (Cloudflare 3.29); what must hold around it is said here once: nothing
reached the provider, the connection is closed when it cannot be trusted any more, and the gateway still works.
"""

from __future__ import annotations

from conftest import Connect, OpenGateway
from support.client import Answer, Client
from support.configuration import openai
from support.inprocess import InProcess
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"
HEAD = f"POST {CHAT} HTTP/1.1\r\nHost: gateway.test\r\n".encode()
SMUGGLED = f"GET /v1/acct/gw/openai/smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n".encode()

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


async def gateway_for(open_gateway: OpenGateway, upstream: Upstream, **limits: float) -> InProcess:
    """A gateway before this provider; `limits` go below `[server.limits]`."""
    lines = "".join(f"{key} = {value}\n" for key, value in limits.items())
    return await open_gateway(openai(upstream.url, f"[server.limits]\n{lines}"))


def is_envelope(answer: Answer, status: int, code: int) -> None:
    """The answer is the gateway's own, whole and in its one shape."""
    assert answer.status == status, (answer.status, answer.body)
    assert answer.header("content-type") == "application/json"
    assert int(answer.header("content-length") or -1) == len(answer.body)
    body = answer.json()
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


async def still_serves(gateway: InProcess, connect: Connect) -> None:
    """A new client gets an answer, and no call is left hanging."""
    client = await connect(gateway.url)
    answer = await client.ask("GET", "/healthz")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})
    await client.close()
    await gateway.settled()


async def nothing_happened(gateway: InProcess, upstream: Upstream) -> None:
    """No request got through to the provider, and none was written down."""
    await gateway.settled()
    assert [seen.head for seen in upstream.requests] == []
    assert await gateway.rows(0) == []
