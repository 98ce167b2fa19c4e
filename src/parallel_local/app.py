"""The composition root: from a folder of documents to an ASGI application.

`create_app` opens everything, the application's lifespan starts and stops the workers. Nothing else in the
package builds its own collaborators.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware

from parallel_local.clock import Clock, SystemClock
from parallel_local.fetch.page import PageFetcher
from parallel_local.findall.entity_index import EntityIndex
from parallel_local.retrieval.library import Library
from parallel_local.runs.engine import RunEngine
from parallel_local.runs.findall import FindAllKind
from parallel_local.runs.findall_service import FindAllService
from parallel_local.runs.groups import TaskGroups
from parallel_local.runs.interactions import Interactions
from parallel_local.runs.signals import Signals
from parallel_local.runs.store import RunStore
from parallel_local.runs.tasks import TaskKind
from parallel_local.web.answers import ErrorAnswers
from parallel_local.web.auth import ApiKeyGuard
from parallel_local.web.chat import ChatApi
from parallel_local.web.extract import ExtractApi
from parallel_local.web.findall import FindAllApi
from parallel_local.web.findall_events import FindAllEventsApi
from parallel_local.web.groups import GroupApi
from parallel_local.web.search import SearchApi
from parallel_local.web.task_events import TaskEventsApi
from parallel_local.web.tasks import TaskApi

_THREADS = 4


class Engine:
    """Everything the application holds open; found as `app.state.engine`."""

    def __init__(self, docs: Path, data: Path, clock: Clock, workers: int) -> None:
        self.library = Library.open(docs, data)
        try:
            self.store = RunStore(data / "runs.db")
        except BaseException:
            self.library.close()
            raise
        self.signals = Signals(clock)
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="parallel-local")
        self.interactions = Interactions(self.store)
        self.runs = RunEngine(self.store, self.signals, clock, workers)
        self.tasks = self.runs.add(TaskKind(self.library, self.interactions, clock, self.threads))
        self.groups = TaskGroups(self.store, self.signals, self.tasks, clock)
        self.entities = EntityIndex(self.library)
        self.findall = self.runs.add(
            FindAllKind(self.library, self.entities, self.store, clock, self.threads)
        )
        self.findall_service = FindAllService(self.findall, self.store, clock)

    def end_waits(self) -> None:
        """Let every long poll and event stream end now; call it when the server starts to shut down."""
        self.signals.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Resume unfinished runs and work on the queue until the block is left, then close everything."""
        try:
            async with self.runs.working():
                yield
        finally:
            await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Wait for threads and release all files. Only an application that was never served needs this call."""
        self.threads.shutdown(cancel_futures=True)
        self.library.close()
        self.store.close()


def create_app(
    docs: Path,
    data: Path,
    *,
    api_key: str | None = None,
    clock: Clock | None = None,
    fetcher: PageFetcher | None = None,
    workers: int = 2,
) -> Starlette:
    """The engine over the documents in `docs`, with its index and runs in `data`.

    Indexing happens here, before anything is served; see `Library.open`. With `api_key` only that key is
    accepted, otherwise any. `workers` runs of each kind are carried out at a time; 0 leaves them queued. The
    workers live in the application's lifespan, so a host application has to enter it.
    """
    time = clock or SystemClock()
    engine = Engine(docs, data, time, workers)
    threads, library = engine.threads, engine.library
    apis = (
        SearchApi(library, time, threads),
        ExtractApi(library, time, threads, fetcher or PageFetcher()),
        TaskApi(engine.tasks, engine.interactions, time),
        TaskEventsApi(engine.tasks, time),
        GroupApi(engine.groups, time),
        ChatApi(library, engine.interactions, time, threads),
        FindAllApi(engine.entities, engine.findall, engine.findall_service, time, threads),
        FindAllEventsApi(engine.findall, time),
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with engine.running():
            yield

    app = Starlette(
        routes=[route for api in apis for route in api.routes()],
        middleware=[Middleware(ApiKeyGuard, api_key=api_key)],
        exception_handlers=ErrorAnswers(time).handlers(),
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.engine = engine
    return app
