"""The composition root: from a folder of documents to an ASGI application.

`create_app` opens everything, the application's lifespan starts and stops the workers. Nothing else in the
package builds its own collaborators.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from parallel_local.clock import Clock, SystemClock
from parallel_local.fetch.page import PageFetcher
from parallel_local.fetch.post import HookSender
from parallel_local.monitors.journal import Journal
from parallel_local.retrieval.library import Library
from parallel_local.runs.deliveries import Deliveries
from parallel_local.runs.engine import RunEngine
from parallel_local.runs.findall import FindAllKind
from parallel_local.runs.findall_service import FindAllService
from parallel_local.runs.groups import TaskGroups
from parallel_local.runs.interactions import Interactions
from parallel_local.runs.monitor_schedule import MonitorSchedule
from parallel_local.runs.monitor_service import MonitorService
from parallel_local.runs.monitors import MonitorKind
from parallel_local.runs.signals import Signals
from parallel_local.runs.store import RunStore
from parallel_local.runs.tasks import TaskKind
from parallel_local.runs.webhook_secret import own_secret
from parallel_local.web.answers import ErrorAnswers
from parallel_local.web.auth import ApiKeyGuard
from parallel_local.web.chat import ChatApi
from parallel_local.web.extract import ExtractApi
from parallel_local.web.findall import FindAllApi
from parallel_local.web.findall_events import FindAllEventsApi
from parallel_local.web.groups import GroupApi
from parallel_local.web.monitors import MonitorApi
from parallel_local.web.monitors_alpha import AlphaMonitorApi
from parallel_local.web.search import SearchApi
from parallel_local.web.task_events import TaskEventsApi
from parallel_local.web.tasks import TaskApi

_THREADS = 4  # for what is answered at once
_FEWEST_WORKERS = 2


class Engine:
    """Everything the application holds open; found as `app.state.engine`."""

    def __init__(
        self, docs: Path, data: Path, clock: Clock, workers: int, sender: HookSender, secrets: Sequence[str]
    ) -> None:
        self.library = Library.open(docs, data)
        try:
            self.store = RunStore(data / "runs.db")
        except BaseException:
            self.library.close()
            raise
        self.signals = Signals(clock)
        # A search never waits for a run: each has threads of its own.
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="parallel-local")
        self.run_threads = ThreadPoolExecutor(max(workers, 1), thread_name_prefix="parallel-local-run")
        self.interactions = Interactions(self.store)
        self.deliveries = Deliveries(self.store, sender, clock, secrets)
        post = self.deliveries.post
        self.runs = RunEngine(self.store, self.signals, clock, workers, post)
        task_kind = TaskKind(self.library, self.interactions, clock, self.run_threads)
        self.tasks = self.runs.add(task_kind)
        self.groups = TaskGroups(self.store, self.signals, self.tasks, clock)
        self.findall = self.runs.add(FindAllKind(self.library, self.store, clock, self.run_threads))
        self.findall_service = FindAllService(self.findall, self.store, clock)
        self.journal = Journal(self.library, data / "journal.db")
        self.monitor_kind = MonitorKind(
            self.library,
            self.journal,
            self.store,
            self.interactions,
            clock,
            self.run_threads,
            task_kind.again,
            post,
        )
        self.monitor_runs = self.runs.add(self.monitor_kind)
        self.monitors = MonitorService(self.monitor_runs, self.store, self.interactions, clock, post)
        self.schedule = MonitorSchedule(self.monitors, clock)

    def documents_changing(self) -> None:
        """Documents are about to be taken up: monitors wait. Like the next one to be called on the event loop."""
        self.monitor_kind.hold(True)

    def documents_changed(self, *, changed: bool = True) -> None:
        """All documents are taken up, and some of them came, changed or went: monitors look at them now."""
        self.monitor_kind.hold(False)
        self.monitors.look_again(changed=changed)

    def end_waits(self) -> None:
        """Let every long poll and event stream end now; call it when the server starts to shut down."""
        self.signals.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Resume unfinished runs and work on the queue until the block is left, then close everything."""
        try:
            async with self.deliveries.working(), self.runs.working(), self.schedule.working():
                yield
        finally:
            await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Wait for threads and release all files. Only an application that was never served needs this call."""
        self.threads.shutdown(cancel_futures=True)
        self.run_threads.shutdown(cancel_futures=True)
        self.journal.close()
        self.library.close()
        self.store.close()


def create_app(
    docs: Path,
    data: Path,
    *,
    api_key: str | None = None,
    clock: Clock | None = None,
    fetcher: PageFetcher | None = None,
    workers: int | None = None,
    sender: HookSender | None = None,
    webhook_secrets: Sequence[str] = (),
) -> Starlette:
    """The engine over the documents in `docs`, with its index and runs in `data`.

    Indexing happens here, before anything is served; see `Library.open`. With `api_key` only that key is
    accepted, otherwise any. `workers` runs are carried out at a time, as many as there are cores by default; 0 leaves
    them queued. Webhooks are sent to public addresses, unless `sender` does otherwise, and signed with
    `webhook_secrets`, or with one that is made and kept in `data`. Workers and webhooks live in the application's
    lifespan, so a host application has to enter it.
    """
    time = clock or SystemClock()
    if workers is None:
        workers = max(os.cpu_count() or 0, _FEWEST_WORKERS)
    engine = Engine(docs, data, time, workers, sender or HookSender(), webhook_secrets or [own_secret(data)])

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with engine.running():
            yield

    app = Starlette(
        routes=_routes(engine, time, fetcher or PageFetcher()),
        middleware=[Middleware(ApiKeyGuard, api_key=api_key)],
        exception_handlers=ErrorAnswers(time).handlers(),
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.engine = engine
    return app


def _routes(engine: Engine, time: Clock, fetcher: PageFetcher) -> list[Route]:
    """Everything that is served."""
    threads, library = engine.threads, engine.library
    apis = (
        SearchApi(library, time, threads),
        ExtractApi(library, time, threads, fetcher),
        TaskApi(engine.tasks, engine.interactions, time),
        TaskEventsApi(engine.tasks, time),
        GroupApi(engine.groups, time),
        ChatApi(library, engine.interactions, time, threads),
        FindAllApi(library, engine.findall, engine.findall_service, time, threads),
        FindAllEventsApi(engine.findall, time),
        MonitorApi(engine.monitors, engine.schedule),
        AlphaMonitorApi(engine.monitors, engine.schedule, time),
    )
    return [route for api in apis for route in api.routes()]
