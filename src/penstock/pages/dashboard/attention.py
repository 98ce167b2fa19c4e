"""What needs somebody's attention now: each with a sentence and, where there is one, the page to look at.

Looks at what the processes leave in the data folder, at runs, and at the sums of calls; each look may fail by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import disk_usage
from typing import Final, Literal

import msgspec

from penstock.export.cursors import FILE_NAME as CURSORS
from penstock.export.cursors import read_cursors
from penstock.management.resources import Resources
from penstock.metrics.process_files import read_troubles
from penstock.metrics.worker_file import FOLDER, read_states
from penstock.pages.dashboard.page import Visit
from penstock.pages.dashboard.words import octets, share
from penstock.runs.pace import is_stuck
from penstock.stores.aside import still_there
from penstock.stores.rollups import Sums
from penstock.stores.runs import RunQuery, RunsUnavailable

Level = Literal["bad", "warn", "note"]

_FEW: Final = 10  # calls, of which no share says anything
_BURST: Final = 0.05
_LITTLE_DISK: Final = 0.05
_MOST_RUNS: Final = 1000


class Notice(msgspec.Struct, frozen=True):
    """`place` is a page of the account with its query, empty where none shows more."""

    level: Level
    text: str
    place: str = ""


def notices(resources: Resources, visit: Visit, sums: Sums) -> Iterator[Notice]:
    """The worst first. What concerns the whole installation is for who may look at all of it."""
    yield from _calls(sums)
    yield from _runs(resources, visit)
    if visit.caller.may("metadata_read", "", ""):
        yield from _processes(resources.data, visit.now_us)
        yield from _breakers(resources.data)
        yield from _exporters(resources.data)
        yield from _disk(resources.data)


def _calls(sums: Sums) -> Iterator[Notice]:
    if sums.requests >= _FEW and sums.errors > _BURST * sums.requests:
        told = f"{share(sums.errors, sums.requests)} of the calls failed ({sums.errors} of {sums.requests})"
        yield Notice("bad", told, "logs?status=error")
    if sums.unpriced:
        yield Notice(
            "note", f"{_calls_in_words(sums.unpriced)} may have cost something that no price list has", ""
        )
    if sums.estimated:
        told = f"{_calls_in_words(sums.estimated)} did not tell all tokens: these are estimated from the text"
        yield Notice("note", told, "logs?estimated=yes")


def _calls_in_words(count: int) -> str:
    return "one call" if count == 1 else f"{count:,} calls"


def _runs(resources: Resources, visit: Visit) -> Iterator[Notice]:
    gateways = visit.caller.gateways("metadata_read", visit.account)
    if not resources.has_runs() or gateways == ():
        return
    with suppress(RunsUnavailable), resources.runs() as reader:
        where = RunQuery(account=visit.account, gateways=gateways or (), active=True)
        late = [run for run in reader.runs(where, _MOST_RUNS) if is_stuck(run, visit.now_us)]
        if late:
            told = "one run is" if len(late) == 1 else f"{len(late)} runs are"
            yield Notice("warn", f"{told} under way for more than twice as long as usual", "runs?active=yes")


def _processes(data: Path, now_us: int) -> Iterator[Notice]:
    for trouble in read_troubles(data, now_us):
        yield Notice("bad", trouble.reason)
    for one in still_there(data):
        yield Notice("bad", f"damaged, and set aside: {one.moved_to}")


def _breakers(data: Path) -> Iterator[Notice]:
    with suppress(OSError):
        workers = read_states(data / FOLDER).workers
        for origin in sorted({one.origin for worker in workers for one in worker.breakers}):
            yield Notice("warn", f"{origin} keeps failing, and is left alone for a while")
        if any(not worker.journal_healthy for worker in workers):
            yield Notice("bad", "calls cannot be written down: is the disk full?")


def _exporters(data: Path) -> Iterator[Notice]:
    for name, cursor in sorted(read_cursors(data / CURSORS).items()):
        if cursor.failures:
            yield Notice("warn", f"the receiver {name} has not taken calls {cursor.failures} times in a row")


def _disk(data: Path) -> Iterator[Notice]:
    with suppress(OSError):
        total, _, free = disk_usage(data)
        if free < _LITTLE_DISK * total:
            yield Notice("warn", f"the disk of the data folder has {octets(free)} left")
