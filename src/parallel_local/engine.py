"""Everything the engine holds open, from its folders to its runs, and how it begins and ends.

The one place where collaborators are built. What is served of it stands in `app.py`.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypedDict

from parallel_local.clock import Clock
from parallel_local.documents.folders import Folder
from parallel_local.embeddings.settings import EmbeddingError, EmbeddingSettings
from parallel_local.fetch.post import HookSender
from parallel_local.findall.entity_index import EntityIndex
from parallel_local.model.compose import ModelComposer
from parallel_local.model.judging import Judges
from parallel_local.model.replies import Replies
from parallel_local.model_server.chat_completions import ChatCompletions
from parallel_local.model_server.settings import ModelSettings
from parallel_local.model_server.transport import ModelServer
from parallel_local.monitors.journal import Journal
from parallel_local.retrieval.library import Indexed, Library
from parallel_local.retrieval.meaning import Embedded, Meaning
from parallel_local.runs.deliveries import Deliveries
from parallel_local.runs.engine import RunEngine
from parallel_local.runs.findall import FindAllKind
from parallel_local.runs.findall_service import FindAllService
from parallel_local.runs.groups import TaskGroups
from parallel_local.runs.interactions import Interactions
from parallel_local.runs.memory import Memory
from parallel_local.runs.monitor_schedule import MonitorSchedule
from parallel_local.runs.monitor_service import MonitorService
from parallel_local.runs.monitors import MonitorKind
from parallel_local.runs.signals import Signals
from parallel_local.runs.store import RunStore
from parallel_local.runs.tasks import TaskKind
from parallel_local.runs.webhook_secret import own_secret
from parallel_local.watcher import Watcher, is_much

_THREADS = 4
_PAGE_THREADS = 2
_FEWEST_WORKERS = 2


class Options(TypedDict, total=False):
    """How an engine is to work; what is not said has a default.

    `workers` runs are carried out at a time, as many as there are cores by default; 0 leaves them queued. Changes of
    the folders are followed unless `watch` is false, by looking for them with `poll`. Webhooks go to public addresses,
    unless `sender` does otherwise, and are signed with `webhook_secrets`, or with one that is made and kept with the
    data. With `model` a language model answers out of the documents, as far as they support it; with `embeddings`
    passages are found by what they mean, too.
    """

    workers: int | None
    watch: bool
    poll: bool
    sender: HookSender | None
    webhook_secrets: Sequence[str]
    model: ModelSettings | None
    embeddings: EmbeddingSettings | None


class Engine:
    """Found as `app.state.engine`."""

    def __init__(self, folders: Sequence[Folder], data: Path, clock: Clock, options: Options) -> None:
        """Raises `FolderError` and `EmbeddingError`."""
        workers = options.get("workers")
        if workers is None:
            workers = max(os.cpu_count() or 0, _FEWEST_WORKERS)
        self._watches = options.get("watch", True)
        self.library = Library.ready(folders, data, _meaning(options.get("embeddings"), data))
        self.watcher = Watcher(self.library, clock, poll=options.get("poll", False), data=data)
        try:
            self.store = RunStore(data / "runs.db")
        except BaseException:
            self.library.close()
            raise
        self.signals = Signals(clock)
        # A search never waits for a run, nor for a stranger's page: each has threads of its own.
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="parallel-local")
        self.page_threads = ThreadPoolExecutor(_PAGE_THREADS, thread_name_prefix="parallel-local-page")
        self.run_threads = ThreadPoolExecutor(max(workers, 1), thread_name_prefix="parallel-local-run")
        self.interactions = Interactions(self.store)
        self.memory = Memory(self.store)
        secrets = options.get("webhook_secrets") or [own_secret(data)]
        self.deliveries = Deliveries(self.store, options.get("sender") or HookSender(), clock, secrets)
        self.runs = RunEngine(self.store, self.signals, clock, workers, self.deliveries.post)
        model = options.get("model")
        self.model = ModelServer(model, clock) if model else None
        composer, judges = self._with_model(model, clock)
        self.replies = Replies(self.library, self.threads, composer)
        task_kind = TaskKind(self.library, self.interactions, clock, self.run_threads, composer)
        self.tasks = self.runs.add(task_kind)
        self.groups = TaskGroups(self.store, self.signals, self.tasks, clock)
        self.entities = EntityIndex(self.library)
        findall_kind = FindAllKind(self.library, self.entities, self.store, clock, self.run_threads, judges)
        self.findall = self.runs.add(findall_kind)
        self.findall_service = FindAllService(self.findall, self.store, clock)
        self.journal = Journal(self.library, data / "journal.db")
        self._add_monitors(task_kind, clock)

    def _with_model(
        self, settings: ModelSettings | None, clock: Clock
    ) -> tuple[ModelComposer | None, Judges | None]:
        """What answers with a language model; nothing without one."""
        if self.model is None or settings is None:
            return None, None
        completions = ChatCompletions(self.model, settings.model, clock)
        composer = ModelComposer(self.library, self.run_threads, completions, clock)
        return composer, Judges(self.library, self.run_threads, composer)

    def _add_monitors(self, task_kind: TaskKind, clock: Clock) -> None:
        self.monitor_kind = MonitorKind(
            self.library,
            self.journal,
            self.store,
            self.interactions,
            clock,
            self.run_threads,
            task_kind.again,
            self.deliveries.post,
            self.memory,
        )
        self.monitor_runs = self.runs.add(self.monitor_kind)
        self.monitors = MonitorService(
            self.monitor_runs, self.store, self.interactions, clock, self.deliveries.post
        )
        self.schedule = MonitorSchedule(self.monitors, clock)

    def index(self, *, much: bool) -> None:
        """Take up the documents as they are now, or without `much` only few; everything is closed when that fails."""
        try:
            with suppress(_Much):
                learn = (
                    much or not self._watches
                )  # a server of vectors may be slow, and the watcher looks at once
                self.library.refresh(None if much else _refuse_much, learn=learn)
        except BaseException:
            self.close()
            raise

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
        """Follow the folders, resume unfinished runs and work on the queue until the block is left, then close all."""
        try:
            if self._watches:
                self.documents_changing()
                self.watcher.tell(_Bell(self))
                self.watcher.start()
            async with self.deliveries.working(), self.runs.working(), self.schedule.working():
                yield
        finally:
            if self.model is not None:
                await self.model.aclose()
            await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Wait for threads and release all files. Only an application that was never served needs this call."""
        self.watcher.stop()
        self.threads.shutdown(cancel_futures=True)
        self.page_threads.shutdown(cancel_futures=True)
        self.run_threads.shutdown(cancel_futures=True)
        self.journal.close()
        self.library.close()
        self.store.close()


def _meaning(settings: EmbeddingSettings | None, data: Path) -> Meaning | None:
    if settings is None:
        return None
    try:
        # Optional, and slow to load.
        from parallel_local.embeddings.dense_index import open_meaning  # noqa: PLC0415
    except ImportError as error:
        raise EmbeddingError(f"{error.name} is missing: install penstock[hybrid]") from error
    return open_meaning(settings, data)


class _Bell:
    """Tells an engine's monitors of changes. Called in the watcher's thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._is_changing = False

    def progress(self, indexed: Indexed) -> None:
        """Half a change is none."""
        if not self._is_changing:
            self._is_changing = True
            self._call(self._engine.documents_changing)

    def embedded(self, embedded: Embedded) -> None:
        """Nothing is whole yet."""

    def settled(self, *, changed: bool) -> None:
        """The whole of it."""
        self._is_changing = False
        self._call(partial(self._engine.documents_changed, changed=changed))

    def _call(self, what: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(what)


class _Much(Exception):
    """More than a start should wait for."""


def _refuse_much(indexed: Indexed) -> None:
    if is_much(indexed):
        raise _Much
