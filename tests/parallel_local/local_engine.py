"""A small folder of documents and an engine over it, in process or on a socket."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from local_contract import frames
from local_watch import Watched

from parallel_local.app import create_app
from parallel_local.clock import Clock
from parallel_local.engine import Engine
from parallel_local.fetch.page import PageFetcher
from parallel_local.fetch.post import HookSender
from parallel_local.model_server.settings import ModelSettings
from parallel_local.server import EngineServer

DOCUMENTS = {
    "rivers.md": """---
title: Rivers of Veldland
url: https://geo.example/rivers
date: 2025-03-04
---
# Rivers of Veldland

## Length

The Amber River is 412 kilometers long. The Amber River was dammed on 3 May 1961.

## Tributaries

- The Little Amber joins in Norwick.
- The Stone Brook joins in Eastham.
""",
    "acme.md": """---
title: Acme Robotics raises money
url: https://www.news.example/acme
date: 2026-06-01
entities:
  - name: Acme Robotics
    type: robotics company
    url: https://acme.example
    ceo: Ada Fairweather
---
# Acme Robotics raises money

Acme Robotics is a robotics company in Norwick. Acme Robotics raised $12 million in May 2026.
The CEO of Acme Robotics is Ada Fairweather. Acme Robotics was founded in 2019 and has 45 employees.

| Investor | Amount |
| --- | --- |
| North Fund | $8 million |
| South Fund | $4 million |
""",
    "companies.md": """---
title: Robotics companies compared
date: 2026-05-05
---
# Robotics companies compared

| Company | CEO | Website |
| --- | --- | --- |
| Acme Robotics | Ada Fairweather | https://acme.example |
| Borealis Arms | Bo Lindgren | https://borealis.example |
| Cinder Motion | Cy Okafor | https://cinder.example |

Borealis Arms has never raised money. Cinder Motion raised money in 2014.
""",
    "notes/plain.txt": "Plain notes about lighthouse keepers. The lighthouse of Norwick has 210 steps.\n",
    "page.html": """<html><head><title>Harbor guide</title>
<meta property="article:published_time" content="2024-02-03T10:00:00Z"></head>
<body><nav>Menu</nav><main><h1>Harbor guide</h1>
<p>The harbor of Norwick opened in 1888.</p></main></body></html>""",
}
HEADERS = {"x-api-key": "any"}


def write_documents(folder: Path) -> Path:
    """The sample folder."""
    for name, text in DOCUMENTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


class Caller:
    """An HTTP client with the requests that tests make."""

    def __init__(self, client: httpx.AsyncClient, engine: Engine | None = None) -> None:
        self.client = client
        self._engine = engine

    @property
    def engine(self) -> Engine:
        """The engine itself, where it is in this process."""
        assert self._engine is not None
        return self._engine

    async def get(self, path: str, **params: str | int) -> httpx.Response:
        return await self.client.get(path, params=params or None)

    async def delete(self, path: str) -> httpx.Response:
        return await self.client.delete(path)

    async def post(
        self, path: str, body: object = None, *, beta: str | None = None, raw: bytes | None = None
    ) -> httpx.Response:
        headers = {"parallel-beta": beta} if beta else {}
        content = raw if raw is not None else json.dumps(body).encode()
        return await self.client.post(path, content=content, headers=headers)

    async def run(self, body: object, *, beta: str | None = None) -> dict[str, object]:
        """Create a task run and return its output."""
        created = await self.post("/v1/tasks/runs", body, beta=beta)
        assert created.status_code == 202, created.text
        result = await self.get(f"/v1/tasks/runs/{created.json()['run_id']}/result")
        assert result.status_code == 200, result.text
        output: dict[str, object] = result.json()["output"]
        return output

    async def events(self, path: str, **params: str | int) -> list[dict[str, object]]:
        """The frames of a stream that ends by itself."""
        response = await self.get(path, **params)
        assert response.status_code == 200, response.text
        return [json.loads(data) for data in frames(response.content)]


@asynccontextmanager
async def engine(
    base: Path,
    *,
    docs: Path | None = None,
    clock: Clock | None = None,
    workers: int = 1,
    api_key: str | None = None,
    fetcher: PageFetcher | None = None,
    sender: HookSender | None = None,
    secrets: Sequence[str] = (),
    model: ModelSettings | None = None,
    watch: bool = False,
) -> AsyncIterator[Caller]:
    """An engine called in process, held to the contract; `base` keeps its data from one use to the next.

    It follows no folder unless it is to `watch`: a test says when it looks.
    """
    folder = docs or write_documents(base / "docs")
    app = create_app(
        folder,
        base / "data",
        clock=clock,
        workers=workers,
        api_key=api_key,
        fetcher=fetcher,
        sender=sender,
        webhook_secrets=secrets,
        model=model,
        watch=watch,
    )
    watched = Watched(app)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(watched)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://engine", headers=HEADERS
        ) as client:
            yield Caller(client, app.state.engine)
    assert not watched.broken, "\n".join(watched.broken)


@asynccontextmanager
async def served(base: Path, *, workers: int = 1) -> AsyncIterator[str]:
    """The base URL of an engine on a loopback socket, held to the contract.

    It looks for changes by itself: of the system's watchers each user has but a few.
    """
    app = create_app(write_documents(base / "docs"), base / "data", workers=workers, poll=True)
    listener = socket.create_server(("127.0.0.1", 0))
    ready = asyncio.Event()
    watched = Watched(app)
    server = EngineServer(watched, app.state.engine, ready.set, lambda: None)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    await ready.wait()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()
    assert not watched.broken, "\n".join(watched.broken)
