"""The workers, by what each tells of itself: breakers, keys set aside, records that were not written."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.doctor.units import counted, span
from penstock.metrics.worker_file import FOLDER, HEARTBEAT_US
from penstock.metrics.worker_state import WorkerState

_SILENT_US = 3 * HEARTBEAT_US


def workers(case: Case) -> Iterator[Finding]:
    """All workers that live, one after the other."""
    states = case.states
    for name in states.unreadable:
        text = f"{case.data / FOLDER / name} cannot be read"
        yield warning("worker", text, "run this as the gateway's user; a damaged file is written anew soon")
    if case.is_running and not states.workers and not states.unreadable:
        yield warning(
            "worker",
            "no worker tells of itself",
            "if the gateway was started just now, try again; otherwise see its log for why workers end",
        )
    for worker in states.workers:
        yield from _worker(worker, case.now_us)


def _worker(worker: WorkerState, now_us: int) -> Iterator[Finding]:
    silent_us = now_us - worker.written_us
    name = f"worker {worker.pid}"
    if silent_us > _SILENT_US:
        remedy = f"see its log, and the disk space; if it serves no calls either, end it: `kill {worker.pid}`"
        yield problem(
            "worker", f"{name} has not been heard of for {span(silent_us)}", f"{remedy}, another is started"
        )
    else:
        busy = f"{counted(worker.calls, 'call')} in flight, {counted(worker.connections, 'connection')}"
        yield ok("worker", f"{name} has run for {span(now_us - worker.started_us)}: {busy}")
    yield from _records(worker, name)
    yield from _breakers(worker, name, now_us)
    yield from _keys(worker, name, now_us)


def _records(worker: WorkerState, name: str) -> Iterator[Finding]:
    if not worker.journal_healthy:
        yield problem(
            "records",
            f"{name} cannot write the journal: records of calls wait in its memory",
            "make room on the disk, or see the gateway's log for the reason; then they are written",
        )
    if worker.unwritten:
        yield problem(
            "records",
            f"{name} has lost {counted(worker.unwritten, 'record')} of calls since its start",
            "they cannot be had back; more room on the disk, or a larger [journal] backlog_bytes, keeps the next",
        )


def _breakers(worker: WorkerState, name: str, now_us: int) -> Iterator[Finding]:
    for one in worker.breakers:
        wait_us = one.next_try_us - now_us
        what = f"{one.asked} at {one.origin}" if one.asked else one.origin
        then = f"tried again in {span(wait_us)}" if wait_us > 0 else "tried again with the next call"
        yield warning(
            "breaker",
            f"{name} leaves {what} alone, {one.state} for {span(now_us - one.since_us)}; {then}",
            "`penstock logs --status error` shows what it answers; the breaker closes by itself",
        )
    if worker.open_breakers > len(worker.breakers):
        text = f"{name} has {worker.open_breakers} breakers that are not closed; those above are some"
        yield warning("breaker", text, "see whether this machine reaches the network at all")


def _keys(worker: WorkerState, name: str, now_us: int) -> Iterator[Finding]:
    for key in worker.keys:
        yield warning(
            "key set aside",
            f"{name} sets aside the key {key.key_id} of {key.provider} (alias {key.alias}, gateway "
            f"{key.account}/{key.gateway}) for another {span(key.back_us - now_us)}: the provider refused it",
            "`penstock logs --status error` shows why; replace it with `penstock provider-keys add` and `remove`",
        )
    if worker.keys_away > len(worker.keys):
        text = f"{name} sets aside {worker.keys_away} keys; those above are some of them"
        yield warning("key set aside", text, "`penstock logs --status error` shows why")
