"""Answers to questions over a folder of our own: right, short, sure when they say so, and none where there is none."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from local_engine import Caller, engine
from local_questions import ANSWERED, FOLDER, UNANSWERED

CHAT = "/v1beta/chat/completions"
NAMES = (
    "answer",
    "value",
    "who",
    "when",
    "result",
    "response",
    "Antwort",
    "réponse",
    "respuesta",
    "答え",
    "ответ",
)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Caller]:
    async with engine(tmp_path, docs=write(tmp_path / "docs", FOLDER)) as caller:
        yield caller


async def text_answer(call: Caller, question: object) -> tuple[str, str, list[str]]:
    """Content, confidence and excerpts of a text answer."""
    body = {"input": question, "processor": "base", "task_spec": {"output_schema": {"type": "text"}}}
    output = await call.run(body)
    basis = output["basis"]
    assert isinstance(basis, list)
    excerpts = [text for citation in basis[0]["citations"] for text in citation["excerpts"]]
    return str(output["content"]), str(basis[0]["confidence"]), excerpts


async def field_answer(call: Caller, question: object, name: str = "answer") -> tuple[object, str]:
    """The value of a schema's only field, and its confidence."""
    node: dict[str, object] = {"type": ["string", "null"]}
    schema = {"type": "object", "properties": {name: node}, "required": [name], "additionalProperties": False}
    spec = {"output_schema": {"type": "json", "json_schema": schema}}
    output = await call.run({"input": question, "processor": "base", "task_spec": spec})
    content, basis = output["content"], output["basis"]
    assert isinstance(content, dict)
    assert isinstance(basis, list)
    return content[name], str(basis[0]["confidence"])


@pytest.mark.parametrize(("question", "held"), ANSWERED, ids=[question for question, _ in ANSWERED])
async def test_questions_with_an_answer(call: Caller, question: str, held: str) -> None:
    content, confidence, excerpts = await text_answer(call, question)
    assert held in content
    assert confidence in ("medium", "high")
    assert all(any(text in source for source in FOLDER.values()) for text in excerpts)


@pytest.mark.parametrize("question", UNANSWERED)
async def test_what_the_documents_do_not_say(call: Caller, question: str) -> None:
    content, confidence, excerpts = await text_answer(call, question)
    assert content.startswith("Not found in the documents")
    assert (confidence, excerpts) == ("low", [])
    assert await field_answer(call, question) == (None, "low")


async def test_short_values(call: Caller) -> None:
    """Most fields hold the answer, few hold something else, and what is sure is right."""
    held = wrong = 0
    for question, expected in ANSWERED:
        value, confidence = await field_answer(call, question)
        right = isinstance(value, str) and expected.rstrip(".") in value
        held += right
        wrong += value is not None and not right
        assert right or confidence != "high", question
    assert held >= 0.75 * len(ANSWERED)
    assert wrong <= 0.1 * len(ANSWERED)


@pytest.mark.parametrize("name", NAMES)
async def test_any_name_for_the_field(call: Caller, name: str) -> None:
    assert await field_answer(call, "How many employees does Acme Robotics have?", name) == (
        "45 employees",
        "high",
    )
    assert await field_answer(call, "How many robots does Borealis Arms have?", name) == (None, "low")


@pytest.mark.parametrize("name", [*NAMES, "the", "de", "と"])
@pytest.mark.parametrize("given", [{"company": "Acme Robotics"}, "Acme Robotics", "?", {"n": 1}, "the"])
async def test_a_field_that_says_nothing_never_fails_a_run(call: Caller, name: str, given: object) -> None:
    schema = {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}
    spec = {"output_schema": {"type": "json", "json_schema": schema}}
    output = await call.run({"input": given, "processor": "base", "task_spec": spec})
    assert isinstance(output["content"], dict)
    assert isinstance(output["content"][name], str)


async def test_the_description_asks_where_the_input_does_not(call: Caller) -> None:
    node = {"type": ["string", "null"], "description": "Who is the CEO?"}
    schema = {"type": "object", "properties": {"value": node}, "required": ["value"]}
    spec = {"output_schema": {"type": "json", "json_schema": schema}}
    output = await call.run({"input": {"company": "Borealis Arms"}, "processor": "base", "task_spec": spec})
    assert output["content"] == {"value": "Bo Lindgren"}


async def test_numbers_may_be_asked_as_numbers(call: Caller) -> None:
    schema = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}
    spec = {"output_schema": {"type": "json", "json_schema": schema}}
    question = "How many employees does Acme Robotics have?"
    output = await call.run({"input": question, "processor": "base", "task_spec": spec})
    assert output["content"] == {"answer": 45}


@pytest.mark.parametrize("model", ["speed", "base"])
async def test_chat_says_the_same(call: Caller, model: str) -> None:
    for question, held in ANSWERED[::6]:
        body = {"model": model, "messages": [{"role": "user", "content": question}]}
        content = (await call.post(CHAT, body)).json()["choices"][0]["message"]["content"]
        assert held in content
    body = {"model": model, "messages": [{"role": "user", "content": UNANSWERED[0]}]}
    content = (await call.post(CHAT, body)).json()["choices"][0]["message"]["content"]
    assert content.startswith("Not found in the documents")


async def test_the_answer_alone_among_many_files_with_its_words(tmp_path: Path) -> None:
    changes = {
        f"changes-{number}.md": f"# Changelog of tool {number}\n\n## 1.{number}\n\n- The starter kit is faster.\n"
        "- Renamed what was called init.\n- What the boot script calls is logged.\n"
        for number in range(40)
    }
    folder = write(tmp_path / "docs", {**changes, "bread.md": "# Bread\n\nThe starter is called Igor.\n"})
    async with engine(tmp_path, docs=folder) as call:
        _, _, excerpts = await text_answer(call, "What is the starter called?")
        body = {"model": "base", "messages": [{"role": "user", "content": "What is the starter called?"}]}
        said = (await call.post(CHAT, body)).json()["basis"][0]["citations"]
    assert excerpts == ["The starter is called Igor."]
    assert [citation["excerpts"] for citation in said] == [excerpts]


async def test_the_best_quotation_comes_first(call: Caller) -> None:
    content, _, excerpts = await text_answer(call, "What is the notice period during probation?")
    assert excerpts[0] == "During probation it is two weeks."
    assert content.startswith("During probation it is two weeks.")
