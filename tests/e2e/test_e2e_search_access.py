"""One search for all: the official library, stored keys, what a token may, limits, the local engine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import parallel
import pytest
from limit_kit import limited

from conftest import Connect, OpenGateway, Serve
from support.access import ACCOUNT, Access, bearer
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.documents import write_documents
from support.inprocess import InProcess
from support.replies import Reply, whole
from support.upstream import Upstream

STORED = "stored-0123456789abcdef"
PATH = f"/v1/{ACCOUNT}/gw/compat/search"
URL = "https://docs.example.test/zorblax"
SLUGS = ("exa", "tavily", "brave", "parallel", "searxng")
EXA = {"results": [{"url": URL, "title": "Zorblax", "highlights": ["Completed in 1987."]}]}
TAVILY = {"results": [{"url": URL, "title": "Zorblax", "content": "Completed in 1987."}]}
BRAVE = {
    "type": "search",
    "web": {"results": [{"url": URL, "title": "Zorblax", "description": "Completed."}]},
}


def answer(value: Mapping[str, object], status: int = 200) -> Reply:
    return whole(json.dumps(value).encode(), status, (("content-type", "application/json"),))


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


def served(url: str, extra: str = "", **fields: object) -> str:
    return gateways(gw={"authentication": True, **fields}) + providers(dict.fromkeys(SLUGS, url)) + extra


async def ask(
    connect: Connect, gateway: InProcess, token: str, model: str, *headers: Header, **members: object
) -> Answer:
    body = json.dumps({"model": model, "search_queries": ["zorblax"], "mode": "basic", **members}).encode()
    return await (await connect(gateway.url)).ask("POST", PATH, bearer(token), *headers, body=body)


# -- keys


async def test_stored_keys_go_where_each_provider_reads_them(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    for slug in ("exa", "tavily", "brave"):
        access.key(slug, f"{slug}-{STORED}")
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    upstream.will(answer({}, 500), answer({}, 500), answer(BRAVE))
    found = await ask(connect, gateway, token, "exa", ("cf-aig-fallback", "tavily, brave"))
    assert found.status == 200
    first, second, third = upstream.requests
    assert first.header("x-api-key") == f"exa-{STORED}".encode()
    assert second.header("authorization") == f"Bearer tavily-{STORED}".encode()
    assert third.header("x-subscription-token") == f"brave-{STORED}".encode()
    assert all(token.encode() not in one.head for one in upstream.requests)


async def test_a_stored_key_that_is_refused_is_the_gateways_fault_and_the_next_is_asked(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("exa", STORED)
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    upstream.will(answer({"error": "bad key"}, 401))
    alone = await ask(connect, gateway, token, "exa")
    assert alone.status == 502
    assert "credential refused" in alone.json()["error"]["message"]
    assert STORED not in alone.body.decode()
    upstream.will(answer({"error": "bad key"}, 401), answer(BRAVE))
    both = await ask(connect, gateway, token, "exa", ("cf-aig-fallback", "brave"))
    assert both.status == 200


async def test_searxng_gets_no_key_but_the_operators(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("searxng", STORED)
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    upstream.will(answer({"results": []}))
    await ask(connect, gateway, token, "searxng", ("x-api-key", "mine-0123456789"))
    seen = await upstream.only()
    assert seen.header("authorization") == f"Bearer {STORED}".encode()
    assert b"mine-0123456789" not in seen.head


async def test_a_callers_key_is_in_no_record_wherever_it_went(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    upstream.will(answer({"results": [{"url": URL, "content": "mine-0123456789 echoed"}]}))
    await ask(connect, gateway, token, "searxng", ("x-api-key", "mine-0123456789"))
    bodies = await gateway.bodies()
    assert bodies is not None
    assert b"mine-0123456789" not in bodies.response


# -- what a token may


@pytest.mark.parametrize(
    ("models", "model", "status"),
    [
        (("exa/search-lite",), "exa/lite", 200),
        (("exa/search-lite",), "exa/deep", 403),
        (("exa/search-*",), "exa/deep", 200),
        (("brave/*",), "brave/web", 200),
        (("brave/*",), "exa/lite", 403),
        (("openai/gpt-5",), "searxng", 403),
    ],
)
async def test_a_token_may_be_for_some_kinds_of_searches(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    models: tuple[str, ...],
    model: str,
    status: int,
) -> None:
    token = access.token(models=models)
    gateway = await open_gateway(served(upstream.url))
    upstream.will(answer({**EXA, **BRAVE}))
    found = await ask(connect, gateway, token, model)
    assert found.status == status
    assert len(upstream.requests) == (status == 200)


async def test_a_token_may_be_for_some_providers(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    token = access.token(providers=("brave",))
    gateway = await open_gateway(served(upstream.url))
    assert (await ask(connect, gateway, token, "exa")).status == 403
    upstream.will(answer(BRAVE))
    assert (await ask(connect, gateway, token, "brave")).status == 200


async def test_a_spend_limit_counts_searches_of_all_providers(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    extra = providers({"exa": upstream.url, "brave": upstream.url})
    gateway = await open_gateway(limited(upstream.url, 0.008, extra=extra))
    upstream.will(answer({**EXA, "costDollars": {"total": 0.004}}), answer(BRAVE))
    assert (await ask(connect, gateway, "", "exa/lite")).status == 200
    assert (await ask(connect, gateway, "", "brave/web")).status == 200
    refused = await ask(connect, gateway, "", "brave/web")
    assert (refused.status, refused.json()["type"]) == (429, "error")
    assert len(upstream.requests) == 2


# -- the official library


@pytest.fixture
async def library(open_gateway: OpenGateway, upstream: Upstream) -> AsyncIterator[parallel.AsyncParallel]:
    gateway = await open_gateway(gateways(gw={}) + providers(dict.fromkeys(SLUGS, upstream.url)))
    url = f"{gateway.url}/v1/{ACCOUNT}/gw/compat"
    client = parallel.AsyncParallel(api_key="mine-0123456789", base_url=url, max_retries=0)
    yield client
    await client.close()


@pytest.mark.parametrize(
    ("model", "value"),
    [("exa", EXA), ("tavily/basic", TAVILY), ("brave/web", BRAVE)],
    ids=["exa", "tavily", "brave"],
)
async def test_the_official_library_searches_with_anybody(
    library: parallel.AsyncParallel, upstream: Upstream, model: str, value: Mapping[str, object]
) -> None:
    upstream.will(answer(value))
    found = await library.search(
        search_queries=["zorblax", "reservoir"],
        advanced_settings={"max_results": 3, "source_policy": {"include_domains": ["example.test"]}},
        extra_body={"model": model},
    )
    (result,) = found.results
    assert (result.url, result.title, result.publish_date) == (URL, "Zorblax", None)
    assert result.excerpts[0].startswith("Completed")
    assert found.usage is not None
    assert [(one.name, one.count) for one in found.usage] == [("sku_search", 1)]
    assert found.warnings is None or found.warnings[0].type == "input_validation_warning"


async def test_the_official_library_knows_the_errors(
    library: parallel.AsyncParallel, upstream: Upstream
) -> None:
    with pytest.raises(parallel.UnprocessableEntityError, match="search_queries"):
        await library.search(search_queries=[], extra_body={"model": "exa"})
    upstream.will(answer({"error": {"message": "slow down"}}, 429))
    with pytest.raises(parallel.RateLimitError, match="slow down"):
        await library.search(search_queries=["x"], extra_body={"model": "exa"})
    upstream.will(answer({"error": "oh"}, 500))
    with pytest.raises(parallel.InternalServerError):
        await library.search(search_queries=["x"], extra_body={"model": "exa"})


# -- the local engine


async def test_the_local_engine_searches_at_the_first_guess(serve: Serve, tmp_path: Path) -> None:
    gateway = await serve(None, "--local-parallel", str(write_documents(tmp_path)))
    await gateway.says("parallel-local: 2 documents")
    async with parallel.AsyncParallel(
        api_key="any-0123456789", base_url=gateway.url, max_retries=0
    ) as client:
        plain = await client.search(search_queries=["Zorblax reservoir"])
        named = await client.search(
            search_queries=["Zorblax reservoir"], extra_body={"model": "parallel/fast"}
        )
    assert plain.results[0].url == named.results[0].url == URL
    rows = await gateway.logs(2)
    assert [(row.provider, row.model, row.cost) for row in rows] == [
        ("parallel", "parallel/search-advanced", 0),
        ("parallel", "parallel/search-fast", 0),
    ]
    await gateway.stop()
