"""Every command of `parallel-cli` that calls the API, against an engine on a socket; a new command fails here."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from local_contract import Json
from local_engine import served
from parallel_web_tools.cli.commands import main  # type: ignore[import-untyped]

from parallel_local.runs.processors import PROCESSORS

PROGRAM = str(Path(sys.executable).with_name("parallel-cli"))
SECONDS = 120
QUESTION = "How long is the Amber River?"
RIVERS = "https://geo.example/rivers"
DRIVEN = {
    *("search", "extract", "fetch"),
    *("research run", "research status", "research poll", "research processors"),
    *("enrich run", "enrich status", "enrich poll"),
    *("findall run", "findall ingest", "findall entity-search", "findall status", "findall poll"),
    *("findall result", "findall cancel", "findall enrich", "findall extend", "findall schema"),
    *("memory retrieve", "memory evict", "memory clear"),
}
# Not of the API: this machine's own settings, other services (accounts, cloud warehouses), and a host that is fixed.
ELSEWHERE = {
    *("auth", "login", "logout", "update", "config", "completion show", "completion install"),
    *("skills list", "skills install", "skills uninstall", "skills reinstall"),
    *("balance get", "balance add", "enrich deploy", "enrich suggest"),
}
# Driven where monitors are tested.
MONITORS = {f"monitor {name}" for name in ("create", "list", "get", "update", "cancel", "events", "trigger")}


def commands(command: click.Command, path: str = "") -> Iterator[str]:
    """What can be called, by its words."""
    if not isinstance(command, click.Group):
        yield path
        return
    for name, below in command.commands.items():
        yield from commands(below, f"{path} {name}".strip())


async def said(url: str, home: Path, *arguments: str, code: int = 0) -> str:
    """What a command says to programs."""
    environ = {**os.environ, "HOME": str(home), "PARALLEL_API_KEY": "k", "PARALLEL_API_URL": url}

    def run() -> subprocess.CompletedProcess[str]:
        command = [PROGRAM, *arguments, "--json"]
        return subprocess.run(
            command, cwd=home, env=environ, capture_output=True, text=True, check=False, timeout=SECONDS
        )

    done = await asyncio.to_thread(run)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


async def told(url: str, home: Path, *arguments: str) -> Json:
    """The same, as an object."""
    return dict(json.loads(await said(url, home, *arguments)))


def test_every_command_is_known() -> None:
    assert set(commands(main)) == DRIVEN | ELSEWHERE | MONITORS


async def test_search_and_extract(tmp_path: Path) -> None:
    async with served(tmp_path) as url:
        found = await told(url, tmp_path, "search", QUESTION, "--mode", "turbo", "--max-age-seconds", "600")
        taken = [await told(url, tmp_path, name, RIVERS, "--full-content") for name in ("extract", "fetch")]
    assert json.dumps(found["results"]).count(RIVERS) == 1
    assert all("Stone Brook" in json.dumps(one) for one in taken)


async def test_research(tmp_path: Path) -> None:
    async with served(tmp_path) as url:
        wanted = ("research", "run", QUESTION, "--text", "--poll-interval", "1")
        done = await told(url, tmp_path, *wanted, "--processor", "lite-fast")
        begun = await told(url, tmp_path, *wanted, "--no-wait")
        run_id = str(begun["run_id"])
        polled = await told(url, tmp_path, "research", "poll", run_id, "--poll-interval", "1", "-o", "report")
        status = await told(url, tmp_path, "research", "status", run_id)
        names = json.loads(await said(url, tmp_path, "research", "processors"))
    assert "412 kilometers" in json.dumps(done["output"])
    assert "412 kilometers" in json.dumps(polled["output"])
    assert "412 kilometers" in (tmp_path / "report.md").read_text()
    assert status["status"] == "completed"
    assert all(name in json.dumps(names) for name in ("lite-fast", "ultra8x"))
    assert {"lite-fast", "ultra8x"} <= PROCESSORS.keys()


async def test_enrichment(tmp_path: Path) -> None:
    columns = [{"name": "company", "description": "its name"}]
    wanted = [{"name": "ceo", "description": "name of the chief executive", "type": "string"}]
    order = (
        *("enrich", "run", "--data", json.dumps([{"company": "Acme Robotics"}]), "--target", "out.csv"),
        *("--source-columns", json.dumps(columns), "--enriched-columns", json.dumps(wanted)),
        *("--processor", "lite-fast"),
    )
    async with served(tmp_path) as url:
        rows = json.loads(await said(url, tmp_path, *order))
        begun = await told(url, tmp_path, *order, "--no-wait")
        group = str(begun["taskgroup_id"])
        polled = await said(url, tmp_path, "enrich", "poll", group, "--poll-interval", "1")
        status = await told(url, tmp_path, "enrich", "status", group)
    assert rows[0]["ceo"] == "Ada Fairweather"
    assert "Ada Fairweather" in polled
    assert status["is_active"] is False


async def test_findall(tmp_path: Path) -> None:
    objective = "Find robotics companies that raised money"
    fields = {"type": "object", "properties": {"ceo": {"type": "string"}}, "required": ["ceo"]}
    async with served(tmp_path) as url:
        schema = await told(url, tmp_path, "findall", "ingest", objective)
        done = await told(url, tmp_path, "findall", "run", objective, "-g", "base", "--poll-interval", "1")
        id_ = str(done["findall_id"])
        await said(url, tmp_path, "findall", "extend", id_, "5", code=4)
        await said(url, tmp_path, "findall", "cancel", id_, code=4)
        enriched = await told(url, tmp_path, "findall", "enrich", id_, json.dumps(fields), "-p", "lite")
        polled = await told(url, tmp_path, "findall", "poll", id_, "--poll-interval", "1")
        shown = [await said(url, tmp_path, "findall", name, id_) for name in ("status", "result", "schema")]
        entities = await said(url, tmp_path, "findall", "entity-search", objective, "-t", "companies")
    assert schema["entity_type"] == "companies"
    assert "Acme Robotics" in json.dumps(done)
    assert "ceo" in json.dumps(enriched)
    assert "Ada Fairweather" in json.dumps(polled)
    assert "completed" in shown[0]
    assert "Acme Robotics" in shown[1]
    assert "ceo" in shown[2]
    assert "Acme Robotics" in entities


async def test_memory(tmp_path: Path) -> None:
    scope = ("--scope-key", "team")
    async with served(tmp_path) as url:
        order = ("research", "run", QUESTION, "-p", "lite-fast", "--poll-interval", "1", *scope)
        run_id = str((await told(url, tmp_path, *order))["run_id"])
        kept = await told(
            url, tmp_path, "memory", "retrieve", "Amber", "--since", "2020-01-01T00:00:00Z", *scope
        )
        elsewhere = await told(url, tmp_path, "memory", "retrieve")
        await said(url, tmp_path, "memory", "evict", "--kind", "task", "--id", run_id, *scope)
        gone = await told(url, tmp_path, "memory", "retrieve", *scope)
        await said(url, tmp_path, "memory", "clear", "--confirm-clear", *scope)
    assert run_id in json.dumps(kept)
    assert elsewhere["results"] == gone["results"] == []
