"""All golden exchanges once more, through a gateway and over real sockets.

What a translation makes of each is asserted where they are read by themselves; here it has to arrive, at the right
place and in the right frame: path, headers, status, content type, bytes, and the row in the log.
"""

from __future__ import annotations

import json
from itertools import groupby

import msgspec
import pytest

from conftest import Connect, OpenGateway
from penstock.pricing.model_limits import most_output
from penstock.wire.dialects.loss import Refused
from penstock.wire.dialects.translation import Translated, Translation, Unanswered
from support.client import Answer, Client
from support.configuration import gateways, providers
from support.golden_exchanges import DIALECTS_IN, DIALECTS_OUT, Exchange, exchanges, provider_stream
from support.inprocess import InProcess
from support.replies import Reply, chunked, whole
from support.upstream import Upstream

TAILS = {"chat": "chat/completions", "messages": "messages", "responses": "responses"}
JSON_TYPE = (("content-type", "application/json"),)
AMAZON = "application/vnd.amazon.eventstream"
SLUGS = (
    "openai",
    "anthropic",
    "google-ai-studio",
    "google-vertex-ai",
    "aws-bedrock",
    "cohere",
    "mistral",
    "groq",
)
OF_VERTEX = {"gemini": "google/", "messages": "anthropic/"}


def is_translated(exchange: Exchange) -> bool:
    """Who speaks the caller's dialect gets its bytes; and some are for providers that stand for others here."""
    if "request" not in exchange.sections:
        return False
    same = exchange.inbound == exchange.outbound and not exchange.target.host
    return (
        not same
        and exchange.target.most_output is None
        and exchange.target.provider in SLUGS
        and fits(exchange)
    )


def fits(exchange: Exchange) -> bool:
    """Whether the gateway would ask that provider in that dialect."""
    target, outbound = exchange.target, exchange.outbound
    by_invoke = exchange.inbound == "messages" and "anthropic.claude" in target.model
    by_slug = {
        "anthropic": "messages",
        "google-ai-studio": "gemini",
        "cohere": "cohere",
        "aws-bedrock": "messages" if by_invoke else "converse",
        "google-vertex-ai": outbound if target.host == "vertex" and outbound in OF_VERTEX else "",
    }
    native = exchange.inbound == "responses" and target.provider in ("openai", "groq")
    return not native and by_slug.get(target.provider, "chat") == outbound


FOUND = [exchange for exchange in exchanges() if is_translated(exchange)]
FILES = [list(some) for _, some in groupby(FOUND, lambda one: one.place.partition(":")[0])]


def name_of(exchange: Exchange) -> str:
    """As a caller names the model."""
    target = exchange.target
    prefix = OF_VERTEX[exchange.outbound] if target.host == "vertex" else ""
    return f"{target.provider}/{prefix}{target.model}"


def asked_in(exchange: Exchange) -> bytes:
    return json.dumps({**json.loads(exchange.sections["request"]), "model": name_of(exchange)}).encode()


def body_of(exchange: Exchange) -> bytes:
    """What the translation is given: a name that it does not look at."""
    return asked_in(exchange)


class Golden:
    """A gateway, and a client of it."""

    def __init__(self, gateway: InProcess, upstream: Upstream, client: Client) -> None:
        self.gateway = gateway
        self.upstream = upstream
        self.client = client
        self.asked = 0

    async def ask(self, exchange: Exchange) -> tuple[Answer, Translation]:
        path = f"/v1/acct/gw/compat/{TAILS[exchange.inbound]}"
        answer = await self.client.ask(
            "POST",
            path,
            ("authorization", "Bearer k"),
            ("content-type", "application/json"),
            body=asked_in(exchange),
        )
        target = exchange.target
        known = most_output(
            target.provider, target.model
        )  # where an exchange says nothing of it, the table does
        target = msgspec.structs.replace(target, most_output=known)
        return answer, Translation(DIALECTS_IN[exchange.inbound], DIALECTS_OUT[exchange.outbound], target)

    @property
    def now(self) -> int:
        return self.gateway.clock.now_us() // 1_000_000

    async def refuses(self, exchange: Exchange) -> None:
        answer, translation = await self.ask(exchange)
        with pytest.raises(Refused) as refused:
            translation.request(body_of(exchange), answer.header("cf-aig-request-id") or "", self.now)
        error = answer.json()["error"]
        assert answer.status == 400, exchange.place
        assert refused.value.why in error["message"], exchange.place
        assert (error.get("param") or "") == refused.value.path, exchange.place

    async def answers(self, exchange: Exchange, number: int) -> None:
        self.upstream.will(_reply(exchange))
        answer, translation = await self.ask(exchange)
        made = translation.request(body_of(exchange), answer.header("cf-aig-request-id") or "", self.now)
        seen = await self.upstream.request(number)
        assert json.loads(await seen.whole_body()) == json.loads(made.body), exchange.place
        for name, value in made.headers:
            assert seen.header(name.lower()) == value.encode(), exchange.place
        if made.dropped:
            assert answer.header("cf-aig-dropped"), exchange.place
        else:
            assert answer.header("cf-aig-dropped") is None, exchange.place
        status, kind, wanted = _given(exchange, translation, made)
        if status is None:
            return
        assert (answer.status, answer.header("content-type")) == (status, kind), exchange.place
        assert answer.body == wanted, exchange.place


def _given(exchange: Exchange, translation: Translation, made: Translated) -> tuple[int | None, str, bytes]:
    """Status, content type and body of what the caller gets; no status where that is not told."""
    try:
        if exchange.with_argument("error") is not None:
            failure, body = translation.error(*_error_of(exchange))
            return failure.status, "application/json", body
        if "stream" in exchange.sections:
            stream = translation.stream(made.asked)
            body = stream.feed(provider_stream(exchange)) + stream.finish()
            return 200, "text/event-stream", body
        if "answer" in exchange.sections:
            body = translation.answer(exchange.sections["answer"].encode(), made.asked)
            return 200, "application/json", body
    except Unanswered as instead:
        return instead.failure.status, "application/json", instead.body
    return None, "", b""


def _error_of(exchange: Exchange) -> tuple[int, dict[str, str], bytes]:
    found = exchange.with_argument("error")
    assert found is not None
    head, gap, body = found[1].partition("\n\n")
    if not gap or not all(": " in line for line in head.splitlines()) or head.lstrip().startswith("{"):
        head, body = "", found[1]
    lines = {name.lower(): value for name, value in (line.split(": ", 1) for line in head.splitlines())}
    return int(found[0]), lines, body.strip("\n").encode()


def _reply(exchange: Exchange) -> Reply:
    if exchange.with_argument("error") is not None:
        status, lines, body = _error_of(exchange)
        return whole(body, status, (*lines.items(), *(() if "content-type" in lines else JSON_TYPE)))
    if "stream" in exchange.sections:
        stream = provider_stream(exchange)
        framed = exchange.outbound == "converse" or exchange.target.host == "bedrock"
        kind = (("content-type", AMAZON if framed else "text/event-stream"),)
        cuts = [stream[at : at + 97] for at in range(0, len(stream), 97)]
        return chunked(*cuts, headers=kind)
    return whole(exchange.sections.get("answer", "{}").encode(), headers=JSON_TYPE)


@pytest.mark.parametrize("some", FILES, ids=lambda some: some[0].place.partition(".")[0])
async def test_exchanges_arrive(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, some: list[Exchange]
) -> None:
    gateway = await open_gateway(gateways(gw={}) + providers(dict.fromkeys(SLUGS, upstream.url)))
    golden = Golden(gateway, upstream, await connect(gateway.url))
    sent = 0
    for exchange in some:
        if exchange.with_argument("refused") is not None:
            await golden.refuses(exchange)
        else:
            sent += 1
            await golden.answers(exchange, sent)
    rows = await gateway.rows(len(some))
    assert all(row.compatibilityMode for row in rows)
    assert sum(row.outcome == "refused" for row in rows) == len(some) - sent


def test_all_providers_are_among_them() -> None:
    assert {exchange.target.provider for exchange in FOUND} >= {
        "openai",
        "anthropic",
        "google-ai-studio",
        "aws-bedrock",
        "cohere",
    }
    assert len(FOUND) > 300
