"""Answers and bodies of many small parts, which somebody has to read at the end of a call: nobody waits for it."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from functools import partial

import brotli
import pytest
import zstandard

from conftest import Connect, OpenGateway
from penstock.wire.usage import read_answer
from support.access import Access, bearer, take_up
from support.configuration import gateways, providers
from support.loop_lag import LoopLag
from support.replies import whole
from support.upstream import Upstream

SIZE = 10_000_000
LIMIT = 0.5  # seconds of one turn, the test's own part of it included
ASK = b'{"model":"gpt-4o","messages":[]}'
RULE = """[accounts.acct.gateways.gw.spend_limits]
enabled = true
[[accounts.acct.gateways.gw.spend_limits.rules]]
limit = 100
limitType = "cost"
window = 3600
"""


def filled(before: bytes, unit: bytes, after: bytes, size: int = SIZE) -> bytes:
    """A document of so many bytes, nearly all of them the same."""
    return before + unit * ((size - len(before) - len(after)) // len(unit)) + after


MEMBERS = b",".join(b'"%07d":1' % number for number in range(SIZE // 12))
UNPACKED = 128 * 1024 * 1024
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": partial(gzip.compress, compresslevel=1),
    "br": partial(brotli.compress, quality=1),
    "zstd": zstandard.ZstdCompressor().compress,
}
SEARCHES = b'{"groundingMetadata":{"webSearchQueries":["a"]}},'
ANSWERS = {
    "a list of numbers": ("application/json", filled(b"[", b"1,", b"1]")),
    "a list of objects": ("application/json", filled(b"[", b"{},", b"{}]")),
    "a large usage": ("application/json", b'{"usage":{' + MEMBERS + b"}}"),
    "lines": ("application/x-ndjson", b"\n" * SIZE),
    "frames": ("application/vnd.amazon.eventstream", (b"\0\0\0\x10" + b"\0" * 12) * (SIZE // 16)),
    "searches": (
        "application/json",
        filled(b'{"usageMetadata":{"promptTokenCount":1},"candidates":[', SEARCHES, b"{}]}"),
    ),
    "calls of tools": (
        "application/json",
        filled(b'{"usage":{"input_tokens":1},"output":[', b'{"type":"web_search_call"},', b"{}]}"),
    ),
    "results": ("application/json", filled(b'{"search_id":"x","results":[', b"{},", b"{}]}")),
}


@pytest.mark.parametrize(("kind", "body"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_no_other_client_waits_for_an_answer_to_be_priced(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, kind: str, body: bytes
) -> None:
    gateway = await open_gateway(gateways() + RULE + providers({"openai": upstream.url}))
    upstream.will(whole(body, headers=(("content-type", kind),)))
    client = await connect(gateway.url)
    async with LoopLag() as lag:
        answer = await client.ask("POST", "/v1/acct/gw/openai/chat/completions", body=ASK)
    assert answer.status == 200
    assert lag.worst < LIMIT


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
async def test_an_answer_that_becomes_very_large_is_priced_without_its_memory(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, coding: str
) -> None:
    gateway = await open_gateway(gateways() + RULE + providers({"openai": upstream.url}))
    packed = PACKED[coding](bytes(UNPACKED))
    kind, spoken = ("content-type", "application/json"), ("content-encoding", coding)
    upstream.will(whole(packed, headers=(kind, spoken)))
    client = await connect(gateway.url)
    tracemalloc.start()
    try:
        async with LoopLag() as lag:
            answer = await client.ask("POST", "/v1/acct/gw/openai/chat/completions", body=ASK)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (answer.status, answer.body) == (200, packed)
    assert peak < UNPACKED // 4
    assert lag.worst < LIMIT


def test_usage_is_found_in_large_answers() -> None:
    usage = b'"usage":{"prompt_tokens":5,"completion_tokens":7}'
    body = filled(b'{"data":[', b"0.123,", b"1]," + usage + b"}")
    found = read_answer("application/json", "", body).usage
    assert found is not None
    assert (found.input_tokens, found.output_tokens) == (5, 7)


async def test_a_body_that_names_countless_models_is_refused_to_a_restricted_key(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(gateways(gw={"authentication": True}) + providers({"openai": upstream.url}))
    token = Access(gateway.data).token(permissions=("run",), models=("gpt-4o",))
    take_up(gateway)
    body = filled(b'{"model":"gpt-4o","b":{"models":[', b'"gpt-4o",', b'"gpt-4o"]}}', 4_000_000)
    client = await connect(gateway.url)
    async with LoopLag() as lag:
        answer = await client.ask("POST", "/v1/acct/gw/openai/chat/completions", bearer(token), body=body)
    assert answer.status == 403
    assert b"too many models" in answer.body
    assert lag.worst < LIMIT
