"""Chat with a language model: the same guarantees as for tasks, and an answer whatever the model does."""

import json
from pathlib import Path

import pytest
from local_engine import engine
from local_model import Answer, Prompt, Raw, Said, fake_model

LENGTH = "The Amber River is 412 kilometers long."


def ask(question: str, model: str = "base", **rest: object) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": question}], **rest}


def good(prompt: Prompt) -> Answer:
    if prompt.kind == "queries":
        return {"queries": []}
    if prompt.kind == "fields":
        return {"fields": [{"field": "length", "value": 412, "quotes": [prompt.quote("412")]}]}
    return {"found": True, "claims": [{"text": LENGTH, "quotes": [prompt.quote("412")]}]}


@pytest.mark.parametrize(("model", "calls"), [("speed", 1), ("lite", 2), ("core", 3)])
async def test_replies_are_written_by_the_model(tmp_path: Path, model: str, calls: int) -> None:
    async with fake_model(good) as served, engine(tmp_path, model=served.settings) as call:
        said = (
            await call.post("/v1beta/chat/completions", ask("How long is the Amber River?", model))
        ).json()
    assert said["choices"][0]["message"]["content"].startswith(f"{LENGTH} [1]")
    assert len(served.asked) == calls


async def test_schemas_are_filled(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"length": {"type": "integer"}}, "required": ["length"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "river", "schema": schema}}
    body = ask("Amber River", response_format=wanted)
    async with fake_model(good) as served, engine(tmp_path, model=served.settings) as call:
        said = (await call.post("/v1beta/chat/completions", body)).json()
    assert json.loads(said["choices"][0]["message"]["content"]) == {"length": 412}
    assert said["basis"][0]["citations"][0]["excerpts"] == [LENGTH]


async def test_streams_end_with_the_basis(tmp_path: Path) -> None:
    async with fake_model(good) as served, engine(tmp_path, model=served.settings) as call:
        chunks = (
            await call.client.post(
                "/v1beta/chat/completions", json=ask("How long is the Amber River?", stream=True)
            )
        ).text
    assert "[DONE]" in chunks
    assert LENGTH in chunks.split('"basis"')[-1]


@pytest.mark.parametrize(
    "answer", [Raw(403, b""), Said("no JSON"), Said('{"claims": [{"text": "It is 7."}]}')]
)
async def test_a_useless_model_changes_nothing(tmp_path: Path, answer: Answer) -> None:
    question = ask("How long is the Amber River?")
    async with engine(tmp_path) as call:
        plain = (await call.post("/v1beta/chat/completions", question)).json()
    async with fake_model(lambda _: answer) as served, engine(tmp_path, model=served.settings) as call:
        said = (await call.post("/v1beta/chat/completions", question)).json()
    assert served.asked
    assert (said["choices"], said["basis"]) == (plain["choices"], plain["basis"])


async def test_greetings_are_not_sent(tmp_path: Path) -> None:
    async with fake_model(good) as served, engine(tmp_path, model=served.settings) as call:
        await call.post("/v1beta/chat/completions", ask("Hello!"))
    assert served.asked == []
