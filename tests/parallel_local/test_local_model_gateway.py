"""The engine of one gateway, with a language model behind another: whatever comes of the model, an answer comes."""

import json
from collections.abc import Mapping
from pathlib import Path

from local_engine import write_documents
from local_model import KEY, Answer, Cut, FakeModel, Prompt, Raw, Said, fake_model

from conftest import Connect, Serve
from support.client import Client
from support.configuration import openai
from support.gateway import Gateway

LENGTH = "The Amber River is 412 kilometers long."
TASK = {
    "input": "How long is the Amber River?",
    "processor": "lite",
    "task_spec": {"output_schema": "answer"},
}
RUNS = "/v1/local/default/parallel/v1/tasks/runs"
BUSY = Raw(429, b'{"error": {"message": "slow down"}}', ("retry-after: 1",))
STREAM = Raw(200, b'data: {"choices": [{"delta": {"content": "{}"}}]}\n\ndata: [DONE]\n\n')
NO_USE: Mapping[str, tuple[Answer, str]] = {
    "busy without end": (BUSY, "its server answered with status 429"),
    "a wrong key": (Raw(401, b'{"error": {"message": "no"}}'), "its server answered with status 401"),
    "a stream nobody asked for": (STREAM, "its server's answer is no chat completion"),
    "half an answer": (Cut(), "the connection failed"),
    "prose": (Said("Sure! The river is long."), "what it wrote is not the JSON that it was asked for"),
}


def good(prompt: Prompt) -> Answer:
    """A model that answers the one question."""
    if prompt.kind == "queries":
        return {"queries": []}
    return {"found": True, "claims": [{"text": LENGTH, "quotes": [prompt.quote("412")]}]}


async def both(serve: Serve, model: FakeModel, docs: Path) -> tuple[Gateway, Gateway]:
    """A gateway before the model, and one with an engine that asks it, its key by reference."""
    before = await serve(openai(f"{model.url}/v1"), folder="before")
    environment = {
        "PARALLEL_LOCAL_MODEL_URL": f"{before.url}/v1/acct/gw/compat",
        "PARALLEL_LOCAL_MODEL": "openai/test-model",
        "PARALLEL_LOCAL_MODEL_KEY_ENV": "THE_KEY",
        "THE_KEY": KEY,
    }
    engine = await serve(None, "--local-parallel", str(docs), environ=environment, folder="engine")
    return before, engine


async def answered(client: Client) -> tuple[str, str]:
    """What a task comes to, and what it warns of."""
    json_ = ("content-type", "application/json")
    created = await client.ask("POST", RUNS, ("x-api-key", "k"), json_, body=json.dumps(TASK).encode())
    run_id = created.json()["run_id"]
    result = (await client.ask("GET", f"{RUNS}/{run_id}/result", ("x-api-key", "k"))).json()
    return str(result["output"]["content"]), str(result["run"]["warnings"])


async def test_whatever_comes_of_the_model_an_answer_comes(
    tmp_path: Path, serve: Serve, connect: Connect
) -> None:
    script: list[Answer] = []

    def say(prompt: Prompt) -> Answer:
        return script.pop(0) if script else good(prompt)

    async with fake_model(say) as model:
        before, engine = await both(serve, model, write_documents(tmp_path / "docs"))
        client = await connect(engine.url)
        assert await answered(client) == (
            f"{LENGTH} [1]\n\nSources:\n[1] Rivers of Veldland — https://geo.example/rivers",
            "None",
        )
        script[:] = [BUSY]
        content, warnings = await answered(client)
        assert (content.startswith(f"{LENGTH} [1]"), warnings) == (True, "None")
        for name, (answer, reason) in NO_USE.items():
            script[:] = [answer] * 6
            content, warnings = await answered(client)
            assert content.startswith(LENGTH), name
            assert reason in warnings, name
            script.clear()
        assert {prompt.headers["authorization"] for prompt in model.asked} == {f"Bearer {KEY}"}
        rows = await before.logs(len(model.asked))
        assert {(row.provider, row.model) for row in rows} == {("openai", "openai/test-model")}
        for gateway in (before, engine):
            assert KEY not in await gateway.stop() + gateway.stderr
            kept = [path for path in gateway.data.rglob("*") if path.is_file()]
            assert not any(KEY.encode() in path.read_bytes() for path in kept)
