"""`langchain-parallel`, which asks at older paths and polls run after run, through the gateway to the local engine."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

from langchain_kit import FOLDER, interpreter
from runs_kit import ledger_of

from conftest import Connect, Serve
from support.documents import write_documents
from support.waiting import soon

SECONDS = 180
KEY = "parallel-key-1"


async def test_everything_that_it_does(serve: Serve, tmp_path: Path, connect: Connect) -> None:
    python = await asyncio.to_thread(interpreter)
    gateway = await serve(None, "--local-parallel", str(write_documents(tmp_path)))
    await gateway.says("parallel-local: 2 documents")
    base_url = f"{gateway.url}/v1/local/default/parallel"
    process = await asyncio.create_subprocess_exec(
        python, str(FOLDER / "drive.py"), base_url, KEY, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await soon(process.communicate(), SECONDS)
    told: dict[str, object] = {}
    for line in said.splitlines():
        told |= json.loads(line)
    for name in ("search", "retriever", "extract", "chat", "task", "group"):
        assert "1987" in json.dumps(told[name]), told[name]
    assert "failed" not in json.dumps(told["findall"])[:20]
    runs = ledger_of(gateway.data).values()
    assert Counter(run.kind.value for run in runs) == {"task": 3, "group": 1, "findall": 1}
    assert not [run.id for run in runs if run.is_active]
    others = await connect(gateway.url)
    for run in runs:
        kind = {"task": "v1/tasks/runs", "group": "v1beta/tasks/groups", "findall": "v1beta/findall/runs"}[
            run.kind
        ]
        path = f"/v1/local/default/parallel/{kind}/{run.id}"
        assert (await others.ask("GET", path, ("x-api-key", "another"))).status == 404
        assert (await others.ask("GET", path, ("x-api-key", KEY))).status == 200
    await gateway.stop()
