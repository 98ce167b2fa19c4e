"""Embeddings of a provider that takes fewer texts at once than a caller sends: several requests, and one answer."""

from __future__ import annotations

import array
import asyncio
import base64
import gzip
import json
from collections.abc import Callable, Mapping

import pytest
from limit_kit import configuration

from conftest import Connect, OpenGateway
from support.client import Answer
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import head, raw, whole
from support.upstream import Upstream

VERTEX, OLDER = "google-vertex-ai/gemini-embedding-001", "google-vertex-ai/text-embedding-005"
LATER = "google-vertex-ai/gemini-embedding-2"
TITAN, COHERE = "aws-bedrock/amazon.titan-embed-text-v2:0", "cohere/embed-v4.0"
STUDIO, OPENAI = "google-ai-studio/gemini-embedding-001", "openai/text-embedding-3-small"
SLUGS = ("google-vertex-ai", "aws-bedrock", "cohere", "google-ai-studio", "openai")
JSON = (("content-type", "application/json"),)
Said = Mapping[str, object]


def of_vertex(asked: dict[str, list[dict[str, str]]]) -> Said:
    found = [
        {"embeddings": {"values": vector(one["content"]), "statistics": {"token_count": 2}}}
        for one in asked["instances"]
    ]
    return {"predictions": found}


def of_later(asked: dict[str, dict[str, list[dict[str, str]]]]) -> Said:
    text = asked["content"]["parts"][0]["text"]
    return {"embedding": {"values": vector(text)}, "usageMetadata": {"promptTokenCount": 2}}


def of_titan(asked: dict[str, str]) -> Said:
    return {"embedding": vector(asked["inputText"]), "inputTextTokenCount": 2}


def of_cohere(asked: dict[str, list[str]]) -> Said:
    texts = asked["texts"]
    units = {"billed_units": {"input_tokens": 2 * len(texts)}}
    return {"embeddings": {"float": [vector(text) for text in texts]}, "meta": units}


def of_studio(asked: dict[str, list[dict[str, dict[str, list[dict[str, str]]]]]]) -> Said:
    texts = [one["content"]["parts"][0]["text"] for one in asked["requests"]]
    return {
        "embeddings": [{"values": vector(text)} for text in texts],
        "usageMetadata": {"promptTokenCount": 2 * len(texts)},
    }


def vector(text: str) -> list[float]:
    return [float(text), 0.5]


def texts(count: int) -> list[str]:
    return [str(number) for number in range(count)]


class Asking:
    """A gateway before providers that are all at one address, and answer as `said` does."""

    def __init__(self, gateway: InProcess, upstream: Upstream, connect: Connect) -> None:
        self.gateway = gateway
        self.upstream = upstream
        self._connect = connect

    def says(self, said: Callable[..., Said]) -> None:
        def reply(body: bytes) -> bytes:
            told = json.dumps(said(json.loads(body))).encode()
            return head(200, (*JSON, ("content-length", str(len(told))))) + told

        self.upstream.otherwise = lambda seen: raw(reply)

    async def ask(self, model: str, given: object, *headers: tuple[str, str], **members: object) -> Answer:
        client = await self._connect(self.gateway.url)
        body = json.dumps({"model": model, "input": given, **members}).encode()
        return await client.ask(
            "POST", "/v1/acct/gw/compat/embeddings", ("authorization", "Bearer k"), *headers, body=body
        )


@pytest.fixture
async def asking(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> Asking:
    return await opened(open_gateway, upstream, connect)


async def opened(open_gateway: OpenGateway, upstream: Upstream, connect: Connect, **fields: object) -> Asking:
    text = gateways(gw=fields) + providers(dict.fromkeys(SLUGS, upstream.url))
    found = Asking(await open_gateway(text), upstream, connect)
    found.says(of_vertex)
    return found


def vectors(answer: Answer) -> list[list[float]]:
    assert answer.status == 200, answer.body
    data = answer.json()["data"]
    assert [one["index"] for one in data] == list(range(len(data)))
    return [one["embedding"] for one in data]


def error(status: int) -> bytes:
    told = {"code": status, "message": "Not now", "status": "RESOURCE_EXHAUSTED"}
    return json.dumps({"error": told}).encode()


@pytest.mark.parametrize(
    ("model", "said", "count", "parts"),
    [
        (VERTEX, of_vertex, 3, 3),
        (OLDER, of_vertex, 11, 3),
        (LATER, of_later, 2, 2),
        (TITAN, of_titan, 3, 3),
        (COHERE, of_cohere, 200, 3),
        (STUDIO, of_studio, 201, 3),
        (VERTEX, of_vertex, 1, 1),
        (VERTEX, of_vertex, 100, 100),
    ],
)
async def test_vectors_come_in_the_order_of_the_texts(
    asking: Asking, model: str, said: Callable[..., Said], count: int, parts: int
) -> None:
    asking.says(said)
    answer = await asking.ask(model, texts(count))
    assert vectors(answer) == [vector(text) for text in texts(count)]
    assert answer.json()["usage"] == {"prompt_tokens": 2 * count, "total_tokens": 2 * count}
    assert len(asking.upstream.requests) == parts
    rows = sorted(await asking.gateway.rows(parts), key=lambda row: row.step)
    assert [(row.step, row.status_code, row.success) for row in rows] == [
        (step, 200, True) for step in range(parts)
    ]
    assert len({row.event_id for row in rows}) == 1
    assert len({row.id for row in rows}) == parts


async def test_base64_is_put_together_likewise(asking: Asking) -> None:
    answer = await asking.ask(VERTEX, texts(2), encoding_format="base64")
    found = [base64.b64decode(one["embedding"]) for one in answer.json()["data"]]
    assert found == [array.array("f", vector(text)).tobytes() for text in texts(2)]


async def test_parts_in_a_content_coding(asking: Asking) -> None:
    told = [gzip.compress(json.dumps(of_vertex({"instances": [{"content": one}]})).encode()) for one in "01"]
    asking.upstream.will(*(whole(one, headers=(*JSON, ("content-encoding", "gzip"))) for one in told))
    assert vectors(await asking.ask(VERTEX, texts(2))) == [vector("0"), vector("1")]


async def test_every_part_has_the_callers_key_and_its_own_body(asking: Asking) -> None:
    asking.says(of_studio)
    await asking.ask(STUDIO, texts(101))
    one, two = asking.upstream.requests
    assert one.header("x-goog-api-key") == two.header("x-goog-api-key") == b"k"
    assert one.header("authorization") is two.header("authorization") is None
    assert len(json.loads(await two.whole_body())["requests"]) == 1


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_part_that_fails_ends_it(asking: Asking, place: int) -> None:
    good = [whole(json.dumps(of_vertex({"instances": [{"content": "1"}]})).encode(), headers=JSON)] * place
    asking.upstream.will(*good, whole(error(429), 429, JSON))
    answer = await asking.ask(VERTEX, texts(3))
    assert (answer.status, answer.json()["error"]["message"]) == (429, "Not now")
    rows = sorted(await asking.gateway.rows(place + 1), key=lambda row: row.step)
    assert [row.status_code for row in rows] == [200] * place + [429]
    assert len(asking.upstream.requests) == place + 1


@pytest.mark.parametrize("told", [b'{"predictions":[]}', b"[", b"{}", b'{"predictions":[{"embeddings":1}]}'])
async def test_an_answer_that_is_none_ends_it(asking: Asking, told: bytes) -> None:
    good = whole(json.dumps(of_vertex({"instances": [{"content": "0"}]})).encode(), headers=JSON)
    asking.upstream.will(good, whole(told, headers=JSON))
    answer = await asking.ask(VERTEX, texts(3))
    assert answer.status == 502
    assert answer.json()["error"]["message"]
    assert len(asking.upstream.requests) == 2


async def test_a_part_is_tried_again(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    fields = {"retry_max_attempts": 3, "retry_delay": 0}
    asking = await opened(open_gateway, upstream, connect, **fields)
    good = whole(json.dumps(of_vertex({"instances": [{"content": "0"}]})).encode(), headers=JSON)
    upstream.will(good, whole(error(503), 503, JSON))
    assert vectors(await asking.ask(VERTEX, texts(3))) == [vector(text) for text in texts(3)]
    assert len(upstream.requests) == 4
    assert len(await asking.gateway.rows(3)) == 3


# -- the cache


@pytest.mark.parametrize("key", [(), (("cf-aig-cache-key", "mine"),)])
async def test_each_part_is_kept(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    key: tuple[tuple[str, str], ...],
) -> None:
    asking = await opened(open_gateway, upstream, connect, cache_ttl=300)
    first = await asking.ask(VERTEX, texts(3), *key)
    again = await asking.ask(VERTEX, texts(3), *key)
    assert vectors(first) == vectors(again) == [vector(text) for text in texts(3)]
    assert [one.header("cf-aig-cache-status") for one in (first, again)] == ["MISS", "HIT"]
    assert len(upstream.requests) == 3
    rows = await asking.gateway.rows(6)
    assert sum(row.cached for row in rows) == 3


async def test_a_text_that_was_asked_before_is_not_asked_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    asking = await opened(open_gateway, upstream, connect, cache_ttl=300)
    assert vectors(await asking.ask(VERTEX, ["7", "8"])) == [vector("7"), vector("8")]
    assert vectors(await asking.ask(VERTEX, ["8", "9", "7"])) == [vector("8"), vector("9"), vector("7")]
    assert len(upstream.requests) == 3


async def test_two_who_ask_at_once_share_each_part(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    asking = await opened(open_gateway, upstream, connect, cache_ttl=300)
    answers = await asyncio.gather(*(asking.ask(VERTEX, texts(3)) for _ in range(3)))
    assert [vectors(one) for one in answers] == [[vector(text) for text in texts(3)]] * 3
    assert len(upstream.requests) == 3


async def test_an_idempotency_key_is_of_all_parts(asking: Asking) -> None:
    key = ("idempotency-key", "once")
    first, again = await asking.ask(VERTEX, texts(3), key), await asking.ask(VERTEX, texts(3), key)
    assert vectors(first) == vectors(again) == [vector(text) for text in texts(3)]
    assert again.header("idempotent-replayed") == "true"
    assert len(asking.upstream.requests) == 3
    assert (await asking.ask(VERTEX, ["5", "6", "7"], key)).status == 409


# -- limits


async def test_too_many_parts(asking: Asking) -> None:
    answer = await asking.ask(OLDER, texts(501))
    told = answer.json()["error"]
    assert (answer.status, told["param"]) == (400, "input")
    assert "takes 5 at once" in told["message"]
    assert "500" in told["message"]
    assert not asking.upstream.requests


async def test_every_part_counts_for_a_spend_limit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    rule = {"id": "r", "limit": 2.5, "limitType": "cost", "window": 3600, "technique": "fixed"}
    text = configuration(
        dict.fromkeys(SLUGS, upstream.url), {"spend_limits": {"enabled": True, "rules": [rule]}}
    )
    asking = Asking(await open_gateway(text), upstream, connect)
    asking.says(of_vertex)
    cost = ("cf-aig-custom-cost", json.dumps({"per_token_in": 0.5, "per_token_out": 0}))
    answer = await asking.ask(VERTEX, texts(5), cost)
    assert answer.status == 429
    assert 0 < len(upstream.requests) < 5
    sent = len(upstream.requests)
    rows = sorted(await asking.gateway.rows(sent + 1), key=lambda row: row.step)
    assert [row.status_code for row in rows] == [200] * sent + [429]


async def test_a_client_that_leaves_ends_it(asking: Asking, connect: Connect) -> None:
    gate = asyncio.Event()
    good = whole(json.dumps(of_vertex({"instances": [{"content": "0"}]})).encode(), headers=JSON)
    asking.upstream.will(good, raw(gate))
    client = await connect(asking.gateway.url)
    body = json.dumps({"model": VERTEX, "input": texts(3)}).encode()
    await client.send(
        b"POST /v1/acct/gw/compat/embeddings HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer k\r\n"
        b"content-length: %d\r\n\r\n%b" % (len(body), body)
    )
    await asking.upstream.request(2)
    client.leave()
    rows = sorted(await asking.gateway.rows(2), key=lambda row: row.step)
    assert [row.success for row in rows] == [True, False]
    assert len(asking.upstream.requests) == 2


# -- several models


async def test_another_model_is_asked_from_the_first_text_on(asking: Asking) -> None:
    good = whole(json.dumps(of_vertex({"instances": [{"content": "9"}]})).encode(), headers=JSON)
    titan = [whole(json.dumps(of_titan({"inputText": one})).encode(), headers=JSON) for one in texts(3)]
    asking.upstream.will(good, whole(error(503), 503, JSON), *titan)
    answer = await asking.ask(VERTEX, texts(3), ("cf-aig-fallback", TITAN))
    assert vectors(answer) == [vector(text) for text in texts(3)]
    assert answer.header("cf-aig-step") == "4"
    rows = sorted(await asking.gateway.rows(5), key=lambda row: row.step)
    assert [(row.provider, row.status_code) for row in rows] == [
        ("google-vertex-ai", 200),
        ("google-vertex-ai", 503),
        *[("aws-bedrock", 200)] * 3,
    ]


async def test_a_step_is_one_request(asking: Asking, connect: Connect) -> None:
    query = {"model": VERTEX, "input": texts(2)}
    step = {
        "provider": "compat",
        "endpoint": "embeddings",
        "headers": {"authorization": "Bearer k"},
        "query": query,
    }
    client = await connect(asking.gateway.url)
    answer = await client.ask("POST", "/v1/acct/gw", JSON[0], body=json.dumps([step]).encode())
    assert answer.status == 400
    assert not asking.upstream.requests
