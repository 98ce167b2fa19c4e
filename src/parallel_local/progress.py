"""What `parallel-local serve` shows while it reads: a bar on a terminal, a line now and then elsewhere.

And the line that says where it serves: of few documents when they are read, of many at once.
"""

import threading
from collections.abc import Callable
from datetime import datetime

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from parallel_local.clock import Clock
from parallel_local.retrieval.library import Indexed
from parallel_local.watcher import is_much
from penstock_common.printable import one_line

_SECONDS_A_LINE = 5.0


def documents(count: int) -> str:
    """`1 document`, `2,000 documents`."""
    return "1 document" if count == 1 else f"{count:,} documents"


class ReadingProgress:
    """Told by the server that it serves, and by the watcher how far it is; they are two threads."""

    def __init__(self, place: str, count: Callable[[], int], clock: Clock, console: Console) -> None:
        self._place = place
        self._count = count
        self._clock = clock
        self._console = console
        self._lock = threading.Lock()
        self._serves = self._is_settled = self._is_announced = False
        self._reading: Indexed | None = None
        self._told: datetime | None = None
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def serving(self) -> None:
        """The address can be called."""
        with self._lock:
            self._serves = True
            self._announce()

    def progress(self, indexed: Indexed) -> None:
        """So much is read of what is to be. Of little nothing is shown."""
        with self._lock:
            self._reading = indexed
            if is_much(indexed):
                self._announce()
                self._show(indexed)

    def settled(self, *, changed: bool) -> None:
        """All is read."""
        with self._lock:
            read, self._reading, self._is_settled = self._reading, None, True
            self._end_bar()
            if self._is_announced and read is not None and is_much(read):
                click.echo(f"parallel-local: all is read: {documents(self._count())}", err=True)
            self._told = None
            self._announce()

    def ended(self) -> None:
        """Nothing is shown any more, whatever is left to read."""
        with self._lock:
            self._end_bar()

    def _announce(self) -> None:
        """Once, and as soon as there is something to be served, or it will take a while."""
        is_long = self._reading is not None and is_much(self._reading)
        if self._is_announced or not self._serves or not (self._is_settled or is_long):
            return
        self._is_announced = True
        count = documents(self._count()) + ("" if self._is_settled else " so far")
        click.echo(one_line(f"parallel-local: {count}, serving on {self._place}"))

    def _show(self, indexed: Indexed) -> None:
        if self._console.is_terminal:
            self._advance(indexed)
            return
        now = self._clock.now()
        self._told = self._told or now
        if (now - self._told).total_seconds() >= _SECONDS_A_LINE:
            self._told = now
            share = 100 * indexed.bytes // max(indexed.of_bytes, 1)
            line = f"parallel-local: {indexed.files:,} of {indexed.of_files:,} files are read ({share} %)"
            click.echo(line, err=True)

    def _advance(self, indexed: Indexed) -> None:
        if self._bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task("reading", total=indexed.of_bytes)
        if self._task is not None:
            said = f"{indexed.files:,} of {indexed.of_files:,} files"
            self._bar.update(self._task, completed=indexed.bytes, total=indexed.of_bytes, description=said)

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
