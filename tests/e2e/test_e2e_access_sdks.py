"""The official libraries with the gateway's token as their only key, and the vendor's key stored here (A13)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import openai
import parallel
import pytest

from conftest import OpenGateway
from penstock.access.tokens import id_of
from support.access import Access
from support.canned import chat_reply, stream_reply
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import whole
from support.upstream import Upstream

STORED = "sk-stored-0123456789abcdef"
FOUND = {"search_id": "search_1", "results": [{"url": "https://a.test", "title": "A", "excerpts": ["b"]}]}


@pytest.fixture
def access(tmp_path: Path) -> Access:
    access = Access(tmp_path / "gateway-0" / "data")
    for slug in ("openai", "parallel"):
        access.key(slug, STORED)
    return access


@pytest.fixture
def token(access: Access) -> str:
    return access.token(user="ada")


@pytest.fixture
async def gateway(open_gateway: OpenGateway, token: str, upstream: Upstream) -> InProcess:
    urls = dict.fromkeys(("openai", "parallel"), upstream.url)
    return await open_gateway(gateways(gw={"authentication": True}) + providers(urls))


@asynccontextmanager
async def openai_sdk(gateway: InProcess, path: str, key: str) -> AsyncIterator[openai.AsyncOpenAI]:
    base_url = f"{gateway.url}/v1/acct/gw/{path}"
    async with openai.AsyncOpenAI(api_key=key, base_url=base_url, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("path", "model", "name", "value"),
    [
        ("openai", "gpt-5", "authorization", f"Bearer {STORED}"),
        ("compat", "openai/gpt-5", "authorization", f"Bearer {STORED}"),
        ("compat", "parallel/speed", "x-api-key", STORED),
        ("parallel/v1beta", "speed", "x-api-key", STORED),
    ],
)
async def test_openai(
    gateway: InProcess,
    upstream: Upstream,
    token: str,
    streamed: bool,
    path: str,
    model: str,
    name: str,
    value: str,
) -> None:
    upstream.will(stream_reply() if streamed else chat_reply())
    text = ""
    async with openai_sdk(gateway, path, token) as client:
        chat = client.chat.completions
        if streamed:
            async for chunk in await chat.create(
                model=model, messages=[{"role": "user", "content": "Hello"}], stream=True
            ):
                text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        else:
            whole_answer = await chat.create(model=model, messages=[{"role": "user", "content": "Hello"}])
            text = whole_answer.choices[0].message.content or ""
    assert text == "Hello there"
    seen = await upstream.only()
    assert seen.header(name) == value.encode()
    assert token.encode() not in seen.head
    assert seen.header("authorization") == (value.encode() if name == "authorization" else None)
    row = await gateway.row()
    assert (row.token, row.user, row.byok, row.success) == (id_of(token), "ada", True, True)


async def test_a_wrong_token_is_an_authentication_error(gateway: InProcess, upstream: Upstream) -> None:
    async with openai_sdk(gateway, "openai", "sk-mine") as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            await client.models.list()
    assert caught.value.response.json()["internalCode"] == 2009
    assert upstream.requests == []


async def test_parallel(gateway: InProcess, upstream: Upstream, token: str) -> None:
    upstream.will(whole(json.dumps(FOUND).encode(), headers=(("Content-Type", "application/json"),)))
    base_url = f"{gateway.url}/v1/acct/gw/parallel"
    async with parallel.AsyncParallel(api_key=token, base_url=base_url, max_retries=0) as client:
        found = await client.search(search_queries=["a"], objective="a")
    assert found.results[0].url == "https://a.test"
    seen = await upstream.only()
    assert seen.header("x-api-key") == STORED.encode()
    assert seen.header("authorization") is None
    assert token.encode() not in seen.head
    assert (await gateway.row()).token == id_of(token)


async def test_parallel_with_a_wrong_token(gateway: InProcess, upstream: Upstream) -> None:
    base_url = f"{gateway.url}/v1/acct/gw/parallel"
    async with parallel.AsyncParallel(api_key="mine", base_url=base_url, max_retries=0) as client:
        with pytest.raises(parallel.AuthenticationError):
            await client.search(search_queries=["a"], objective="a")
    assert upstream.requests == []
