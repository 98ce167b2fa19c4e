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

from penstock.control.limit_use import LimitUse
from penstock.export.cursors import FILE_NAME as CURSORS
from penstock.export.cursors import read_cursors
from penstock.management.open_ledger import reading
from penstock.management.resources import Resources
from penstock.metrics.process_files import read_troubles
from penstock.metrics.worker_file import FOLDER, read_states
from penstock.pages.dashboard.page import Visit
from penstock.pages.dashboard.words import calls, octets, share
from penstock.runs.pace import is_stuck
from penstock.stores.aside import still_there
from penstock.stores.rollups import Sums
from penstock.stores.runs import RunQuery, RunsUnavailable

Level = Literal["bad", "warn", "note"]
LEVELS: Final[tuple[Level, ...]] = ("bad", "warn", "note")
"""The worst first."""

RECENT_MINUTES: Final = 15
"""What a burst of errors is looked for in."""

_FEW: Final = 10  # calls, of which no share says anything
_BURST: Final = 0.05
_LITTLE_DISK: Final = 0.05
_MOST_RUNS: Final = 1000
_FAR_BEHIND: Final = 1000  # calls


class Notice(msgspec.Struct, frozen=True):
    """`place` is a page of the account with its query, empty where none shows more. `use` are the numbers of a limit
    that it is about.
    """

    level: Level
    text: str
    place: str = ""
    use: LimitUse | None = None


def notices(resources: Resources, visit: Visit, recent: Sums, sums: Sums) -> Iterator[Notice]:
    """By what the calls of the last minutes and of the whole span come to. What concerns the whole installation is for
    who may look at all of it.
    """
    yield from _errors(recent)
    yield from _money(sums)
    yield from _runs(resources, visit)
    if visit.caller.may("metadata_read", "", ""):
        yield from _processes(resources.data, visit.now_us)
        yield from _breakers(resources.data)
        yield from _exporters(resources)
        yield from _disk(resources.data)


def _errors(recent: Sums) -> Iterator[Notice]:
    if recent.requests >= _FEW and recent.errors > _BURST * recent.requests:
        told = (
            f"{share(recent.errors, recent.requests)} of the calls of the last {RECENT_MINUTES} minutes failed "
            f"({recent.errors} of {recent.requests})"
        )
        yield Notice("bad", told, f"logs?status=error&since={RECENT_MINUTES}m")


def _money(sums: Sums) -> Iterator[Notice]:
    if sums.unpriced:
        told = f"{calls(sums.unpriced)} may have cost something that no price list has"
        yield Notice("note", told, "logs")
    if sums.estimated:
        told = f"{calls(sums.estimated)} did not tell all tokens: these are estimated from the text"
        yield Notice("note", told, "logs?estimated=yes")


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


def _exporters(resources: Resources) -> Iterator[Notice]:
    cursors = read_cursors(resources.data / CURSORS)
    if not cursors:
        return
    with reading(resources) as ledger:
        last = 0 if ledger is None else ledger.last_arrival()
    for name, cursor in sorted(cursors.items()):
        behind = last - cursor.after
        if cursor.failures:
            yield Notice("warn", f"the receiver {name} has not taken calls {cursor.failures} times in a row")
        elif behind > _FAR_BEHIND:
            yield Notice("warn", f"the receiver {name} is {behind:,} calls behind")


def _disk(data: Path) -> Iterator[Notice]:
    with suppress(OSError):
        total, _, free = disk_usage(data)
        if free < _LITTLE_DISK * total:
            yield Notice("warn", f"the disk of the data folder has {octets(free)} left")
