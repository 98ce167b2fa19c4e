"""The official Parallel library for TypeScript calls every method it has, through the gateway to a local engine."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from pathlib import Path

from node_kit import FOLDER, installed

from conftest import Serve
from support.documents import write_documents

NODE_SECONDS = 120
PAGE = "https://docs.example.test/zorblax"
# What comes of each method; null where nothing is to be said of it.
EXPECTED: dict[str, object] = {
    "search": PAGE,
    "extract": "The Zorblax reservoir",
    "taskRun.create": re.compile("trun_"),
    "taskRun.events": "task_run.state",
    "taskRun.result": "completed",
    "taskRun.retrieve": "completed",
    "taskRun.retrieveInput": "When was the Zorblax reservoir completed?",
    "taskGroup.create": re.compile("tgrp_"),
    "taskGroup.addRuns": re.compile("trun_"),
    "taskGroup.events": "task_group_status",
    "taskGroup.getRuns": ["task_run.state"],
    "taskGroup.retrieve": {"completed": 1},
    "taskGroup.retrieveRun": "completed",
    "beta.findall.ingest": re.compile("reservoir"),
    "beta.findall.create": re.compile("findall_"),
    "beta.findall.events": "findall.status",
    "beta.findall.retrieve": "completed",
    "beta.findall.result": "completed",
    "beta.findall.cancel": {"error": "ConflictError", "status": 409},
    "beta.findall.extend": {"error": "UnprocessableEntityError", "status": 422},
    "beta.findall.enrich": 1,
    "beta.findall.schema": 1,
    "beta.findall.entitySearch": True,
    "beta.memory.retrieve": 2,
    "beta.memory.evict": None,
    "beta.memory.clear": None,
}
# Driven where monitors are tested.
MONITORS = {
    f"monitor.{name}" for name in ("cancel", "create", "events", "list", "retrieve", "trigger", "update")
}


async def test_every_method(serve: Serve, tmp_path: Path) -> None:
    node = installed()
    gateway = await serve(None, "--local-parallel", str(write_documents(tmp_path)))
    await gateway.says("parallel-local: 2 documents")

    def run() -> subprocess.CompletedProcess[str]:
        command = [node, "parallel_local.mjs", f"{gateway.url}/v1/local/default/parallel"]
        return subprocess.run(
            command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=NODE_SECONDS
        )

    done = await asyncio.to_thread(run)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    # The client's own methods have no dot in their names, but for the two that call the API.
    resources = {name for name in told["methods"] if "." in name or name in ("search", "extract")}
    assert resources == EXPECTED.keys() | MONITORS
    for name, expected in EXPECTED.items():
        came = told["came"][name]
        if isinstance(expected, re.Pattern):
            assert expected.match(came[0] if isinstance(came, list) else came), (name, came)
        else:
            assert came == expected, name
    await gateway.stop()
