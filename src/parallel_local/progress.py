"""What `parallel-local serve` shows while it reads and makes vectors: a bar on a terminal, else a line now and then.

And the line that says where it serves: of few documents when they are read, of many at once.
"""

import threading
from collections.abc import Callable

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from parallel_local.retrieval.library import Indexed
from parallel_local.retrieval.meaning import Embedded
from parallel_local.watcher import is_much
from penstock_common.printable import one_line

SECONDS_A_LINE = 5.0
_MANY_PASSAGES = 1000  # vectors of fewer are made before a bar can be seen


def counted(count: int, what: str) -> str:
    """`1 document`, `2,000 documents`."""
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"


class ReadingProgress:
    """Told by the server that it serves, by the watcher how far it is, and by a ticker that time has passed."""

    def __init__(self, place: str, count: Callable[[], int], console: Console) -> None:
        self._place = place
        self._count = count
        self._console = console
        self._lock = threading.Lock()
        self._serves = self._is_settled = self._is_announced = False
        self._reading: Indexed | None = None  # while it is much
        self._embedding: Embedded | None = None  # while vectors are made
        self._is_told = False  # that they are
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def serving(self) -> None:
        """The address can be called."""
        with self._lock:
            self._serves = True
            self._announce()

    def progress(self, indexed: Indexed) -> None:
        """So much is read of what is to be. Of little nothing is shown."""
        if not is_much(indexed):
            return
        with self._lock:
            is_first, self._reading = self._reading is None, indexed
            self._announce()
            if indexed.done == indexed.total:
                self._end_bar()  # lines of a log follow
            elif self._console.is_terminal:
                said = f"{indexed.done:,} of {indexed.total:,} files"
                self._advance(said, indexed.done_bytes, indexed.total_bytes, DownloadColumn())
            elif is_first:
                size = max(indexed.total_bytes // 1_000_000, 1)
                _say(f"reading {counted(indexed.total, 'file')}, {size:,} MB")

    def embedded(self, embedded: Embedded) -> None:
        """All is read, and so many vectors are made. A bar is for many; a line comes when it takes long."""
        with self._lock:
            if self._embedding is None:
                self._end_reading()
            self._embedding = embedded
            if self._console.is_terminal and embedded.total > _MANY_PASSAGES:
                said = f"vectors of {embedded.done:,} of {embedded.total:,} passages"
                self._advance(said, embedded.done, embedded.total)

    def tick(self) -> None:
        """Say how far it is, if nobody can see a bar. A file may take long: this does not wait for the next one."""
        with self._lock:
            if self._bar is not None:
                return
            if read := self._reading:
                share = _percent(read.done_bytes, read.total_bytes)
                _say(f"{read.done:,} of {read.total:,} files are read ({share})")
            elif made := self._embedding:
                self._is_told = True
                share = _percent(made.done, made.total)
                _say(f"vectors of {made.done:,} of {made.total:,} passages are made ({share})")

    def settled(self, *, changed: bool) -> None:
        """All is done that can be."""
        with self._lock:
            self._end_reading()
            made, self._embedding = self._embedding, None
            if self._is_told and made is not None and made.done == made.total:
                _say("all vectors are made")
            self._is_told = False

    def ended(self) -> None:
        """Nothing is shown any more, whatever is left to read."""
        with self._lock:
            self._reading = self._embedding = None
            self._end_bar()

    def _end_reading(self) -> None:
        """Everything can be found."""
        read, self._reading, self._is_settled = self._reading, None, True
        self._end_bar()
        if self._is_announced and read is not None:
            _say(f"all is read: {counted(self._count(), 'document')}")
        self._announce()

    def _announce(self) -> None:
        """Once, and as soon as there is something to be served, or it will take a while."""
        if self._is_announced or not self._serves or not (self._is_settled or self._reading):
            return
        self._is_announced = True
        self._end_bar()  # the next progress draws it below the line
        count = counted(self._count(), "document") + ("" if self._is_settled else " so far")
        click.echo(one_line(f"parallel-local: {count}, serving on {self._place}"))

    def _advance(self, said: str, done: int, total: int, *columns: ProgressColumn) -> None:
        if self._bar is None:
            shown = (TextColumn("{task.description}"), BarColumn(), *columns, TimeRemainingColumn())
            self._bar = Progress(*shown, console=self._console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task(said, total=total)
        if self._task is not None:
            self._bar.update(self._task, completed=done, total=total, description=said)

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class Ticker:
    """Calls something every few seconds, in a thread, until it is ended."""

    def __init__(self, tick: Callable[[], None], seconds: float = SECONDS_A_LINE) -> None:
        self._tick = tick
        self._seconds = seconds
        self._ended = threading.Event()
        threading.Thread(target=self._run, name="parallel-local-tick", daemon=True).start()

    def end(self) -> None:
        """No call begins from now on."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            self._tick()


def _percent(done: int, total: int) -> str:
    return f"{100 * done // max(total, 1)} %"


def _say(what: str) -> None:
    click.echo(f"parallel-local: {what}", err=True)
