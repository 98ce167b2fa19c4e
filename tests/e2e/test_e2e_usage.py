"""What a row and a spend limit tell of answers of any coding, type, grammar and size."""

from __future__ import annotations

import base64
import gzip
import random
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from limit_kit import CHAT, NANO, configuration, limited, one_row, per_token, spent

from conftest import Connect, OpenGateway
from penstock.calls.log_record import LogRecord
from support.client import Header
from support.replies import Reply, whole
from support.upstream import Upstream

IMAGES = "/v1/acct/gw/openai/v1/images/generations"
ASK = b'{"model":"gpt-4o-mini","messages":[]}'
USAGE = b'"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}'
WHOLE = b'{"id":"x","model":"gpt-4o-mini","choices":[],%b}' % USAGE
EVENT = b'data: {"id":"c","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":[],%b}\n\n' % USAGE
NULL = b'data: {"id":"c","model":"gpt-4o-mini","choices":[],"usage":null}\n\n'
DONE = b"data: [DONE]\n\n"
COST = 0.00021
PRICE = per_token(
    per_token_in=0.15e-6, per_token_out=0.6e-6
)  # as the list has it, which these rows are made without
MANY = 2 * 1024 * 1024
RANDOM = random.Random(11)
SSE = "text/event-stream"


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def unkept() -> Header:
    return ("cf-aig-collect-log-payload", "false")


def base64_of(size: int) -> bytes:
    return base64.b64encode(RANDOM.randbytes(size * 3 // 4))


def answered(body: bytes, kind: str = "application/json", coding: str = "") -> Reply:
    headers: tuple[tuple[str, str], ...] = (("content-type", kind),) if kind else ()
    return whole(body, headers=(*headers, ("content-encoding", coding)) if coding else headers)


def in_pieces(reply: Reply, size: int = 50_000) -> Reply:
    """The same answer as it would come from afar."""
    (step,) = reply.steps
    assert isinstance(step, bytes)
    head, _, body = step.partition(b"\r\n\r\n")
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return Reply((head + b"\r\n\r\n", *pieces))


def gateway_text(url: str, limit: str = "", usd: float | None = None) -> str:
    extra = f"\n[server.limits]\nmax_logged_body_bytes = {limit}\n" if limit else ""
    if usd is not None:
        return limited(url, usd, extra=extra)
    return configuration({"openai": url, "anthropic": url}, {}, extra)


ANSWERS: dict[str, Reply] = {
    "CR": answered((EVENT + DONE).replace(b"\n", b"\r"), SSE),
    "BOM": answered(b"\xef\xbb\xbf" + EVENT + DONE, SSE),
    "several lines of data": answered(
        b'data: {"model":"gpt-4o-mini","choices":[],\ndata: "usage": {"prompt_tokens":1000,\n'
        b'data: "completion_tokens":100}}\n\n' + DONE,
        SSE,
    ),
    "ten without usage behind it": answered(EVENT + NULL * 10 + DONE, SSE),
    "two members": answered(gzip.compress(NULL) + gzip.compress(EVENT + DONE), SSE, "gzip"),
    "a hundred frames": answered(zstandard.compress(NULL) * 100 + zstandard.compress(EVENT), SSE, "zstd"),
    "raw deflate": answered(raw_deflate(WHOLE), coding="deflate"),
    "identity, gzip": answered(gzip.compress(WHOLE), coding="identity, gzip"),
    "br, gzip": answered(gzip.compress(brotli.compress(WHOLE)), coding="br, gzip"),
    "gzip,": answered(gzip.compress(WHOLE), coding="GZIP,"),
    "two headers": whole(
        gzip.compress(brotli.compress(WHOLE)),
        headers=(("content-type", "application/json"), ("content-encoding", "br"), ("content-encoding", "gzip")),
    ),
    "as text": answered(WHOLE, "text/plain; charset=utf-8"),
    "as nothing": answered(WHOLE, ""),
    "events as JSON": answered(EVENT + DONE, "application/json"),
    "NaN": answered(WHOLE.replace(b"[]", b'[{"logprobs":{"content":[{"token":"a","logprob":NaN}]}}]')),
    "half a surrogate pair": answered(WHOLE.replace(b"[]", b'[{"message":{"content":"\\ud83d"}}]')),
    "speed": answered(WHOLE.replace(b"}}", b',"speed":12.5}}')),
    "iterations": answered(WHOLE.replace(b"}}", b',"iterations":{}}}')),
    "floats": answered(WHOLE.replace(b"1000", b"1000.0").replace(b"100,", b"100.0,")),
}  # fmt: skip


async def row_of(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    reply: Reply,
    *headers: Header,
    limit: str = "",
) -> LogRecord:
    upstream.will(reply)
    gateway = await open_gateway(gateway_text(upstream.url, limit))
    return await one_row(gateway, await connect(gateway.url), CHAT, ASK, PRICE, *headers)


@pytest.mark.parametrize("limit", ["", "0", "50"])
@pytest.mark.parametrize("name", ANSWERS)
async def test_a_row_has_what_the_answer_tells(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str, limit: str
) -> None:
    """Whether its bytes are kept, in part, or not at all."""
    row = await row_of(open_gateway, upstream, connect, ANSWERS[name], limit=limit)
    assert (row.tokens_in, row.tokens_out, row.cost) == (1000, 100, COST)


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_spend_limit_counts_what_the_answer_tells(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str
) -> None:
    upstream.will(in_pieces(ANSWERS[name], 100))
    gateway = await open_gateway(gateway_text(upstream.url, "0", 1))
    row = await one_row(gateway, await connect(gateway.url), CHAT, ASK, unkept())
    assert (row.tokens_in, row.tokens_out, row.cost) == (1000, 100, COST)
    assert spent(gateway) == round(COST * NANO)


@pytest.mark.parametrize("odd", [b"12.5", b"-1", b'"12"', b"NaN"])
async def test_a_count_that_makes_no_sense_makes_the_cost_unknown(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, odd: bytes
) -> None:
    """Never zero, nor a part, whoever says the price; what is told beside it stands."""
    reply = answered(WHOLE.replace(b'"completion_tokens":100', b'"completion_tokens":' + odd))
    row = await row_of(open_gateway, upstream, connect, reply)
    assert (row.tokens_in, row.tokens_out, row.cost) == (1000, None, None)
    assert row.usage_metadata == {"input_tokens": 1000, "total_tokens": 1100, "unreadable": 1}


# -- larger than what is kept

LARGE: dict[str, tuple[Callable[[], bytes], str]] = {
    "in front": (lambda: WHOLE.replace(b'"usage"', b'"x":"%b","usage"' % base64_of(MANY)), "application/json"),
    "behind": (lambda: WHOLE[:-1] + b',"x":{"a":["%b"]}}' % base64_of(40_000), "application/json"),
    "events": (lambda: NULL * (MANY // len(NULL)) + EVENT + DONE, SSE),
    "events with CR": (lambda: (NULL * (MANY // len(NULL)) + EVENT + DONE).replace(b"\n", b"\r"), SSE),
    "a large event": (
        lambda: NULL
        + b'data: {"type":"x","response":{"output":["%b"],"model":"gpt-4o-mini",%b}}\n\n'
        % (base64_of(MANY), USAGE),
        SSE,
    ),
    "lines": (lambda: b'{"a":1}\n' * (MANY // 8) + WHOLE + b"\n", "application/x-ndjson"),
}  # fmt: skip
PACKERS: dict[str, Callable[[bytes], bytes]] = {"": bytes, "gzip": gzip.compress, "zstd": zstandard.compress}
KEPT: dict[str, tuple[str, list[Header]]] = {
    "no payload": ("", [unkept()]),
    "no bodies": ("0", []),
    "their first part": ("100000", []),
    "neither": ("0", [unkept()]),
}


@pytest.mark.parametrize("coding", ["", "gzip", "zstd"])
@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("name", LARGE)
async def test_usage_beyond_what_is_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str, kept: str, coding: str
) -> None:
    limit, headers = KEPT[kept]
    make, kind = LARGE[name]
    body = make()
    packed = PACKERS[coding](body)
    reply = in_pieces(answered(packed, kind, coding))
    row = await row_of(open_gateway, upstream, connect, reply, *headers, limit=limit)
    assert (row.tokens_in, row.tokens_out, row.cost) == (1000, 100, COST)
    assert row.model == "openai/gpt-4o-mini"


@pytest.mark.parametrize("size", [12 * 1024 * 1024])
@pytest.mark.parametrize("coding", ["", "gzip"])
@pytest.mark.parametrize("headers", [[], [unkept()]], ids=["payload", "no payload"])
async def test_an_image_has_its_cost(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    headers: list[Header],
    coding: str,
    size: int,
) -> None:
    """Larger than what is kept by default."""
    usage = (
        b'"usage":{"input_tokens":50,"output_tokens":4160,"total_tokens":4210,'
        b'"input_tokens_details":{"text_tokens":10,"image_tokens":40}}'
    )
    body = b'{"created":1,"data":[{"b64_json":"%b"}],%b}' % (base64_of(size), usage)
    packed = gzip.compress(body, 1) if coding else body
    reply = in_pieces(answered(packed, coding=coding))
    upstream.will(reply)
    gateway = await open_gateway(gateway_text(upstream.url, usd=5))
    row = await one_row(
        gateway, await connect(gateway.url), IMAGES, b'{"model":"gpt-image-1","prompt":"x"}', *headers
    )
    assert (row.tokens_in, row.tokens_out) == (50, 4160)
    assert spent(gateway) == round((10 * 5 + 40 * 10 + 4160 * 40) / 1e6 * NANO)
