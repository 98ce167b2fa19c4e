"""The records of calls on their way: what the journal holds that the ledger does not, and the ledger itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.doctor.units import MIB, counted, size, span
from penstock.journal.segments import DIRECTORY, list_segments
from penstock.shipper.skipped import DAMAGED
from penstock.shipper.trial import FILE_NAME, Place, gone_back, last_place
from penstock.stores.facts import LedgerFacts, Unreadable
from penstock.stores.opening.ledger import has_ledger, ledger_bytes, ledger_facts, ledger_fault, ledger_place

_LOOK_SECONDS = 2.0
_DAMAGED = (
    "if it is damaged, a gateway sets it aside as soon as it cannot write to it, and goes on with a new one; to do so "
    "now, move ledger.db, ledger.db-wal and ledger.db-shm away; `sqlite3 FILE .recover` gets out of it what can be read"
)
_PUT_BACK = (
    "if ledger.db-wal was taken away, put it back before the next start; otherwise start it, and it goes on"
)
_BEHIND, _FAR_BEHIND = 16 * MIB, 256 * MIB


def records(case: Case) -> Iterator[Finding]:
    """Ledger first: how far the journal is behind can only be said by it."""
    facts, last = None, last_place(case.data / DIRECTORY / FILE_NAME)  # first: the ledger goes on meanwhile
    if not has_ledger(case.stores):
        yield from _no_ledger(case)
    else:
        try:
            facts = ledger_facts(case.stores)
        except Unreadable as error:
            yield problem(
                "ledger",
                f"{ledger_place(case.stores)} cannot be read: {error}",
                f"calls wait in the journal meanwhile; if it is of a newer penstock, update this one; {_DAMAGED}",
            )
        else:
            fault = ledger_fault(case.stores, _LOOK_SECONDS)
            yield _damaged_ledger(case, fault) if fault else _ledger(case, facts)
    yield from _gone_back(case, facts, last)
    yield from _journal(case, facts)
    yield from _damaged(case)


def _gone_back(case: Case, facts: LedgerFacts | None, last: Place | None) -> Iterator[Finding]:
    if facts is not None and (text := gone_back(last, facts.positions, list_segments(case.data / DIRECTORY))):
        yield problem("ledger", text, _PUT_BACK)


def _damaged_ledger(case: Case, fault: str) -> Finding:
    return problem("ledger", f"{ledger_place(case.stores)} is damaged: {fault}", _DAMAGED)


def _no_ledger(case: Case) -> Iterator[Finding]:
    if case.is_running:
        remedy = "see the log for why the shipper does not work; calls wait in the journal meanwhile"
        yield problem("ledger", f"there is no ledger in {case.data}", remedy)
    else:
        yield ok("ledger", "there is none yet; the gateway makes it when it starts")


def _ledger(case: Case, facts: LedgerFacts | None) -> Finding:
    taken = ledger_bytes(case.stores)
    if facts is None:
        return ok("ledger", f"{size(taken)}, of an older version: it is brought up to date at the next start")
    return ok("ledger", f"{counted(facts.calls, 'call')} in {size(taken)}")


def _journal(case: Case, facts: LedgerFacts | None) -> Iterator[Finding]:
    positions = {} if facts is None else facts.positions
    lag = 0
    for name in list_segments(case.data / DIRECTORY):
        with suppress(FileNotFoundError):  # it has been shipped meanwhile
            status = (case.data / DIRECTORY / name).stat()
            lag += max(0, status.st_size - positions.get(name, 0))
    if not case.is_running:
        rest = "; they are shipped at the next start" if lag else ""
        yield ok("journal", f"{size(lag)} are not in the ledger yet{rest}")
        return
    text = f"{size(lag)} of records are not in the ledger yet"
    if lag and facts is not None and facts.newest_us is not None:
        text = f"{text}; its newest call began {span(case.now_us - facts.newest_us)} ago"
    remedy = "see the log for what the shipper says; it lets calls go first and may only be late: look again"
    if lag > _FAR_BEHIND:
        yield problem("journal", text, remedy)
    elif lag > _BEHIND:
        yield warning("journal", text, remedy)
    else:
        yield ok("journal", text)


def _damaged(case: Case) -> Iterator[Finding]:
    folder = case.data / DIRECTORY / DAMAGED
    try:
        count = len(os.listdir(folder))
    except FileNotFoundError:
        return
    if count:
        text = f"{counted(count, 'part')} of the journal could not be read or stored: copies are in {folder}"
        yield warning("journal", text, "keep them for a report, or remove them")
