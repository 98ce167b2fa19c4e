"""A worker's way to the run ledger: one thread that opens it, asks it, and tells it, in the order of asking.

Nothing of a database happens in the event loop. What has to be known before somebody goes on is waited for; what was
seen is taken up in batches, and nobody waits for it. What cannot be written now is tried again, up to a bound. The
thread begins with the first run.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

from penstock.runs.hooks import Hook
from penstock.stores.runs import Made, OpenRunLedger, RunLedger, RunsUnavailable, Seen

log = logging.getLogger("penstock.runs")

_MOST_SEEN: Final = 10_000  # sightings that wait; what is seen later tells the same and more
_MOST_MADE: Final = 1_000  # answers that could not be written yet
_AT_ONCE: Final = 200

T = TypeVar("T")


class RunDesk:
    """The run ledger of one worker. `opened` raises `RunsUnavailable`; it is called in the desk's thread."""

    def __init__(self, opened: Callable[[], OpenRunLedger]) -> None:
        self._opened = opened
        self._ledger: OpenRunLedger | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._seen: deque[Seen] = deque(maxlen=_MOST_SEEN)
        self._unwritten: deque[Made] = deque(maxlen=_MOST_MADE)
        self._is_taking = False
        self._trouble = ""

    async def ask(self, verb: Callable[[RunLedger], T]) -> T:
        """What a verb of the ledger gives. Raises `RunsUnavailable`."""
        return await asyncio.wrap_future(self._do(lambda: verb(self._open())))

    async def hooked(self, hooks: Sequence[Hook]) -> None:
        """Remembers what a request wants to be told. Raises `RunsUnavailable`."""
        await self.ask(lambda ledger: ledger.hooked(hooks))

    async def hook_urls(self, account: str, gateway: str, ids: Collection[str]) -> dict[str, str]:
        """Callers' addresses by the ids in ours. Raises `RunsUnavailable`."""
        return await self.ask(lambda ledger: ledger.hook_urls(account, gateway, ids))

    def tell(self, read: Callable[[], Made], done: Callable[[], None]) -> None:
        """Writes down how a request was answered, and calls `done` in the event loop, whatever becomes of that. `read`
        makes it out of the answer, which may be long, in the desk's thread.
        """
        loop = asyncio.get_running_loop()
        written = self._do(lambda: self._write(read))
        written.add_done_callback(lambda _: loop.call_soon_threadsafe(done))

    def look(self, read: Callable[[], Iterable[Seen]]) -> None:
        """Takes up what there is to be seen, soon; `read` is called in the desk's thread."""
        self._do(lambda: self._read(read))
        self._wake()

    def see(self, seen: Iterable[Seen]) -> None:
        """Takes up what was seen, soon."""
        self._seen.extend(seen)
        self._wake()

    def sweep(self) -> None:
        """To be called about once a second: what could not be written is tried again."""
        if self._unwritten or self._seen:
            self._wake()

    def close(self) -> None:
        """Writes what is left, and lets go of the ledger."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.submit(self._take)
        thread.submit(self._let_go)
        thread.shutdown()

    # -- in the thread, but for the first two

    def _wake(self) -> None:
        if not self._is_taking:
            self._is_taking = True
            self._do(self._take)

    def _do(self, work: Callable[[], T]) -> Future[T]:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "runs")
        return self._thread.submit(work)

    def _open(self) -> OpenRunLedger:
        if self._ledger is None:
            self._ledger = self._opened()
        return self._ledger

    def _read(self, read: Callable[[], Iterable[Seen]]) -> None:
        try:
            self._seen.extend(read())
        except Exception:  # what others have said must not be lost for it
            log.exception("what an answer tells of runs could not be read")

    def _write(self, read: Callable[[], Made]) -> None:
        try:
            made = read()
        except Exception:
            log.exception("what a request has made could not be read")
            return
        try:
            self._open().made(made)
        except RunsUnavailable as error:
            self._unwritten.append(made)
            self._say(error)

    def _take(self) -> None:
        """Writes what waits, answers first: they say whose the runs are that were seen."""
        try:
            ledger = self._open()
            while self._unwritten:
                ledger.made(self._unwritten[0])
                self._unwritten.popleft()
            self._is_taking = False  # whatever comes from here on asks again
            while self._seen:
                batch = [self._seen[index] for index in range(min(_AT_ONCE, len(self._seen)))]
                ledger.saw(batch)
                for _ in batch:
                    with suppress(IndexError):  # so much has come meanwhile that the oldest went
                        self._seen.popleft()
            self._trouble = ""
        except RunsUnavailable as error:
            self._is_taking = False
            self._say(error)

    def _say(self, error: RunsUnavailable) -> None:
        """Once for each trouble."""
        if str(error) != self._trouble:
            self._trouble = str(error)
            log.error("what becomes of runs cannot be written down, this is tried again: %s", error)

    def _let_go(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
