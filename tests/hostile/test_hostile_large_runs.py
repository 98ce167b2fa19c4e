"""Large requests and answers about runs: whoever reads them lets others have their turns, or says no."""

from __future__ import annotations

import json

import pytest
from hostile_kit import still_serves

from conftest import Connect, OpenGateway
from support.configuration import gateways, providers
from support.loop_lag import LoopLag
from support.replies import Reply, chunked, whole
from support.upstream import Upstream

LIMIT = 0.5  # seconds of one turn, the test's own part of it included
JSON = ("content-type", "application/json")
KEY = ("x-api-key", "pk-0123456789")
BASE = "/v1/acct/gw/parallel"
ID = "trun_0123456789abcdef0123456789abcdef"


def filled(before: bytes, unit: bytes, after: bytes, size: int = 12_000_000) -> bytes:
    return before + unit * ((size - len(before) - len(after)) // len(unit)) + after


REQUESTS = {
    "inputs": ("/v1/tasks/groups/tgrp_1/runs", filled(b'{"inputs":[', b'{"processor":"lite"},', b"{}]}")),
    "references": (
        "/v1/tasks/groups/tgrp_1/runs",
        filled(b'{"inputs":[', b'{"previous_interaction_id":"trun_1"},', b"{}]}"),
    ),
    "numbers": ("/v1/tasks/runs", filled(b'{"processor":"lite","input":[', b"1,", b"1]}")),
    "objects": ("/v1/responses", filled(b'{"model":"parallel","input":[', b"{},", b"{}]}")),
    "members": ("/v1/monitors", filled(b"{", b'"a":1,', b'"b":1}')),
    "no-json": ("/v1beta/chat/completions", filled(b'{"previous_interaction_id":"', b'trun_1","', b"")),
}


@pytest.mark.parametrize(("path", "body"), REQUESTS.values(), ids=REQUESTS.keys())
async def test_nobody_waits_for_a_large_order(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, body: bytes
) -> None:
    own = '[accounts.acct.gateways.gw.parallel]\nallowed = ["lite"]\nmax_estimate = 100\n'
    gateway = await open_gateway(gateways(gw={}) + own + providers({"parallel": upstream.url}))
    client = await connect(gateway.url)
    async with LoopLag() as lag:
        answer = await client.ask("POST", BASE + path, KEY, JSON, body=body)
    assert lag.worst < LIMIT
    assert answer.status < 500
    await still_serves(gateway, connect)


STATUS = b'{"num_task_runs":1000,"task_run_status_counts":{"queued":1000},"is_active":true}'
ANSWERS = {
    "runs": whole(
        b'{"status":%b,"run_ids":%b}'
        % (STATUS, json.dumps([f"trun_{n:032x}" for n in range(100_000)]).encode()),
        headers=(JSON,),
    ),
    "metadata": chunked(
        filled(b'{"run_id":"trun_1","status":"queued","metadata":{', b'"a":1,', b'"b":1}}'), headers=(JSON,)
    ),
    "lists": chunked(filled(b'{"run_ids":[', b'"a",', b'"b"]}'), headers=(JSON,)),
    "no-json": chunked(filled(b'{"run_ids":["a",', b'"a" ', b""), headers=(JSON,)),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("path", ["/v1/tasks/groups/tgrp_1/runs", "/v1/tasks/runs"])
async def test_nobody_waits_for_the_answer_to_an_order(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, answer: Reply
) -> None:
    gateway = await open_gateway(gateways(gw={}) + providers({"parallel": upstream.url}))
    upstream.will(answer)
    client = await connect(gateway.url)
    body = b'{"processor":"lite","input":"x","inputs":[{"processor":"lite","input":"x"}]}'
    async with LoopLag() as lag:
        assert (await client.ask("POST", BASE + path, KEY, JSON, body=body)).status == 200
    assert lag.worst < LIMIT
    await still_serves(gateway, connect)


EVENT = b'data: {"type":"task_run.state","run":{"run_id":"%b","status":"running"}}\n\n' % ID.encode()
STREAMS = {
    "states": EVENT * 20_000,
    "blank lines": b"\n" * 2_000_000,
    "one frame": b"data: " + b"a" * 8_000_000 + b"\n\n",
    "small events": b"event: x\ndata: {}\n\n" * 100_000,
    "small lines": b"data: {}\n" * 200_000 + b"\n",
    "comments": b":\n" * 1_000_000,
    "fields of nobody": b"x\r\n" * 500_000,
    "ids": b"id\n" * 700_000,
    "empty events": b"data\n\n" * 400_000,
}


STREAMED = [
    f"/v1/tasks/runs/{ID}/events",
    "/v1/tasks/groups/tgrp_1/events",
    "/v1/tasks/groups/tgrp_1/runs?include_output=true",
    "/v1beta/findall/runs/findall_1/events",
]


@pytest.mark.parametrize("path", STREAMED)
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS.keys())
async def test_nobody_waits_for_a_large_stream(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, stream: bytes, path: str
) -> None:
    gateway = await open_gateway(gateways(gw={}) + providers({"parallel": upstream.url}))
    pieces = [stream[start : start + 65536] for start in range(0, len(stream), 65536)]
    upstream.will(chunked(*pieces, headers=(("content-type", "text/event-stream"),)))
    client = await connect(gateway.url)
    async with LoopLag() as lag:
        answer = await client.ask("GET", BASE + path, KEY)
    assert (answer.status, len(answer.body)) == (200, len(stream))
    assert lag.worst < LIMIT
    await still_serves(gateway, connect)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize(
    "path", ["openai/v1/batches", "openai/v1/chat/completions", "openai/v1/unknown", "anthropic/v1/messages"]
)
async def test_nobody_waits_for_a_large_answer_of_others(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, answer: Reply
) -> None:
    """Of which not all is kept for the log: what it tells is looked for at its beginning and at its end."""
    gateway = await open_gateway(
        gateways(gw={}) + providers({"openai": f"{upstream.url}/v1", "anthropic": upstream.url})
    )
    upstream.will(answer)
    client = await connect(gateway.url)
    async with LoopLag() as lag:
        assert (await client.ask("POST", f"/v1/acct/gw/{path}", JSON, body=b'{"model":"m"}')).status == 200
    assert lag.worst < LIMIT
    await still_serves(gateway, connect)
