"""Chat completions, whole and streamed."""

import json
from pathlib import Path

import pytest
from local_engine import engine

PATHS = pytest.mark.parametrize(
    "path", ["/v1beta/chat/completions", "/v1/chat/completions", "/chat/completions"]
)
PATH = "/v1beta/chat/completions"


def say(text: object, model: object = "speed", /, **rest: object) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **rest}


@PATHS
async def test_whole_answer(tmp_path: Path, path: str) -> None:
    async with engine(tmp_path) as call:
        body = (await call.post(path, say("When was the Amber River dammed?"))).json()
    assert len(body["choices"]) == 1
    assert "3 May 1961" in body["choices"][0]["message"]["content"]
    assert "https://geo.example/rivers" in body["choices"][0]["message"]["content"]
    assert body["basis"] == []


@pytest.mark.parametrize("model", ["lite", "base", "core", "parallel/base"])
async def test_research_models_tell_their_basis(tmp_path: Path, model: str) -> None:
    async with engine(tmp_path) as call:
        body = (await call.post(PATH, say("Who is the CEO of Acme Robotics?", model))).json()
    assert "Ada Fairweather" in body["choices"][0]["message"]["content"]
    assert body["basis"][0]["citations"]
    assert body["interaction_id"]


async def test_follow_up_uses_the_earlier_interaction(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        first = (await call.post(PATH, say("How long is the Amber River?", "base"))).json()
        more = say("And the tributaries?", "base", previous_interaction_id=first["interaction_id"])
        body = (await call.post(PATH, more)).json()
    assert body["choices"][0]["message"]["content"]


@pytest.mark.parametrize("text", ["Hello!", "hi", "Good morning", "thanks", "???", ""])
async def test_small_talk_is_answered_from_the_index(tmp_path: Path, text: str) -> None:
    async with engine(tmp_path) as call:
        content = (await call.post(PATH, say(text))).json()["choices"][0]["message"]["content"]
    assert "5 documents" in content
    assert "Rivers of Veldland" in content


async def test_nothing_found_is_said(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        content = (await call.post(PATH, say("zeppelin maintenance?"))).json()["choices"][0]["message"][
            "content"
        ]
    assert content.startswith("Not found in the documents")


@PATHS
async def test_stream_says_the_same_and_ends_with_done(tmp_path: Path, path: str) -> None:
    question = "How long is the Amber River?"
    async with engine(tmp_path) as call:
        whole = (await call.post(path, say(question, "base"))).json()
        streamed = await call.post(path, say(question, "base", stream=True))
    assert streamed.headers["content-type"].startswith("text/event-stream")
    lines = [line.removeprefix("data: ") for line in streamed.text.splitlines() if line]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert text == whole["choices"][0]["message"]["content"]
    assert len(chunks) > 3
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["basis"] == whole["basis"]


async def test_structured_answer(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"employees": {"type": "integer"}}, "required": ["employees"]}
    form = {"type": "json_schema", "json_schema": {"name": "facts", "schema": schema}}
    async with engine(tmp_path) as call:
        body = (await call.post(PATH, say("Acme Robotics", "core", response_format=form))).json()
    assert json.loads(body["choices"][0]["message"]["content"]) == {"employees": 45}
    assert [entry["field"] for entry in body["basis"]] == ["employees"]


@pytest.mark.parametrize(
    "body",
    [
        say([{"type": "text", "text": "x"}]),
        say("x", "gpt-4"),
        say("x", 5),
        {"model": "speed"},
        {"model": "speed", "messages": []},
        {"messages": [{"role": "user", "content": "x"}]},
        {"model": "speed", "messages": [{"role": "robot", "content": "x"}]},
        say("x", "base", response_format={"type": "json_schema"}),
        say("x", "base", response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}),
        [],
    ],
)
async def test_refusals(tmp_path: Path, body: object) -> None:
    async with engine(tmp_path) as call:
        response = await call.post(PATH, body)
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"][0] == "body"


async def test_ignored_parameters(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        body = say("Amber River", temperature=0.1, tools=[{"x": 1}], max_tokens=5, user="u", n=3)
        assert (await call.post(PATH, body)).status_code == 200
