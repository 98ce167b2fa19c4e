"""Requests without a body: methods that may have one say that there is none, and others say nothing (RFC 9110, 8.6)."""

from __future__ import annotations

import json

import pytest

from conftest import Connect, OpenGateway
from support.client import request
from support.configuration import openai
from support.upstream import Upstream

PATH = "/v1/acct/gw/openai/v1/responses/resp_1/cancel"


@pytest.mark.parametrize("attempts", ["1", "2"])
@pytest.mark.parametrize(
    ("method", "length"),
    [
        ("POST", b"0"), ("PUT", b"0"), ("PATCH", b"0"),
        ("GET", None), ("HEAD", None), ("DELETE", None), ("OPTIONS", None),
    ],
)  # fmt: skip
async def test_what_the_provider_is_told(
    open_gateway: OpenGateway,
    connect: Connect,
    upstream: Upstream,
    method: str,
    length: bytes | None,
    attempts: str,
) -> None:
    client = await connect((await open_gateway(openai(upstream.url))).url)
    answer = await client.ask(method, PATH, ("cf-aig-max-attempts", attempts))
    assert answer.status == 200
    seen = await upstream.only()
    assert (seen.header("content-length"), seen.header("transfer-encoding")) == (length, None)


async def test_what_has_a_body_says_so_once(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream
) -> None:
    client = await connect((await open_gateway(openai(upstream.url))).url)
    await client.ask("POST", PATH, body=b"{}")
    await client.send(request("POST", PATH, ("transfer-encoding", "chunked")))
    await client.send_chunk(b"{}")
    await client.send(b"0\r\n\r\n")
    assert (await client.answer()).status == 200
    found = [(seen.header("content-length"), seen.header("transfer-encoding")) for seen in upstream.requests]
    assert found == [(b"2", None), (None, b"chunked")]


async def test_a_step_without_a_query(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream
) -> None:
    client = await connect((await open_gateway(openai(upstream.url))).url)
    step = {"provider": "openai", "endpoint": "v1/responses/resp_1/cancel", "headers": {}, "query": {}}
    answer = await client.ask("POST", "/v1/acct/gw", body=json.dumps([step]).encode())
    assert answer.status == 200
    assert (await upstream.only()).header("content-length") == b"2"
