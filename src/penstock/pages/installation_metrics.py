"""How the processes of an installation stand, as metrics, out of what each of them leaves in the data folder.

Any worker can answer for all of them, and a worker that was replaced takes nothing with it. Reads files, and may
wait for a disk: not for an event loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from penstock.export.cursors import FILE_NAME as CURSORS
from penstock.export.cursors import Cursor, read_cursors
from penstock.journal.segments import DIRECTORY, list_segments
from penstock.metrics.call_tally import call_metrics, stored_metric
from penstock.metrics.metric import Labels, Metric, Value
from penstock.metrics.process_files import read_processes, read_troubles
from penstock.metrics.process_state import ProcessState, Trouble
from penstock.metrics.tally_file import FILE_NAME as TALLY
from penstock.metrics.tally_file import read_tally
from penstock.metrics.worker_file import FOLDER, read_states
from penstock.metrics.worker_state import WorkerState
from penstock.stores.aside import happened
from penstock.stores.facts import LedgerFacts, Unreadable
from penstock.stores.opening import Stores
from penstock.stores.opening.ledger import has_ledger, ledger_bytes, ledger_facts

_NO_LABELS: Labels = {}


def installation_metrics(stores: Stores, now_us: int) -> Iterator[Metric]:
    """All there is to tell. What cannot be read is left out."""
    data = stores.data
    state = read_tally(data / TALLY)
    if state is not None:
        yield from call_metrics(state)
        yield stored_metric(state)
    with suppress(OSError):
        yield from _workers(read_states(data / FOLDER).workers)
    yield from _processes(read_processes(data), read_troubles(data, now_us))
    yield _set_aside(data)
    facts = _facts(stores)
    yield from _ledger(stores, facts, now_us)
    if facts is not None:
        yield from _exporters(read_cursors(data / CURSORS), facts.calls)


def _workers(workers: Sequence[WorkerState]) -> Iterator[Metric]:
    yield _gauge("penstock.workers", "Worker processes that live.", len(workers))
    yield _gauge("penstock.connections", "Connections of clients.", sum(one.connections for one in workers))
    yield _gauge("penstock.calls.in_flight", "Calls under way.", sum(one.calls for one in workers))
    lost = sum(one.unwritten for one in workers)
    yield _gauge("penstock.unwritten", "Records of calls lost since the workers began.", lost)
    unhealthy = sum(not one.journal_healthy for one in workers)
    yield _gauge("penstock.workers.without_journal", "Workers that cannot write their journal.", unhealthy)
    keys = sum(one.keys_away for one in workers)
    yield _gauge("penstock.keys.set_aside", "Stored keys left alone for a while, in all workers.", keys)
    if lags := [one.worst_lag_us for one in workers if one.worst_lag_us is not None]:
        about = "The longest that a worker's event loop was blocked since it began."
        yield _gauge("penstock.loop.lag", about, max(lags) / 1e6, "s")
    found: dict[tuple[str, str], int] = {}
    for worker in workers:
        for key in {(breaker.origin, breaker.state) for breaker in worker.breakers}:
            found[key] = found.get(key, 0) + 1
    points = [Value({"origin": origin, "state": state}, count) for (origin, state), count in found.items()]
    yield Metric(
        "penstock.breakers",
        "gauge",
        "1",
        "Workers with a breaker that is not closed, of an address or of what is asked there.",
        points,
    )


def _processes(processes: Sequence[ProcessState], troubles: Sequence[Trouble]) -> Iterator[Metric]:
    """By what they are: workers are told together."""
    kinds = sorted({one.kind for one in processes})
    of = {kind: [one for one in processes if one.kind == kind] for kind in kinds}
    wrong = {kind: {one.process.name for one in troubles if one.process.kind == kind} for kind in kinds}
    yield _by_process(
        "gauge",
        "down",
        "Processes that wait to be started again.",
        {kind: sum(not one.pid for one in of[kind]) for kind in kinds},
    )
    yield _by_process(
        "gauge",
        "degraded",
        "Processes that are down, keep ending, or cannot do their work.",
        {kind: len(names) for kind, names in wrong.items()},
    )
    yield _by_process(
        "counter",
        "restarts",
        "Ends that were not asked for, each followed by a start.",
        {kind: sum(one.restarts for one in of[kind]) for kind in kinds},
    )
    cut = sum(one.cut_calls for one in processes)
    about = "Calls that were under way in workers that died, as far as these had told."
    yield Metric("penstock.calls.cut", "counter", "1", about, [Value(_NO_LABELS, cut)])


def _by_process(kind: Literal["counter", "gauge"], name: str, about: str, found: Mapping[str, int]) -> Metric:
    points = [Value({"process": process}, count) for process, count in found.items()]
    return Metric(f"penstock.process.{name}", kind, "1", about, points)


def _set_aside(data: Path) -> Metric:
    found = Counter(one.store for one in happened(data))
    points = [Value({"store": store}, count) for store, count in sorted(found.items())]
    return Metric(
        "penstock.stores.set_aside",
        "gauge",
        "1",
        "Times that a store, or a part of one, was damaged or taken away.",
        points,
    )


def _facts(stores: Stores) -> LedgerFacts | None:
    try:
        return ledger_facts(stores) if has_ledger(stores) else None
    except Unreadable:
        return None


def _ledger(stores: Stores, facts: LedgerFacts | None, now_us: int) -> Iterator[Metric]:
    backlog = _backlog(stores.data / DIRECTORY, {} if facts is None else facts.positions)
    yield _gauge("penstock.journal.backlog", "Records that are not in the ledger yet.", backlog, "By")
    if facts is None:
        return
    behind_us = now_us - facts.newest_us if backlog and facts.newest_us is not None else 0
    lag = max(behind_us, 0) / 1e6
    yield _gauge("penstock.shipper.lag", "Age of the newest call in the ledger while others wait.", lag, "s")
    yield _gauge("penstock.ledger.size", "Disk the ledger takes.", ledger_bytes(stores), "By")
    points = [Value(_NO_LABELS, facts.calls)]
    yield Metric("penstock.ledger.arrivals", "counter", "1", "Calls that ever came into the ledger.", points)


def _backlog(folder: Path, positions: dict[str, int]) -> int:
    found = 0
    for name in list_segments(folder):
        with suppress(FileNotFoundError):  # it has been shipped meanwhile
            found += max(0, (folder / name).stat().st_size - positions.get(name, 0))
    return found


def _exporters(cursors: dict[str, Cursor], last: int) -> Iterator[Metric]:
    rows = [({"exporter": name}, cursor) for name, cursor in sorted(cursors.items())]
    behind = [Value(labels, max(0, last - one.after)) for labels, one in rows]
    yield Metric("penstock.exporter.lag", "gauge", "1", "Calls in the ledger it has not dealt with.", behind)
    failing = [Value(labels, int(one.failures > 0)) for labels, one in rows]
    yield Metric(
        "penstock.exporter.failing", "gauge", "1", "1 while its receiver does not take calls.", failing
    )
    taken = [Value(labels, one.delivered) for labels, one in rows]
    yield Metric("penstock.exporter.delivered", "counter", "1", "Calls its receiver has taken.", taken)
    refused = [Value(labels, one.refused) for labels, one in rows]
    yield Metric("penstock.exporter.refused", "counter", "1", "Calls its receiver will never take.", refused)
    lost = [Value(labels, one.forgotten) for labels, one in rows]
    about = "Calls that were not kept for it, for it was down too long."
    yield Metric("penstock.exporter.forgotten", "counter", "1", about, lost)


def _gauge(name: str, about: str, value: float, unit: str = "1") -> Metric:
    return Metric(name, "gauge", unit, about, [Value(_NO_LABELS, value)])
