"""Keeping the library as the folders are while it is served: a thread that waits for changes and has it refreshed.

A burst of changes is one refresh. Where the system tells of no changes (a network's file system) the thread looks for
them itself, if it is told to. What it reads, and what the library makes of it, is theirs.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from watchfiles import Change, watch

from parallel_local.clock import Clock
from parallel_local.documents.folder import is_hidden, scan
from parallel_local.retrieval.library import Indexed, Library
from parallel_local.retrieval.meaning import Embedded

_GROUPED_MS = 1000  # changes that follow each other are taken together for no longer than this
_QUIET_MS = 100
_TICK_MS = 500
_POLL_SECONDS = 1.0
_RETRY_TICKS = 6
_RELEARN_TICKS = 120  # a model that failed
_PATIENCE = 3.0
_SHARE = 4  # a look rests for so many times its length: files that change all the time cost a fifth of a core
_LONGEST_REST = 5.0
_MUCH_BYTES = 1_000_000
_MANY_FILES = 200

log = logging.getLogger("parallel_local.documents")


class Listener(Protocol):
    """Who wants to know how far reading is. Called in the watcher's thread."""

    def progress(self, indexed: Indexed) -> None:
        """So much is read of what is to be."""

    def embedded(self, embedded: Embedded) -> None:
        """All is read, and so many passages are known by their meaning."""

    def settled(self, *, changed: bool) -> None:
        """The library is as the folders were a moment ago, another one than before if `changed`."""


def is_much(indexed: Indexed) -> bool:
    """Whether reading it takes long enough for somebody to wait for it."""
    return indexed.total_bytes > _MUCH_BYTES or indexed.total > _MANY_FILES


class _Stopped(Exception):
    """Somebody wants the watcher to end while it reads."""


class Watcher:
    """Started with `start`, ended with `stop`. `reading` and `embedding` are how far it is; None when that is done."""

    def __init__(self, library: Library, clock: Clock, *, poll: bool, data: Path) -> None:
        self._library = library
        self._clock = clock
        self._poll = poll
        self._data = data.resolve()
        self._stop = threading.Event()
        self._asked = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed = False
        self._waited = 0  # ticks since the last look
        self._listeners: list[Listener] = []
        self.reading: Indexed | None = None
        self.embedding: Embedded | None = None

    def tell(self, listener: Listener) -> None:
        """Tells one more of progress. To be called before `start`."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Look at once, and then whenever something changes."""
        self._thread = threading.Thread(target=self._run, name="parallel-local-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, in the middle of reading too, and wait for that; not for a large file, which is then left half done."""
        self._stop.set()
        self._library.holdings.interrupt()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def rescan(self) -> None:
        """Look again soon, also at files that could not be read."""
        self._asked.set()

    def _run(self) -> None:
        self._look()
        while not self._stop.is_set():
            places = _places(self._roots())
            if self._poll or not places:
                self._stop.wait(_POLL_SECONDS)
                self._compare()
                continue
            try:
                self._follow(places)
            except (OSError, RuntimeError) as error:  # the latter when the user has too many watchers already
                log.warning(
                    "the system tells of no changes in the folders: %s; looking for them instead", error
                )
                self._poll = True

    def _follow(self, places: dict[Path, tuple[int, int]]) -> None:
        """Looks after each change that the system tells of, until a folder is another one or it is time to end."""
        is_due = True  # what changed before the system was asked to tell of it
        for changes in watch(
            *places,
            watch_filter=self._counts,
            debounce=_GROUPED_MS,
            step=_QUIET_MS,
            stop_event=self._stop,
            rust_timeout=_TICK_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            force_polling=False,
            ignore_permission_denied=True,
        ):
            self._waited += 1
            is_other = _places(self._roots()) != places
            if is_due or changes or is_other or self._asked.is_set() or self._is_late():
                is_due = False
                self._rested(self._look)
            if is_other:
                break

    def _is_late(self) -> bool:
        """Whether it is time to try again what failed."""
        if self._failed:
            return self._waited >= _RETRY_TICKS
        return self._waited >= _RELEARN_TICKS and not self._library.is_learnt

    def _compare(self) -> None:
        """Looks if anything is not as it was."""
        self._waited += 1
        if self._failed or self._asked.is_set() or self._is_late():
            self._look()
        else:
            self._rested(self._look_at_difference)

    def _look_at_difference(self) -> None:
        holdings = self._library.holdings
        if not holdings.is_as(scan(holdings.folders, self._data)):
            self._look()

    def _rested(self, work: Callable[[], None]) -> None:
        """Works, and rests for a multiple of the time that took."""
        begun = self._clock.now()
        work()
        took = (self._clock.now() - begun).total_seconds()
        self._stop.wait(min(_SHARE * took, _LONGEST_REST))

    def _look(self) -> None:
        """Has the library be as the folders are, and tells of it."""
        self._failed, self._waited = True, 0
        if self._asked.is_set():
            self._asked.clear()
            self._library.holdings.retry()
        try:
            changed = self._library.refresh(self._progress, self._embedded)
        except _Stopped:
            return
        except Exception:
            if self._stop.is_set():
                return  # what it worked with is closed already
            log.exception("the documents cannot be taken up now; this is tried again")
            return
        finally:
            self.reading = self.embedding = None
        self._failed = False
        for line in self._library.holdings.news():
            log.warning("%s", line)
        for listener in self._listeners:
            listener.settled(changed=bool(changed))

    def _progress(self, indexed: Indexed) -> None:
        if self._stop.is_set():
            raise _Stopped
        self.reading = indexed
        for listener in self._listeners:
            listener.progress(indexed)

    def _embedded(self, embedded: Embedded) -> None:
        if self._stop.is_set():
            raise _Stopped
        self.reading, self.embedding = None, embedded
        for listener in self._listeners:
            listener.embedded(embedded)

    def _roots(self) -> Sequence[Path]:
        return [folder.path for folder in self._library.holdings.folders]

    def _counts(self, _change: Change, path: str) -> bool:
        """Not what the engine writes itself, nor what is hidden."""
        changed = Path(path)
        if changed.is_relative_to(self._data):
            return False
        roots = (root.resolve() for root in self._roots())
        return any(
            not any(map(is_hidden, changed.relative_to(root).parts))
            for root in roots
            if changed.is_relative_to(root)
        )


def _places(roots: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """The folders that are there, where they really lie, and which ones they are."""
    found = {}
    for root in roots:
        try:
            status = root.stat()
        except OSError:
            continue
        found[root.resolve()] = (status.st_dev, status.st_ino)
    return found
