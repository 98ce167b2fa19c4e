"""The official OpenAI library for Python with nothing changed but its base URL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import openai
import pytest

from conftest import OpenGateway
from support.canned import COMPLETION, EVENTS, chat_reply, stream_reply
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import sse, whole
from support.upstream import Upstream

OpenSdk = Callable[[str], Awaitable[openai.AsyncOpenAI]]
QUESTION = {"role": "user", "content": "Hello"}


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    urls = {"openai": upstream.url, "parallel": upstream.url}
    return await open_gateway(gateways() + providers(urls))


@pytest.fixture
async def sdk(gateway: InProcess) -> AsyncIterator[OpenSdk]:
    """The library, at a path below the gateway."""
    opened: list[openai.AsyncOpenAI] = []

    async def open_one(path: str) -> openai.AsyncOpenAI:
        client = openai.AsyncOpenAI(
            api_key="sk-1",
            base_url=f"{gateway.url}/v1/acct/gw/{path}",
        )
        opened.append(client)
        return client

    yield open_one
    for client in opened:
        await client.close()


@pytest.mark.parametrize(
    ("path", "model", "target", "sent"),
    [
        ("openai", "gpt-5", b"/v1/chat/completions", "gpt-5"),
        ("openai/v1", "gpt-5", b"/v1/chat/completions", "gpt-5"),
        ("compat", "openai/gpt-5", b"/v1/chat/completions", "gpt-5"),
        ("compat", "parallel/speed", b"/v1beta/chat/completions", "speed"),
        ("parallel/v1beta", "speed", b"/v1beta/chat/completions", "speed"),
    ],
)
async def test_chat(
    gateway: InProcess, upstream: Upstream, sdk: OpenSdk, path: str, model: str, target: bytes, sent: str
) -> None:
    upstream.will(chat_reply())
    client = await sdk(path)
    completion = await client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Hello"}]
    )
    assert completion.choices[0].message.content == COMPLETION["choices"][0]["message"]["content"]
    seen = await upstream.only()
    assert seen.target == target
    assert json.loads(seen.body) == {"model": sent, "messages": [QUESTION]}
    assert seen.header("authorization") == b"Bearer sk-1"
    assert seen.header("x-api-key") == (b"sk-1" if b"v1beta" in target else None)
    row = await gateway.row()
    assert (row.tokens_in, row.tokens_out, row.success) == (9, 3, True)
    assert row.user_agent.startswith("AsyncOpenAI/Python")


@pytest.mark.parametrize(
    ("path", "model"), [("openai", "gpt-5"), ("compat", "openai/gpt-5"), ("compat", "parallel/speed")]
)
async def test_chat_streamed(
    gateway: InProcess, upstream: Upstream, sdk: OpenSdk, path: str, model: str
) -> None:
    """Each chunk is with the caller before the provider sends the next one."""
    gates = [asyncio.Event() for _ in EVENTS]
    upstream.will(stream_reply(gates))
    client = await sdk(path)
    stream = await client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Hello"}], stream=True
    )
    waiting = iter(gates)
    next(waiting).set()
    text = ""
    async for chunk in stream:
        text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        next(waiting).set()
    assert text == "Hello there"
    assert (await gateway.row()).outcome == "complete"


async def test_list_and_embeddings(gateway: InProcess, upstream: Upstream, sdk: OpenSdk) -> None:
    upstream.will(
        whole(b'{"object":"list","data":[{"id":"m","object":"model","created":1,"owned_by":"x"}]}'),
        whole(b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"e"}'),
    )
    client = await sdk("openai")
    assert [model.id async for model in await client.models.list()] == ["m"]
    vectors = await client.embeddings.create(model="e", input="x", encoding_format="float")
    assert vectors.data[0].embedding == [0.5]


async def test_errors_of_the_gateway_are_errors_of_the_library(sdk: OpenSdk) -> None:
    client = await sdk("compat")
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(model="none", messages=[{"role": "user", "content": "Hello"}])
    assert caught.value.response.json()["internalCode"] == 2019


async def test_cut_stream_is_an_error_of_the_library(upstream: Upstream, sdk: OpenSdk) -> None:
    """Never taken for a short answer."""
    upstream.will(sse(EVENTS[0], b"data: {", finished=False))
    client = await sdk("openai")
    stream = await client.chat.completions.create(
        model="gpt-5", messages=[{"role": "user", "content": "Hello"}], stream=True
    )
    await anext(stream)
    await upstream.drop_idle(0)
    with pytest.raises(openai.APIConnectionError):
        await anext(stream)
