"""The official OpenAI library for Python on Chat Completions, before providers of every family."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import chat_drives
import openai
import pytest
from sdk_kit import ANSWER, QUESTION, Stand, driven, fakes_and_gateway

from support.providers.families import FAMILIES, Family
from support.providers.mind import KEY


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with fakes_and_gateway(tmp_path_factory.mktemp("chat")) as stand:
        yield stand


@pytest.fixture(scope="module")
def client(stand: Stand) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=KEY, base_url=stand.compat, max_retries=0) as client:
        yield client


@pytest.mark.parametrize(("family", "drive"), driven(chat_drives.DRIVES))
def test_drive(client: openai.OpenAI, family: Family, drive: chat_drives.Drive) -> None:
    drive(client, family.name, family)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_abort(stand: Stand, client: openai.OpenAI, family: Family) -> None:
    chat_drives.abort(client, family.name, stand.fakes[family.slug])


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
async def test_asynchronous(stand: Stand, family: Family) -> None:
    """The other client of the library: several streams at once, and one that is left."""
    async with openai.AsyncOpenAI(api_key=KEY, base_url=stand.compat, max_retries=0) as client:

        async def ask(text: str) -> str:
            messages: Any = chat_drives.asked(text)
            stream = await client.chat.completions.create(model=family.name, messages=messages, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

        assert await asyncio.gather(*(ask(QUESTION) for _ in range(5))) == [ANSWER] * 5
        leaving = await client.chat.completions.create(
            model=family.name, messages=chat_drives.asked("slowly please"), stream=True
        )
        await anext(leaving)
        await leaving.close()
    assert await asyncio.to_thread(stand.fakes[family.slug].was_left)


def test_what_the_gateway_refuses_is_printed(client: openai.OpenAI) -> None:
    """Its own errors, in words that say what to do."""
    with pytest.raises(openai.BadRequestError, match="nosuch"):
        client.chat.completions.create(model="nosuch/model", messages=chat_drives.asked())
    with pytest.raises(openai.BadRequestError, match="n: ") as caught:
        client.chat.completions.create(model=FAMILIES["anthropic"].name, messages=chat_drives.asked(), n=2)
    assert caught.value.param == "n"
