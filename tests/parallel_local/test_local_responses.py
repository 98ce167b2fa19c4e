"""Responses, whole and streamed: what is refused and how, citations that point at the text, conversations."""

import json
from pathlib import Path
from typing import cast

import pytest
from local_contract import Json, frames
from local_engine import Caller, engine, served
from openai import AsyncOpenAI

PATH = "/v1/responses"
QUESTION = "When was the Amber River dammed?"
RIVERS = "https://geo.example/rivers"
TEN = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.annotation.added",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]
CEO = {
    "type": "json_schema",
    "name": "company",
    "schema": {
        "type": "object",
        "properties": {"ceo_name": {"type": "string"}, "employees": {"type": "integer"}},
        "required": ["ceo_name", "employees"],
        "additionalProperties": False,
    },
}


def ask(text: object = QUESTION, /, **rest: object) -> dict[str, object]:
    return {"model": "parallel", "input": text, **rest}


async def part(call: Caller, body: object) -> Json:
    """The one text of an answer."""
    answer = await call.post(PATH, body)
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["output"]
    (found,) = item["content"]
    return dict(found)


async def events(call: Caller, body: dict[str, object]) -> list[Json]:
    answer = await call.post(PATH, {**body, "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    return [json.loads(data) for data in frames(answer.content)]


async def test_whole_answer(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        request = ask(reasoning={"effort": "low"}, text={"verbosity": "low"}, metadata={"team": "a"})
        body = (await call.post(PATH, request)).json()
    assert body["id"].startswith("resp_")
    assert (body["object"], body["model"], body["status"]) == ("response", "parallel", "completed")
    assert "3 May 1961" in body["output"][0]["content"][0]["text"]
    assert body["metadata"] == {"team": "a"}
    assert (body["reasoning"], body["text"], body["temperature"], body["top_p"]) == (None,) * 4
    assert (body["tool_choice"], body["tools"], body["error"]) == ("auto", [], None)
    usage = body["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


async def test_what_is_ignored_is_not_echoed(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        ignored = {
            "tools": [{"type": "web_search"}],
            "tool_choice": "required",
            "temperature": 0.2,
            "store": False,
        }
        body = (
            await call.post(PATH, ask(**ignored, max_output_tokens=5, truncation="auto", unheard_of=1))
        ).json()
    assert (body["tools"], body["tool_choice"], body["temperature"]) == ([], "auto", None)
    assert body["max_output_tokens"] is None
    assert "3 May 1961" in body["output"][0]["content"][0]["text"]


@pytest.mark.parametrize("effort", ["low", "medium", "high", None])
async def test_citations_point_at_what_they_vouch_for(tmp_path: Path, effort: str | None) -> None:
    async with engine(tmp_path) as call:
        found = await part(call, ask(reasoning={"effort": effort}))
    text, cited = str(found["text"]), cast("list[Json]", found["annotations"])
    assert cited
    for one in cited:
        assert one["url"] == RIVERS
        assert "1961" in text[cast("int", one["start_index"]) : cast("int", one["end_index"])]


async def test_a_report_is_cited_too(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        found = await part(call, ask("Write a report on the Amber River including its tributaries"))
    text, cited = str(found["text"]), cast("list[Json]", found["annotations"])
    assert text.startswith("# ")
    assert {one["url"] for one in cited} == {RIVERS}
    places = [(cast("int", one["start_index"]), cast("int", one["end_index"])) for one in cited]
    assert places == sorted(places)
    assert all(0 <= start < end <= len(text) for start, end in places)


async def test_structured_answers_are_json_text(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        found = await part(call, ask("Acme Robotics", text={"format": CEO}))
    text, cited = str(found["text"]), cast("list[Json]", found["annotations"])
    assert json.loads(text) == {"ceo_name": "Ada Fairweather", "employees": 45}
    pointed = {text[cast("int", one["start_index"]) : cast("int", one["end_index"])] for one in cited}
    assert pointed == {'"Ada Fairweather"', "45"}


async def test_json_object_yields_plain_text(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        found = await part(call, ask(text={"format": {"type": "json_object"}}))
    assert "3 May 1961" in str(found["text"])


@pytest.mark.parametrize("kind", ["input_text", "output_text", "text", None])
async def test_messages_of_parts(tmp_path: Path, kind: str | None) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Cite."}]},
        {
            "role": "user",
            "content": [{"type": kind, "text": "When was the Amber River"}, {"text": "dammed?"}],
        },
    ]
    async with engine(tmp_path) as call:
        found = await part(call, ask(messages, model="Parallel"))
    assert "3 May 1961" in str(found["text"])


async def test_nothing_found_is_said_without_citations(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        found = await part(call, ask("zeppelin maintenance?"))
    assert str(found["text"]).startswith("Not found in the documents")
    assert found["annotations"] == []


async def test_conversations_go_on_by_id_and_by_messages(tmp_path: Path) -> None:
    more = "And where do its tributaries join?"
    async with engine(tmp_path) as call:
        first = (await call.post(PATH, ask("How long is the Amber River?"))).json()
        second = (await call.post(PATH, ask(more, previous_response_id=first["id"]))).json()
        third = (
            await call.post(PATH, ask("And when was it dammed?", previous_response_id=second["id"]))
        ).json()
        earlier = [
            {"role": "user", "content": "How long is the Amber River?"},
            first["output"][0],
            {"role": "user", "content": more},
        ]
        spoken = await part(call, ask(earlier))
    assert second["previous_response_id"] == first["id"]
    assert "Stone Brook" in second["output"][0]["content"][0]["text"]
    assert "1961" in third["output"][0]["content"][0]["text"]
    assert "Stone Brook" in str(spoken["text"])


async def test_an_answer_is_remembered_over_a_restart(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        first = (await call.post(PATH, ask("How long is the Amber River?"))).json()["id"]
    async with engine(tmp_path) as call:
        assert (await call.post(PATH, ask("and its length?", previous_response_id=first))).status_code == 200


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": "gpt-5", "input": "x"}, "model"),
        ({"model": "", "input": "x"}, "model"),
        (ask(background=True), "background"),
        (ask(""), "input"),
        (ask(" \n"), "input"),
        (ask([]), "input"),
        (ask([{"role": "user", "content": ""}]), "input"),
        (ask([{"role": "user", "content": []}]), "input"),
        (ask([{"role": "assistant", "content": "hello"}]), "input"),
        (ask([{"role": "system", "content": "hello"}, {"role": "user", "content": " "}]), "input"),
        (
            ask([{"role": "user", "content": [{"type": "input_image", "image_url": "https://a.example"}]}]),
            "input",
        ),
        (
            ask([{"role": "user", "content": [{"type": "input_audio"}, {"type": "text", "text": "x"}]}]),
            "input",
        ),
        (ask([{"role": "user", "content": [{"type": "input_file", "text": "x"}]}]), "input"),
        (ask(previous_response_id="resp_unknown"), "previous_response_id"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_the_contract_refuses_by_name(
    tmp_path: Path, body: dict[str, object], param: str, stream: bool
) -> None:
    async with engine(tmp_path) as call:
        answer = await call.post(PATH, {**body, "stream": stream})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"model": "parallel"},
        {"input": "x"},
        ask(5),
        ask([{"role": "tool", "content": "x"}]),
        ask([{"content": "x"}]),
        ask(stream="yes"),
        ask(reasoning={"effort": "huge"}),
        ask(text={"format": {"type": "xml"}}),
        ask(text={"format": {"type": "json_schema"}}),
        ask(text={"format": {**CEO, "schema": {"type": "array"}}}),
        ask(text={"verbosity": "loud"}),
        ask(metadata={"a": 1}),
        ask(metadata={"k" * 65: "v"}),
        ask(metadata={"k": "v" * 513}),
        ask(metadata={str(number): "v" for number in range(17)}),
        ask("x" * 20_001),
        ask("x" * 15_000, instructions="y" * 5_001),
    ],
)
async def test_what_breaks_the_schema_is_422(tmp_path: Path, body: object) -> None:
    async with engine(tmp_path) as call:
        answer = await call.post(PATH, body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "body"


async def test_the_ten_events_in_order(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        told = await events(call, ask())
    kinds = [str(event["type"]) for event in told]
    assert list(dict.fromkeys(kinds)) == TEN
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    begun, whole = cast("Json", told[0]["response"]), cast("Json", told[-1]["response"])
    assert (begun["status"], begun["output"], begun["usage"]) == ("in_progress", [], None)
    assert begun["id"] == whole["id"]
    text = cast("list[Json]", cast("list[Json]", whole["output"])[0]["content"])[0]
    (delta,) = [event["delta"] for event in told if event["type"] == "response.output_text.delta"]
    cited = [
        event["annotation"] for event in told if event["type"] == "response.output_text.annotation.added"
    ]
    assert delta == text["text"]
    assert cited == text["annotations"]


async def test_a_stream_without_citations_has_no_event_for_them(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        kinds = [event["type"] for event in await events(call, ask("zeppelin maintenance?"))]
    assert kinds == [kind for kind in TEN if "annotation" not in kind]


async def test_a_failure_behind_the_beginning_is_an_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr("parallel_local.web.responses.research", fails)
    async with engine(tmp_path) as call:
        told = await events(call, ask())
    assert [event["type"] for event in told] == [*TEN[:2], "response.failed"]
    failed = cast("Json", told[-1]["response"])
    assert failed["status"] == "failed"
    assert cast("Json", failed["error"])["code"] == "server_error"
    assert "the disk is gone" in caplog.text


async def test_openai_sdk(tmp_path: Path) -> None:
    async with (
        served(tmp_path) as url,
        AsyncOpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0) as client,
    ):
        whole = await client.responses.create(model="parallel", input=QUESTION)
        kinds = []
        async for event in await client.responses.create(
            model="parallel", input="And how long is it?", stream=True, previous_response_id=whole.id
        ):
            kinds.append(event.type)
    assert "3 May 1961" in whole.output_text
    assert list(dict.fromkeys(kinds)) == TEN
