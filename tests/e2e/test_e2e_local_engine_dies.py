"""The local engine dies again and again: whoever wants it hears so at once, and nobody else notices."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from restart_kit import CHAT, QUICKLY, becomes, kill, kill_again, started

from conftest import Connect, Serve
from support.client import Answer, Client
from support.configuration import openai
from support.documents import write_documents
from support.upstream import Upstream
from support.waiting import comes

SLOWLY = "[server.timeouts]\nrestart = 3600\n"


async def _search(client: Client, gateway: str = "acct/gw") -> Answer:
    body = json.dumps({"search_queries": ["Zorblax reservoir"]}).encode()
    return await client.ask("POST", f"/v1/{gateway}/parallel/v1/search", ("x-api-key", "k"), body=body)


async def test_calls_to_an_engine_that_is_down_for_longer_are_refused_at_once(
    serve: Serve, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    documents = str(write_documents(tmp_path))
    gateway = await serve(openai(upstream.url, SLOWLY), "--local-parallel", documents, "--workers", "2")
    client = await connect(gateway.url)
    await kill_again(gateway, "local-parallel", 5)
    await kill(gateway, "local-parallel")
    answer = await _search(client)
    assert answer.status == 502
    assert "nobody serves this socket now, see `penstock doctor`" in answer.json()["description"]
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    said = await becomes(client, "degraded")
    assert said.http == 200
    assert said.degraded[0].startswith("local-parallel ended with signal SIGKILL, 6 times in a row; it is ")
    await started(gateway, "local-parallel", 7)

    async def answers() -> bool | None:
        return True if (await _search(client)).status == 200 else None

    await comes(answers, "the engine")
    await gateway.stop()
    assert not (gateway.data / "parallel-local.sock").exists()


async def test_an_engine_whose_documents_are_gone_is_back_when_they_are(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    documents = write_documents(tmp_path)
    gateway = await serve(QUICKLY, "--local-parallel", str(documents))
    client = await connect(gateway.url)
    assert (await _search(client, "local/default")).status == 200
    shutil.move(documents, tmp_path / "aside")
    await kill(gateway, "local-parallel")
    await gateway.says("local-parallel ended with exit code 2")

    async def answers(status: int) -> bool | None:
        return True if (await _search(client, "local/default")).status == status else None

    await comes(lambda: answers(502), "the refusal of calls to the engine")
    shutil.move(tmp_path / "aside", documents)
    await comes(lambda: answers(200), "the engine")
    await gateway.stop()
