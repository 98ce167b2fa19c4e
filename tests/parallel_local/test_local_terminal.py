"""`parallel-local ask` and `search`: over a folder and over an engine, for people, pipes and programs."""

import asyncio
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from local_engine import served, write_documents
from local_vectors import write_model

from parallel_local.cli import main

QUESTION = "When was the Amber River dammed?"
RIVERS = "https://geo.example/rivers"
HOSTILE = """---
title: "Bells \\x1b[31m and \\u202e whistles"
---
The bell \x1b]0;owned\x07 weighs 40 \x9b1m tonnes.
"""


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Indexes stay in the folder of the test, and nobody watches."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("FORCE_COLOR", "PARALLEL_LOCAL_API_KEY", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def docs(tmp_path: Path) -> str:
    return str(write_documents(tmp_path / "docs"))


def called(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_a_question_to_a_folder(docs: str) -> None:
    done = called("ask", "--docs", docs, *QUESTION.split())
    assert done.exit_code == 0, done.output
    assert "3 May 1961" in done.stdout
    assert RIVERS in done.stdout
    assert "Confidence: high" in done.stdout
    assert "\x1b" not in done.stdout


def test_the_samples_are_asked_without_a_folder() -> None:
    done = called("search", "Secretary-General of the United Nations", "--limit", "1")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("[1] ")


@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_folder_behind_a_question_is_no_part_of_it(command: str, docs: str) -> None:
    done = called(command, "When was it dammed?", docs)
    assert done.exit_code == 2
    assert f"--docs {docs}" in " ".join(done.stderr.split())
    assert called(command, "--docs", docs, "Where is the Amber River in", docs).exit_code != 2  # meant so


@pytest.mark.parametrize("command", [(), ("serve",), ("ask",), ("search",), ("webhook-secret",)])
def test_short_help_is_help(command: tuple[str, ...]) -> None:
    assert called(*command, "-h").stdout == called(*command, "--help").stdout != ""


def test_a_mistyped_command(tmp_path: Path) -> None:
    done = called("srve", str(tmp_path))
    assert (done.exit_code, "Did you mean 'serve'?" in done.stderr) == (2, True)


@pytest.mark.parametrize("processor", ["lite", "base", "core"])
def test_json_of_an_answer(docs: str, processor: str) -> None:
    done = called("ask", QUESTION, "--docs", docs, "--json", "--processor", processor)
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert (told["question"], told["found"], told["confidence"]) == (QUESTION, True, "high")
    assert told["citations"][0]["url"] == RIVERS
    assert any("3 May 1961" in excerpt for excerpt in told["citations"][0]["excerpts"])


def test_a_search_of_a_folder(docs: str) -> None:
    shown = called("search", "Acme", "Robotics", "--docs", docs)
    told = json.loads(called("search", "Acme Robotics", "--docs", docs, "--json").stdout)
    one = json.loads(called("search", "Acme Robotics", "--docs", docs, "--json", "--limit", "1").stdout)
    assert shown.exit_code == 0
    assert shown.stdout.startswith("[1] ")
    for result in told["results"]:
        assert result["url"] in shown.stdout
    assert len(told["results"]) == 2
    assert one["results"][0]["url"] == told["results"][0]["url"]
    assert len(one["results"]) == 1


@pytest.mark.parametrize("command", ["ask", "search"])
def test_nothing_found_has_a_code_of_its_own(docs: str, command: str) -> None:
    plain = called(command, "zeppelin maintenance", "--docs", docs)
    told = called(command, "zeppelin maintenance", "--docs", docs, "--json")
    assert plain.exit_code == told.exit_code == 1
    assert "not found" in plain.stdout.lower() or "nothing found" in plain.stdout
    assert json.loads(told.stdout).get("results", []) == []


def test_a_terminal_has_colours(docs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for command in (["ask", QUESTION], ["search", "Amber River"]):
        done = called(*command, "--docs", docs)
        assert done.exit_code == 0
        assert "\x1b[" in done.stdout
        (line,) = called(*command, "--docs", docs, "--json").stdout.splitlines()
        assert json.loads(line)


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize("command", ["ask", "search"])
def test_documents_drive_no_terminal(tmp_path: Path, command: str, options: list[str]) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "bell.md").write_text(HOSTILE)
    done = called(command, "How much weighs the bell?", "--docs", str(folder), *options)
    assert done.exit_code == 0, done.output
    assert "tonnes" in done.stdout
    for character in "\x1b\x07\x9b\u202e":
        assert character not in done.stdout


@pytest.mark.parametrize("command", ["ask", "search"])
@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [" "],
        ["x", "--docs", "/no/such/folder"],
        ["x", "--url", "http://127.0.0.1:1"],
        ["x", "--url", "ftp://127.0.0.1/"],
        ["x", "--url", "nonsense"],
        ["x", "--url", "http://127.0.0.1:1", "--docs", "."],
        ["x", "--processor", "huge"],
        ["x", "--limit", "0"],
        ["x" * 26_000],
    ],
)
def test_what_cannot_be_carried_out(command: str, arguments: list[str]) -> None:
    done = called(command, *arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Error: " in done.stderr


@pytest.mark.parametrize("options", [["-h"], ["--help"]])
@pytest.mark.parametrize("command", [[], ["ask"], ["search"], ["serve"]])
def test_help_in_both_ways(command: list[str], options: list[str]) -> None:
    done = called(*command, *options)
    assert done.exit_code == 0
    assert "Usage: " in done.stdout


def test_the_guide_names_every_option() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "parallel-local.md").read_text()
    for name in ("ask", "search"):
        command = main.commands[name]
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert f"`{parameter.opts[0]}" in guide, parameter.opts


async def test_an_engine_is_asked_by_its_url(tmp_path: Path) -> None:
    async with asyncio.timeout(60), served(tmp_path) as url:
        asked = await asyncio.to_thread(called, "ask", QUESTION, "--url", url, "--api-key", "k")
        found = await asyncio.to_thread(called, "search", "Amber River", "--url", url + "/", "--json")
        nowhere = await asyncio.to_thread(called, "ask", QUESTION, "--url", url + "/nope")
    assert asked.exit_code == 0, asked.output
    assert "3 May 1961" in asked.stdout
    assert json.loads(found.stdout)["results"][0]["url"] == RIVERS
    assert nowhere.exit_code == 2
    assert "404" in nowhere.stderr


async def test_what_answers_and_is_no_engine(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length: ")[2].split()[0]))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with asyncio.timeout(60), server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        done = await asyncio.to_thread(called, "search", "x", "--url", url)
    assert done.exit_code == 2
    assert "no engine" in done.stderr


# -- models


def test_a_search_by_what_is_meant(tmp_path: Path) -> None:
    folder = tmp_path / "garage"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n\nThe car stands in the garage.\n")
    (folder / "b.md").write_text("# B\n\nA pear lies on the table.\n")
    model = write_model(tmp_path / "model")
    asked = ("search", "automobile", "--docs", str(folder), "--json")
    assert called(*asked).exit_code == 1
    found = called(*asked, "--embeddings", str(model))
    assert found.exit_code == 0, found.output
    assert "The car stands in the garage." in json.loads(found.stdout)["results"][0]["excerpts"][0]


@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_model_that_is_not_there_is_named(docs: str, command: str, tmp_path: Path) -> None:
    done = called(command, "river", "--docs", docs, "--embeddings", str(tmp_path / "nothing"))
    assert done.exit_code == 2
    assert "there is no such folder" in done.stderr


def test_a_model_without_an_address_is_refused(docs: str) -> None:
    done = called("ask", "river", "--docs", docs, "--model", "small")
    assert done.exit_code != 0
    assert "--model-url" in done.stderr
