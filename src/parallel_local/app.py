"""The ASGI application: an engine, and all that is served of it.

`create_app` opens everything; the application's lifespan starts and stops the workers.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, Unpack

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from parallel_local.clock import Clock, SystemClock
from parallel_local.documents.folders import Folder
from parallel_local.engine import Engine, Options
from parallel_local.fetch.page import PageFetcher
from parallel_local.web.answers import ErrorAnswers
from parallel_local.web.auth import ApiKeyGuard
from parallel_local.web.body_room import BodyRoom
from parallel_local.web.chat import ChatApi
from parallel_local.web.documents import DocumentsApi
from parallel_local.web.extract import ExtractApi
from parallel_local.web.findall import FindAllApi
from parallel_local.web.findall_events import FindAllEventsApi
from parallel_local.web.groups import GroupApi
from parallel_local.web.lookups import LookupApi
from parallel_local.web.memory import MemoryApi
from parallel_local.web.monitors import MonitorApi
from parallel_local.web.monitors_alpha import AlphaMonitorApi
from parallel_local.web.rehearsal import Rehearsal
from parallel_local.web.responses import ResponsesApi
from parallel_local.web.search import SearchApi
from parallel_local.web.suggestions import SuggestionApi
from parallel_local.web.task_events import TaskEventsApi
from parallel_local.web.tasks import TaskApi


def create_app(
    docs: Path | Sequence[Folder],
    data: Path,
    *,
    api_key: str | None = None,
    clock: Clock | None = None,
    fetcher: PageFetcher | None = None,
    index_now: bool = True,
    **options: Unpack[Options],
) -> Starlette:
    """The engine over the documents in `docs`, a folder or several, with its index and runs in `data`.

    Indexing happens here, before anything is served; with `index_now` false only what takes no time, and the rest
    beside serving. With `api_key` only that key is accepted, otherwise any. For the rest see `Options`. Workers,
    webhooks and watcher live in the application's lifespan, so a host application has to enter it. Raises
    `FolderError` and `EmbeddingError`.
    """
    time = clock or SystemClock()
    engine = Engine([Folder(docs)] if isinstance(docs, Path) else docs, data, time, options)
    engine.index(much=index_now)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with engine.running():
            yield

    app = Starlette(
        routes=_routes(engine, time, fetcher or PageFetcher()),
        middleware=[
            Middleware(ApiKeyGuard, api_key=api_key),
            Middleware(BodyRoom),
            Middleware(Rehearsal, signals=engine.signals, clock=time),
        ],
        exception_handlers=ErrorAnswers(time).handlers(),
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.engine = engine
    return app


class _Api(Protocol):
    """Something that is served."""

    def routes(self) -> list[Route]:
        """Its endpoints."""


def _routes(engine: Engine, clock: Clock, fetcher: PageFetcher) -> list[Route]:
    threads, library = engine.threads, engine.library
    apis: tuple[_Api, ...] = (
        SearchApi(library, clock, threads),
        ExtractApi(library, clock, threads, engine.page_threads, fetcher),
        TaskApi(engine.tasks, engine.interactions, clock),
        TaskEventsApi(engine.tasks, clock),
        GroupApi(engine.groups, engine.interactions, clock),
        ChatApi(engine.replies, engine.interactions, clock),
        ResponsesApi(engine.replies, engine.interactions, clock),
        FindAllApi(engine.entities, engine.findall, engine.findall_service, clock, threads),
        FindAllEventsApi(engine.findall, clock),
        MonitorApi(engine.monitors, engine.schedule),
        AlphaMonitorApi(engine.monitors, engine.schedule, clock),
        SuggestionApi(),
        MemoryApi(engine.memory, threads),
        LookupApi(clock),
        DocumentsApi(library, engine.watcher, threads),
    )
    return [route for api in apis for route in api.routes()]
