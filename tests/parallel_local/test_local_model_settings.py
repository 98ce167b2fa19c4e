"""Naming a language model: what is refused at start, where the key comes from, and that nobody sees it."""

import json
import logging
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from local_engine import engine, write_documents
from local_model import KEY, Prompt, fake_model

from conftest import Connect, OpenGateway, Serve
from parallel_local.cli import main
from parallel_local.model.budget import budget_for, judging_budget
from parallel_local.model_server.settings import (
    ModelSettings,
    Secret,
    SettingsError,
    Stated,
    read_settings,
)
from parallel_local.runs.processors import PROCESSORS
from support.configuration import gateways, providers

URL = "https://api.example/v1"
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "parallel-local.md"
LENGTH = "The Amber River is 412 kilometers long."


def good(prompt: Prompt) -> dict[str, object]:
    """A model that answers the one question of these tests."""
    if prompt.kind == "queries":
        return {"queries": []}
    return {"found": True, "claims": [{"text": LENGTH, "quotes": [prompt.quote("412")]}]}


def test_no_model_is_the_rule() -> None:
    assert read_settings(Stated(), {}) is None


@pytest.mark.parametrize(
    "url", [URL, f"{URL}/", "http://127.0.0.1:8787/v1", "http://[::1]:11434/v1", "https://h"]
)
def test_base_urls(url: str) -> None:
    settings = read_settings(Stated(url, "org/model:tag"), {})
    assert settings == ModelSettings(url.rstrip("/"), "org/model:tag", None)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        (Stated(url=URL), "--model"),
        (Stated(model="m"), "--model-url"),
        (Stated(key_env="X"), "--model-url"),
        (Stated("ftp://h", "m"), "address"),
        (Stated("api.example/v1", "m"), "address"),
        (Stated("http://", "m"), "address"),
        (Stated("http://h:0/v1", "m"), "address"),
        (Stated("http://h:99999/v1", "m"), "valid"),
        (Stated("http://[h/v1", "m"), "valid"),
        (Stated(f"https://user:{KEY}@h/v1", "m"), "password"),
        (Stated(f"{URL}?key={KEY}", "m"), "path"),
        (Stated(f"{URL}#x", "m"), "path"),
        (Stated(f"{URL}/chat/completions", "m"), "base URL"),
        (Stated(f"{URL}/chat/completions/", "m"), "base URL"),
        (Stated("http://h/v 1", "m"), "characters"),
        (Stated("http://h/\r\nx-a: b", "m"), "characters"),
        (Stated(URL, "my model"), "blanks"),
        (Stated(URL, "m\n"), "blanks"),
        (Stated(URL, "m", "NO_SUCH"), "--model-key-env"),
        (Stated(URL, "m", "EMPTY"), "--model-key-env"),
        (Stated(URL, "m", "TWO_LINES"), "one line"),
        (Stated(URL, "m", "FOREIGN"), "ASCII"),
        (Stated(URL, "m", "GOOD", "file"), "exclude"),
        (Stated(URL, "m", "", "/no/such/file"), "FileNotFoundError"),
    ],
)
def test_settings_that_nobody_can_be_called_with(stated: Stated, reason: str) -> None:
    environment = {"EMPTY": " ", "TWO_LINES": f"{KEY}\nx", "FOREIGN": f"{KEY}é", "GOOD": KEY}
    with pytest.raises(SettingsError) as refused:
        read_settings(stated, environment)
    assert reason in str(refused.value)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("where", ["environment", "file"])
def test_keys_come_from_where_they_are_named(tmp_path: Path, where: str) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    named = (
        Stated(URL, "m", "THE_KEY") if where == "environment" else Stated(URL, "m", "", str(tmp_path / "key"))
    )
    settings = read_settings(named, {"THE_KEY": KEY})
    assert settings is not None
    assert settings.key is not None
    assert settings.key.reveal() == KEY
    assert KEY not in f"{settings} {settings!r} {settings.key}"


@pytest.mark.parametrize(
    "options",
    [
        ("--model-url", "nowhere", "--model", "m"),
        ("--model", "m"),
        ("--model-url", URL, "--model", "m", "--model-key-env", "NO_SUCH_VARIABLE"),
    ],
)
def test_the_program_does_not_start_with_them(tmp_path: Path, options: tuple[str, ...]) -> None:
    docs = write_documents(tmp_path / "docs")
    ended = CliRunner().invoke(main, ["serve", str(docs), "--data", str(tmp_path / "data"), *options])
    assert ended.exit_code == 1
    assert ended.output.startswith("Error: ")
    assert "--model" in ended.output
    assert not (tmp_path / "data").exists()


async def test_the_key_goes_to_the_server_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with fake_model(good) as model, engine(tmp_path, model=model.settings) as call:
        task = {"input": "How long is the Amber River?", "processor": "lite"}
        run = (await call.post("/v1/tasks/runs", task)).json()
        whole = (await call.get(f"/v1/tasks/runs/{run['run_id']}/result")).text
    assert [prompt.headers["authorization"] for prompt in model.asked] == [f"Bearer {KEY}"] * 2
    assert {prompt.path for prompt in model.asked} == {"/v1/chat/completions"}
    assert KEY not in caplog.text
    assert KEY not in whole
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert KEY.encode() not in kept


async def test_without_a_key_no_header_is_sent(tmp_path: Path) -> None:
    async with (
        fake_model(good) as model,
        engine(tmp_path, model=ModelSettings(f"{model.url}/v1", "m")) as call,
    ):
        await call.run({"input": "How long is the Amber River?", "processor": "lite"})
    assert all("authorization" not in prompt.headers for prompt in model.asked)


async def test_a_model_behind_the_gateway(tmp_path: Path, open_gateway: OpenGateway) -> None:
    """The gateway beside the engine is a base URL like any other; it logs what the model was asked."""
    async with fake_model(good) as model:
        text = gateways("local", default={}) + providers({"openai": f"{model.url}/v1"})
        gateway = await open_gateway(text)
        settings = ModelSettings(f"{gateway.url}/v1", "openai/test-model", Secret(KEY))
        async with engine(tmp_path, model=settings) as call:
            output = await call.run(
                {
                    "input": "How long is the Amber River?",
                    "processor": "lite",
                    "task_spec": {"output_schema": "answer"},
                }
            )
        rows = await gateway.rows(2)
    assert str(output["content"]).startswith(f"{LENGTH} [1]")
    assert {prompt.body["model"] for prompt in model.asked} == {"test-model"}
    assert {row.provider for row in rows} == {"openai"}


async def test_the_engine_within_the_gateway_takes_it_from_the_environment(
    tmp_path: Path, serve: Serve, connect: Connect
) -> None:
    docs = write_documents(tmp_path / "docs")
    async with fake_model(good) as model:
        environment = {
            "PARALLEL_LOCAL_MODEL_URL": f"{model.url}/v1",
            "PARALLEL_LOCAL_MODEL": "test-model",
            "PARALLEL_LOCAL_MODEL_KEY_ENV": "THE_KEY",
            "THE_KEY": KEY,
        }
        gateway = await serve(None, "--local-parallel", str(docs), environ=environment)
        await gateway.says("parallel-local: ")
        question = {
            "model": "base",
            "messages": [{"role": "user", "content": "How long is the Amber River?"}],
        }
        answer = await (await connect(gateway.url)).ask(
            "POST",
            "/v1/local/default/parallel/v1beta/chat/completions",
            ("x-api-key", "k"),
            ("content-type", "application/json"),
            body=json.dumps(question).encode(),
        )
        await gateway.stop()
    assert answer.json()["choices"][0]["message"]["content"].startswith(f"{LENGTH} [1]")
    assert model.asked[0].headers["authorization"] == f"Bearer {KEY}"


# -- budgets


def test_every_processor_has_a_budget() -> None:
    for name in PROCESSORS:
        assert budget_for(name).seconds >= 30, name
        fast, whole = budget_for(f"{name.removesuffix('-fast')}-fast"), budget_for(name.removesuffix("-fast"))
        assert (fast.tokens, fast.seconds) < (whole.tokens, whole.seconds)
        assert (fast.queries, fast.hops) <= (whole.queries, whole.hops)


def test_larger_processors_may_use_more() -> None:
    order = ["lite", "base", "core", "core2x", "pro", "ultra", "ultra2x", "ultra4x", "ultra8x"]
    budgets = [budget_for(name) for name in order]
    for smaller, larger in pairwise(budgets):
        assert smaller.tokens < larger.tokens
        assert (smaller.queries, smaller.hops, smaller.documents) <= (
            larger.queries,
            larger.hops,
            larger.documents,
        )


def test_the_guide_has_all_budgets() -> None:
    guide = GUIDE.read_text()
    for name in ("speed", "lite", "base", "core", "core2x", "pro", "ultra", "ultra2x", "ultra4x", "ultra8x"):
        one = budget_for(name)
        found = f"{one.queries} | {one.hops} | {one.documents} | {one.calls}"
        assert f"| `{name}` | {found} | {one.tokens:,} | {one.seconds:g} s |" in guide
    for name in ("preview", "base", "core", "pro"):
        judging = judging_budget(name)
        assert (
            f"| `{name}` | {judging.batch} | {judging.calls} | {judging.tokens:,} | {judging.seconds:g} s |"
            in guide
        )
