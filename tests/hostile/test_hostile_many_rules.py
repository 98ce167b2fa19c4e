"""Many rules, and a body that all of them have to know the model of: it is read once."""

from __future__ import annotations

import pytest
from hostile_kit import CHAT

from conftest import Connect, OpenGateway
from support.client import request as client_request
from support.configuration import gateways, providers
from support.loop_lag import LoopLag
from support.replies import whole
from support.upstream import Upstream

LIMIT = 0.25  # seconds of one turn, the test's own part of it included
PIECE = 1_000_000

RULES = "[accounts.acct.gateways.gw.spend_limits]\nenabled = true\n" + "".join(
    f"""
[[accounts.acct.gateways.gw.spend_limits.rules]]
id = "r{number}"
limit = 100000
limitType = "cost"
window = 3600
model = {{ mode = "filter", values = ["gpt-4o"] }}
metadata.user = {{ mode = "partition" }}
"""
    for number in range(20)
)
TWICE = b'{"model":"gpt-4o","tools":[{"model":"gpt-4o"}],"messages":['


def filled(unit: bytes, size: int) -> bytes:
    return TWICE + unit * (size // len(unit)) + b"1]}"


BODIES = {
    "numbers": filled(b"1,", 1_900_000),
    "texts": filled(b'"' + b"a" * 200 + b'",', 10_000_000),
    "one text": filled(b'"' + b"a" * 9_900_000 + b'",', 10_000_000),
    "models": filled(b'{"model":"gpt-4o"},', 15_000),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_rules_times_a_large_body(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes
) -> None:
    gateway = await open_gateway(gateways(gw={}) + RULES + providers({"openai": upstream.url}))
    upstream.will(whole(b"{}"))
    client = await connect(gateway.url)
    user = ("cf-aig-metadata", '{"user":"ada"}')
    async with LoopLag() as lag:
        await client.send(client_request("POST", CHAT, user, ("content-length", str(len(body)))))
        for start in range(0, len(body), PIECE):
            await client.send(body[start : start + PIECE])
        answer = await client.answer()
    assert (answer.status, lag.worst < LIMIT) == (200, True), (answer.body, lag.worst)
