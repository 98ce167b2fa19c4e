"""A language model that fails, dawdles, rambles or is not there: every run gets its answer, and says why so."""

import asyncio
import json
import logging
import socket
import ssl
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
import trustme
from local_clock import ManualClock
from local_engine import Caller, engine, write_documents
from local_model import (
    KEY,
    Answer,
    LeapingClock,
    Prompt,
    Raw,
    Said,
    Silence,
    chat_completion,
    fake_model,
)

from parallel_local.model.budget import budget_for
from parallel_local.model_server.settings import ModelSettings, Secret

TASK: dict[str, object] = {
    "input": "How long is the Amber River?",
    "processor": "lite",
    "task_spec": {"output_schema": "answer"},
}
LENGTH = "The Amber River is 412 kilometers long."
GOOD = {"found": True, "claims": [{"text": LENGTH, "quotes": [{"id": 1, "quote": LENGTH}]}]}
WRITTEN = f"{LENGTH} [1]\n\nSources:\n[1] Rivers of Veldland — https://geo.example/rivers"


async def finished(call: Caller, task: dict[str, object]) -> dict[str, object]:
    """The result of a task: its run and its output."""
    created = await call.post("/v1/tasks/runs", task)
    result = await call.get(f"/v1/tasks/runs/{created.json()['run_id']}/result")
    assert result.status_code == 200, result.text
    whole: dict[str, object] = result.json()
    return whole


async def quoted(base: Path, task: dict[str, object]) -> object:
    """The output that there is without a model."""
    async with engine(base / "plain", docs=base / "docs") as call:
        return (await finished(call, task))["output"]


def warning(result: dict[str, object]) -> str:
    run = result["run"]
    assert isinstance(run, dict)
    assert run["status"] == "completed"
    return " ".join(one["message"] for one in run["warnings"] or [])


async def result_of(
    base: Path, say: Callable[[Prompt], Answer], task: dict[str, object] = TASK
) -> tuple[dict[str, object], list[Prompt], LeapingClock]:
    clock = LeapingClock()
    docs = write_documents(base / "docs")
    async with fake_model(say) as model, engine(base, docs=docs, clock=clock, model=model.settings) as call:
        return await finished(call, task), model.asked, clock


TOOLS = {"choices": [{"message": {"content": None, "tool_calls": [{"id": "1", "type": "function"}]}}]}
USELESS: dict[str, Raw | Said] = {
    "no JSON": Raw(200, b"<html>Welcome</html>"),
    "JSON, but no completion": Raw(200, b'{"choices": 5}'),
    "no choice": Raw(200, b'{"choices": []}'),
    "calls of tools only": Raw(200, json.dumps(TOOLS).encode()),
    "an empty text": Raw(200, chat_completion("  ")),
    "five megabytes": Raw(200, chat_completion("x" * 5_000_000)),
    "five megabytes of braces": Raw(200, b'{"a":' * 1_000_000),
    "endless nesting": Raw(200, b'{"choices":[{"message":{"content":"x","deep":' + b"[" * 500_000),
    "nested text": Said('{"claims":' * 50_000),
    "braces": Said("{" * 200_000),
    "prose": Said("I would love to help! The river is 42 km long."),
    "claims of the wrong type": Said('{"claims": "none", "queries": 7}'),
    "a list": Said('[{"claims": []}]'),
    "not UTF-8": Raw(200, b'{"choices": [{"message": {"content": "\xff\xfe"}}]}'),
    "a redirect": Raw(307, b"", ("location: http://127.0.0.1:9/v1",)),
    "no key": Raw(401, b'{"error": {"message": "Incorrect API key: ' + KEY.encode() + b'"}}'),
    "refusing all": Raw(400, b'{"error": {"message": "no such model"}}'),
    "not found": Raw(404, b"{}"),
    "failing": Raw(500, b"{}"),
    "busy": Raw(429, b"{}", ("retry-after: 5",)),
}


@pytest.mark.parametrize("name", USELESS)
async def test_useless_answers(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    result, _, _ = await result_of(tmp_path, lambda _: USELESS[name])
    assert result["output"] == await quoted(tmp_path, TASK)
    assert "language model was of no use" in warning(result)
    assert KEY not in caplog.text
    assert KEY not in json.dumps(result)


@pytest.mark.parametrize(
    "text",
    [
        "Sure! Here is what you asked for:\n```json\n{}\n```\nAnything else?",
        "<think>Should I say {{\"claims\": []}}? No.</think>{}",
        "First a thought in braces {{not JSON}} and then {}",
        "{} and then {{\"claims\": 5}}",
    ],
)  # fmt: skip
async def test_rambling_around_a_good_answer(tmp_path: Path, text: str) -> None:
    result, _, _ = await result_of(tmp_path, lambda _: Said(text.format(json.dumps(GOOD))))
    output = result["output"]
    assert isinstance(output, dict)
    assert output["content"] == WRITTEN
    assert warning(result) == ""


async def test_an_answer_in_parts(tmp_path: Path) -> None:
    whole = json.dumps(GOOD)
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": whole[:9]},
        {"type": "text", "text": None},
        {"type": "text", "text": whole[9:]},
    ]
    body = json.dumps({"choices": [{"message": {"content": parts}}]}).encode()
    result, _, _ = await result_of(tmp_path, lambda _: Raw(200, body))
    output = result["output"]
    assert isinstance(output, dict)
    assert output["content"] == WRITTEN


async def test_wrong_types_among_right_ones(tmp_path: Path) -> None:
    said: dict[str, object] = {
        "found": "maybe",
        "claims": [
            5,
            None,
            {"text": 7},
            {"text": LENGTH, "quotes": "none"},
            {
                "text": LENGTH,
                "section": None,
                "quotes": [None, {"id": "x", "quote": 4}, {"id": "1", "quote": LENGTH}],
            },
        ],
    }
    result, _, _ = await result_of(tmp_path, lambda _: said)
    output = result["output"]
    assert isinstance(output, dict)
    assert output["content"] == WRITTEN


async def test_what_cannot_be_read_is_asked_for_once_more(tmp_path: Path) -> None:
    answers = iter([Said("no plan"), Said("no answer"), Said(json.dumps(GOOD))])
    result, asked, _ = await result_of(tmp_path, lambda _: next(answers))
    output = result["output"]
    assert isinstance(output, dict)
    assert output["content"] == WRITTEN
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("after", "paused"), [("7", 7.0), ("86400", 30.0), ("soon", 1.0), ("-5", 1.0), ("", 1.0)]
)
async def test_busy_for_a_moment(tmp_path: Path, after: str, paused: float) -> None:
    """Waits as long as it is asked to, within bounds, and goes on."""
    numbers = count()

    def say(_prompt: Prompt) -> Answer:
        if next(numbers) == 0:
            return Raw(429, b"{}", (f"retry-after: {after}",))
        return GOOD

    result, _, clock = await result_of(tmp_path, say, {**TASK, "processor": "base"})
    assert warning(result) == ""
    assert clock.pauses[:1] == [paused]


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    "refused",
    [
        ["response_format"],
        ["response_format", "max_tokens"],
        ["temperature", "max_tokens"],
        ["json_schema"],
        ["response_format", "temperature", "max_tokens"],
    ],
)
async def test_servers_that_refuse_parameters(tmp_path: Path, refused: list[str], status: int) -> None:
    def say(prompt: Prompt) -> Answer:
        for name in refused:
            format_ = prompt.body.get("response_format")
            kind = format_["type"] if isinstance(format_, dict) else None
            if name in prompt.body or name == kind:
                hint = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
                return Raw(
                    status, json.dumps({"error": {"message": f"Unsupported: {name!r}.{hint}"}}).encode()
                )
        return GOOD

    result, asked, _ = await result_of(tmp_path, say)
    assert warning(result) == ""
    last = asked[-1].body
    assert ("max_completion_tokens" in last) == ("max_tokens" in refused)
    assert ("temperature" in last) == ("temperature" not in refused)
    assert ("response_format" in last) == ("response_format" not in refused)


@pytest.mark.parametrize("head", [False, True])
async def test_slow_servers_are_left(tmp_path: Path, head: bool) -> None:
    clock = ManualClock()
    docs = write_documents(tmp_path / "docs")
    async with (
        fake_model(lambda _: Silence(head)) as model,
        engine(tmp_path, docs=docs, clock=clock, model=model.settings) as call,
    ):
        created = (await call.post("/v1/tasks/runs", TASK)).json()
        await model.came.wait()
        clock.advance(budget_for("lite").seconds)
        result = (await call.get(f"/v1/tasks/runs/{created['run_id']}/result")).json()
        await model.left.wait()
    assert result["output"] == await quoted(tmp_path, TASK)
    assert "it took too long" in warning(result)


async def test_nobody_is_there(tmp_path: Path) -> None:
    docs = write_documents(tmp_path / "docs")
    with socket.socket() as taken:  # and not listening: nobody else can have the port meanwhile
        taken.bind(("127.0.0.1", 0))
        settings = ModelSettings(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", "m", Secret(KEY))
        async with engine(tmp_path, docs=docs, clock=LeapingClock(), model=settings) as call:
            result = await finished(call, TASK)
    assert result["output"] == await quoted(tmp_path, TASK)
    assert "the connection failed" in warning(result)


@pytest.fixture(scope="module")
def unknown_authority() -> ssl.SSLContext:
    """A server's certificate that nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


async def test_certificates_are_checked(tmp_path: Path, unknown_authority: ssl.SSLContext) -> None:
    docs = write_documents(tmp_path / "docs")
    async with (
        fake_model(lambda _: GOOD, unknown_authority) as model,
        engine(tmp_path, docs=docs, clock=LeapingClock(), model=model.settings) as call,
    ):
        result = await finished(call, TASK)
    assert model.asked == []
    assert "the connection failed" in warning(result)


async def test_the_log_tells_once_a_minute(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = LeapingClock()
    async with (
        fake_model(lambda _: Raw(403, b"")) as model,
        engine(tmp_path, clock=clock, model=model.settings) as call,
    ):
        for _ in range(3):
            await finished(call, TASK)
        told = _told(caplog)
        clock.advance(60)
        await finished(call, TASK)
    assert (len(told), len(_told(caplog))) == (1, 2)
    assert "status 403" in told[0]


def _told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "parallel_local.model"]


@pytest.mark.parametrize("processor", ["lite", "base", "core", "core-fast", "pro", "ultra", "ultra8x-fast"])
async def test_no_processor_asks_more_often_than_its_budget(tmp_path: Path, processor: str) -> None:
    """A model that always wants to know more, and never answers."""
    numbers = count()
    places = ["Norwick", "Eastham", "Veldland", "lighthouse", "harbor", "Borealis", "Acme", "Amber", "Stone"]

    def say(prompt: Prompt) -> Answer:
        if prompt.kind != "queries":
            return Said("nothing")
        return {
            "queries": [
                f"{places[number % 9]} {number}" for _, number in zip(range(99), numbers, strict=False)
            ]
        }

    result, asked, _ = await result_of(tmp_path, say, {**TASK, "processor": processor})
    budget = budget_for(processor)
    assert len(asked) <= budget.calls
    for prompt in asked:
        assert len({excerpt["title"] for excerpt in prompt.excerpts}) <= budget.documents
        assert sum(len(str(excerpt["text"])) for excerpt in prompt.excerpts) <= budget.excerpt_chars
        assert prompt.body["max_tokens"]
    assert "not the JSON" in warning(result)


@pytest.mark.parametrize("processor", ["lite", "core", "ultra"])
async def test_no_processor_uses_more_tokens_than_its_budget(tmp_path: Path, processor: str) -> None:
    """The server's count decides; where it counts nothing, the length does."""
    spent = budget_for(processor).tokens

    def say(prompt: Prompt) -> Answer:
        return Said('{"queries": ["Norwick"]}', spent)

    result, asked, _ = await result_of(tmp_path, say, {**TASK, "processor": processor})
    assert len(asked) == 1
    assert "budget" in warning(result)


async def test_the_answer_is_limited_to_what_is_left(tmp_path: Path) -> None:
    budget = budget_for("lite").tokens

    def say(prompt: Prompt) -> Answer:
        return Said('{"queries": []}', budget - 2000) if prompt.kind == "queries" else GOOD

    _, asked, _ = await result_of(tmp_path, say)
    most = asked[-1].body["max_tokens"]
    assert isinstance(most, int)
    assert most < 2000


async def test_runs_that_a_restart_interrupts_are_carried_out_later(tmp_path: Path) -> None:
    """Ending the program is not cancelling its runs."""
    docs = write_documents(tmp_path / "docs")
    async with (
        fake_model(lambda _: Silence()) as model,
        engine(tmp_path, docs=docs, model=model.settings) as call,
    ):
        created = (await call.post("/v1/tasks/runs", TASK)).json()
        await model.came.wait()
    async with fake_model(lambda _: GOOD) as model, engine(tmp_path, docs=docs, model=model.settings) as call:
        result = (await call.get(f"/v1/tasks/runs/{created['run_id']}/result")).json()
    assert result["output"]["content"] == WRITTEN


async def test_many_runs_share_the_model(tmp_path: Path) -> None:
    async with fake_model(lambda _: GOOD) as model, engine(tmp_path, workers=4, model=model.settings) as call:
        results = await asyncio.gather(*(finished(call, TASK) for _ in range(8)))
    assert {warning(result) for result in results} == {""}


async def test_halves_of_surrogate_pairs_are_no_trouble(tmp_path: Path) -> None:
    task = {**TASK, "input": {"question": "How long is the Amber River? 🙂", "more": ["\u0000", "é"]}}
    result, _, _ = await result_of(tmp_path, lambda _: GOOD, task)
    assert warning(result) == ""
