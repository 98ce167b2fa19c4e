"""Streams that nobody asked for their usage, and those that are left: rows, limits and sums have what was produced.

Whatever is kept of bodies, and however they come, the figures are the same.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import brotli
import pytest
import zstandard
from click.testing import CliRunner
from limit_kit import JSON, LONG, NANO, configuration, rule, spent

from conftest import Connect, OpenGateway
from penstock.calls.log_record import LogRecord
from penstock.cli.main import main
from penstock.pricing.configured import open_prices
from penstock.stores.rollups import Question
from penstock.stores.sqlite.ledger.writer import FILE_NAME
from penstock.stores.sqlite.rollups.reader import SqliteRollups
from support.client import Broken, Header, request
from support.configuration import gateways, providers
from support.ended_streams import DONE, OPENAI_ERROR, SSE, sse, typed
from support.inprocess import InProcess
from support.replies import Act, Reply, chunked, head, raw, whole
from support.upstream import Upstream

GATEWAY = "/v1/acct/gw/"
CHAT = f"{GATEWAY}openai/v1/chat/completions"
ASKED = b'{"model":"gpt-5","stream":true,"messages":[{"role":"user","content":"Who goes there?"}]}'
PRICES = '["openai/gpt-5"]\ninput = 1\noutput = 2\n["anthropic/claude"]\ninput = 3\noutput = 15\n'
KIND = (("content-type", SSE),)
NO_PAYLOAD = ("cf-aig-collect-log-payload", "false")
IN, OUT = 8, 15
COST = IN * 1000 + OUT * 2000
SOURCE = "prices.toml, tokens estimated"
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def chunk(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return sse({"id": "c", "object": "chat.completion.chunk", "model": "gpt-5", "choices": [choice]})


TEXT = chunk(" potato") * 10
STREAM = TEXT + chunk("", "stop") + DONE


def priced(folder: Path, url: str, extra: str = "", **fields: object) -> str:
    file = folder / "prices.toml"
    file.write_text(PRICES)
    urls = dict.fromkeys(("openai", "anthropic", "custom-own"), url)
    extra = f"[pricing]\nfile = {json.dumps(str(file))}\n{extra}"
    if "spend_limits" in fields:
        return configuration(urls, fields, extra)
    return gateways(gw=fields) + providers(urls) + extra


def limited(folder: Path, url: str, extra: str = "") -> str:
    return priced(folder, url, extra, spend_limits={"enabled": True, "rules": [rule(100, LONG)]})


async def opened(open_gateway: OpenGateway, text: str) -> InProcess:
    """A gateway whose ledger knows its prices."""
    gateway = await open_gateway(text)
    gateway.prices = open_prices(gateway.settings, os.environ)
    return gateway


def said(row: LogRecord) -> tuple[object, ...]:
    cost = None if row.cost is None else round(row.cost * NANO)
    return row.tokens_in, row.tokens_out, row.estimated, cost, row.price_source


ESTIMATED = (IN, OUT, True, COST, SOURCE)
UNKNOWN = (None, None, False, None, None)


async def ask(
    connect: Connect, gateway: InProcess, *headers: Header, path: str = CHAT, body: bytes = ASKED
) -> LogRecord:
    client = await connect(gateway.url)
    await client.send(request("POST", path, JSON, *headers, body=body))
    assert (await client.answer()).status == 200
    await gateway.settled()
    return await gateway.row()


@pytest.mark.parametrize(
    "reply",
    [
        chunked(STREAM, headers=KIND),
        chunked(*(STREAM[at : at + 7] for at in range(0, len(STREAM), 7)), headers=KIND),
        whole(STREAM, headers=KIND),
        raw(head(200, KIND), STREAM, Act.CLOSE),
        whole(
            json.dumps({"model": "gpt-5", "choices": [{"message": {"content": " potato" * 10}}]}).encode(),
            headers=(JSON,),
        ),
    ],
    ids=["chunked", "crumbs", "sized", "until close", "no stream"],
)
@pytest.mark.parametrize(
    ("extra", "headers"),
    [
        ("", ()),
        ("", (NO_PAYLOAD,)),
        ("[server.limits]\nmax_logged_body_bytes = 0\n", ()),
        ("[server.limits]\nmax_logged_body_bytes = 200\n", ()),
    ],
    ids=["kept", "no payload", "nothing kept", "little kept"],
)
async def test_a_stream_that_was_not_asked_is_estimated_and_marked(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tmp_path: Path,
    reply: Reply,
    extra: str,
    headers: tuple[Header, ...],
) -> None:
    upstream.will(reply)
    gateway = await opened(open_gateway, priced(tmp_path, upstream.url, extra))
    row = await ask(connect, gateway, *headers)
    assert (said(row), row.success) == (ESTIMATED, True)
    assert row.usage_metadata == {
        "input_tokens": IN,
        "output_tokens": OUT,
        "total_tokens": IN + OUT,
        "estimated_input_tokens": IN,
        "estimated_output_tokens": OUT,
    }


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("headers", [(), (NO_PAYLOAD,)], ids=["kept", "not kept"])
async def test_both_bodies_in_any_coding(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tmp_path: Path,
    coding: str,
    headers: tuple[Header, ...],
) -> None:
    upstream.will(chunked(CODINGS[coding](STREAM), headers=(*KIND, ("content-encoding", coding))))
    gateway = await opened(open_gateway, priced(tmp_path, upstream.url))
    row = await ask(connect, gateway, ("content-encoding", coding), *headers, body=CODINGS[coding](ASKED))
    assert (row.tokens_in, row.tokens_out, row.estimated) == (IN, OUT, True)


async def test_a_long_prompt_of_which_nothing_is_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    """It goes out as it comes, and is only looked at."""
    prompt = json.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": " potato" * 100_000}]})
    for number, header in enumerate(((), (NO_PAYLOAD,)), 1):
        upstream.will(chunked(STREAM, headers=KIND))
        gateway = await opened(open_gateway, priced(tmp_path, upstream.url))
        row = await ask(connect, gateway, *header, body=prompt.encode())
        assert row.tokens_in == 141_004, number


@pytest.mark.parametrize("headers", [(), (NO_PAYLOAD,)], ids=["kept", "not kept"])
async def test_who_leaves_early_has_what_was_produced(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tmp_path: Path,
    headers: tuple[Header, ...],
) -> None:
    gate = asyncio.Event()
    upstream.will(chunked(TEXT, gate, STREAM, headers=KIND))
    gateway = await opened(open_gateway, priced(tmp_path, upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, JSON, *headers, body=ASKED))
    await client.head()
    await client.chunk()
    client.leave()
    await gateway.settled()
    row = await gateway.row()
    assert (row.outcome, row.success) == ("abandoned", False)
    assert said(row) == ESTIMATED


@pytest.mark.parametrize("headers", [(), (NO_PAYLOAD,)], ids=["kept", "not kept"])
async def test_messages_that_are_left_keep_what_went_in(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tmp_path: Path,
    headers: tuple[Header, ...],
) -> None:
    used = {"input_tokens": 1000, "output_tokens": 1}
    start = typed("message_start", message={"id": "m", "model": "claude", "content": [], "usage": used})
    word = typed("content_block_delta", index=0, delta={"type": "text_delta", "text": " potato"})
    gate = asyncio.Event()
    upstream.will(chunked(start + word * 10, gate, headers=KIND))
    gateway = await opened(open_gateway, priced(tmp_path, upstream.url))
    client = await connect(gateway.url)
    path = f"{GATEWAY}anthropic/v1/messages"
    await client.send(request("POST", path, JSON, *headers, body=ASKED.replace(b"gpt-5", b"claude")))
    await client.head()
    await client.chunk()
    client.leave()
    await gateway.settled()
    cost = 1000 * 3000 + 16 * 15_000
    assert said(await gateway.row()) == (1000, 16, True, cost, SOURCE)


@pytest.mark.parametrize("headers", [(), (NO_PAYLOAD,)], ids=["kept", "not kept"])
@pytest.mark.parametrize(
    ("reply", "outcome", "figures"),
    [
        (chunked(TEXT, headers=KIND), "cut_short", ESTIMATED),
        (chunked(TEXT + OPENAI_ERROR, headers=KIND), "provider_failed", ESTIMATED),
        (chunked(OPENAI_ERROR, headers=KIND), "provider_failed", UNKNOWN),
        (whole(b'{"error":{"type":"server_error"}}', headers=(JSON,)), "provider_failed", UNKNOWN),
        (chunked(chunk("") + DONE, headers=KIND), "complete", UNKNOWN),
    ],
    ids=["cut", "failed", "failed at once", "an error", "no text"],
)
async def test_one_that_ends_badly_has_what_was_produced(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tmp_path: Path,
    headers: tuple[Header, ...],
    reply: Reply,
    outcome: str,
    figures: tuple[object, ...],
) -> None:
    upstream.will(reply)
    gateway = await opened(open_gateway, priced(tmp_path, upstream.url))
    row = await ask(connect, gateway, *headers)
    assert (row.outcome, said(row)) == (outcome, figures)


async def test_one_that_breaks_has_what_was_produced(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    upstream.will(chunked(TEXT, Act.RESET, headers=KIND, finished=False))
    gateway = await opened(open_gateway, priced(tmp_path, upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, JSON, body=ASKED))
    with pytest.raises(Broken):
        await client.answer()
    row = await gateway.row()
    assert (row.outcome, said(row)) == ("provider_broke", ESTIMATED)


# -- limits


@pytest.mark.parametrize("headers", [(), (NO_PAYLOAD,)], ids=["kept", "not kept"])
async def test_a_limit_counts_what_the_row_says(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tmp_path: Path,
    headers: tuple[Header, ...],
) -> None:
    upstream.will(chunked(STREAM, headers=KIND))
    gateway = await opened(open_gateway, limited(tmp_path, upstream.url))
    row = await ask(connect, gateway, *headers, body=ASKED[:-1] + b',"max_tokens":4000}')
    assert said(row) == ESTIMATED
    assert spent(gateway) == COST


@pytest.mark.parametrize(
    "answer", [TEXT, TEXT + OPENAI_ERROR, chunk("") + DONE], ids=["cut", "failed", "silent"]
)
async def test_of_one_that_is_not_whole_a_limit_counts_what_might_have_come(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path, answer: bytes
) -> None:
    """What is not seen of its work may be on the bill."""
    upstream.will(chunked(answer, headers=KIND))
    gateway = await opened(open_gateway, limited(tmp_path, upstream.url))
    body = ASKED[:-1] + b',"max_tokens":4000}'
    await ask(connect, gateway, body=body)
    assert spent(gateway) == -(-len(body) // 4) * 1000 + 4000 * 2000


@pytest.mark.parametrize("coded", [False, True])
async def test_a_limit_is_not_met_by_what_a_stream_told_at_its_beginning(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path, coded: bool
) -> None:
    """Messages say at once what went in, and one token that came out; if they are cut that is not all."""
    used = {"input_tokens": 1000, "output_tokens": 1}
    start = typed("message_start", message={"id": "m", "model": "claude", "content": [], "usage": used})
    word = typed("content_block_delta", index=0, delta={"type": "text_delta", "text": " potato"})
    answer = start + word * 500
    coding = (("content-encoding", "gzip"),) if coded else ()
    upstream.will(chunked(gzip.compress(answer) if coded else answer, headers=(*KIND, *coding)))
    gateway = await opened(open_gateway, limited(tmp_path, upstream.url))
    body = ASKED.replace(b"gpt-5", b"claude")[:-1] + b',"max_tokens":4000}'
    row = await ask(connect, gateway, path=f"{GATEWAY}anthropic/v1/messages", body=body)
    assert (row.outcome, row.tokens_in, row.tokens_out, row.estimated) == ("cut_short", 1000, 706, True)
    assert spent(gateway) >= round((row.cost or 0) * NANO) > 0


# -- sums


async def test_sums_tell_it_apart(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    used = sse({"choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 100}})
    gateway = await opened(open_gateway, priced(tmp_path, upstream.url))
    client = await connect(gateway.url)
    for answer in (STREAM, TEXT + chunk("", "stop") + used + DONE):
        upstream.will(chunked(answer, headers=KIND))
        await client.ask("POST", CHAT, JSON, body=ASKED)
    await gateway.settled()
    assert [row.estimated for row in await gateway.rows(2)] == [True, False]
    with closing(SqliteRollups(gateway.data / FILE_NAME)) as rollups:
        (group,) = rollups.ask(Question(None, 0, 4_000_000_000_000_000))
    sums = group.sums
    assert (sums.requests, sums.tokens_in, sums.tokens_out, sums.cost_nano) == (
        2,
        1000 + IN,
        100 + OUT,
        1_200_000 + COST,
    )
    assert (sums.estimated, sums.estimated_tokens_in, sums.estimated_tokens_out) == (1, IN, OUT)
    assert sums.estimated_cost_nano == COST
    data = ["--data", str(gateway.data), "--since", "520w"]
    table = CliRunner().invoke(main, ["cost", *data])
    assert "ESTIMATED (USD)" in table.output
    assert f"{COST / NANO:.6f}" in table.output
    assert "1 call was answered without all tokens" in table.output
    told = json.loads(CliRunner().invoke(main, ["cost", *data, "--json"]).output)
    assert (told["estimated"], told["estimated_cost"]) == (1, COST / NANO)
    listed = CliRunner().invoke(main, ["logs", "--data", str(gateway.data)]).output
    assert f"~{IN}/{OUT}" in listed
