"""`penstock doctor --deep`: every store looked at from its first byte to its last.

Takes as long as it takes, and works beside a running gateway. Each look is a step with a name, so that progress can be
shown. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.doctor.runs import all_runs
from penstock.doctor.units import counted, size
from penstock.export.cursors import FILE_NAME as CURSORS
from penstock.export.cursors import sound_cursors
from penstock.journal.reading import Damage, damages
from penstock.journal.segments import DIRECTORY, list_segments
from penstock.metrics.tally_file import FILE_NAME as TALLY
from penstock.metrics.tally_file import read_tally
from penstock.stores.control_store import ControlStoreError
from penstock.stores.opening.control_store import control_store_fault, has_control_store, whole_control_store
from penstock.stores.opening.inspection import SharedStore, State, shared_stores
from penstock.stores.opening.ledger import has_ledger, ledger_bytes, ledger_fault, ledger_place

_AS_LONG_AS_IT_TAKES: Final = 24 * 3600.0
_RECOVER: Final = (
    "what can be read of it can be had with `sqlite3 FILE .recover`; stop the gateway, move the file away and start "
    "again: the ledger begins anew, with the calls of which the journal has records"
)


class Step(NamedTuple):
    """One look, and what it is called."""

    name: str
    look: Callable[[], Iterator[Finding]]


def steps(case: Case) -> list[Step]:
    """All looks there are, in their order."""
    found = [
        Step("ledger", lambda: _ledger(case)),
        Step("runs", lambda: all_runs(case)),
        Step("directory", lambda: _directory(case)),
        *(Step(store.folder.name, _shared(store)) for store in shared_stores(case.stores)),
    ]
    for name in list_segments(case.data / DIRECTORY):
        found.append(Step(name, _segment(case, name)))
    found.append(Step("small files", lambda: _small_files(case)))
    return found


def _ledger(case: Case) -> Iterator[Finding]:
    if not has_ledger(case.stores):
        return
    fault = ledger_fault(case.stores, _AS_LONG_AS_IT_TAKES, thorough=True)
    if fault is None:
        yield warning("ledger", f"{ledger_place(case.stores)} is locked", "try again")
    elif fault:
        yield problem("ledger", f"{ledger_place(case.stores)} is damaged: {fault}", _RECOVER)
    else:
        yield ok("ledger", f"all {size(ledger_bytes(case.stores))} of it are sound")


def _directory(case: Case) -> Iterator[Finding]:
    if not has_control_store(case.stores):
        return
    remedy = "the next start puts its copy in its place, directory.copy.db; or restore a copy of your own"
    fault = control_store_fault(case.stores, _AS_LONG_AS_IT_TAKES)
    if fault:
        yield problem("directory", f"it is damaged: {fault}", remedy)
        return
    try:
        rows, entries = whole_control_store(case.stores)
    except ControlStoreError as error:
        yield problem("directory", str(error), remedy)
    else:
        yield ok(
            "directory",
            f"{counted(rows, 'row')} and {counted(entries, 'audit entry', 'audit entries')} are sound",
        )


def _shared(store: SharedStore) -> Callable[[], Iterator[Finding]]:
    def look() -> Iterator[Finding]:
        verdict = store.inspect(_AS_LONG_AS_IT_TAKES)
        if verdict.state is State.SOUND:
            yield ok(store.folder.name, "all of its pages are sound")
        elif verdict.state is State.DAMAGED:
            remedy = "a start sets it aside; a running gateway does when a worker meets the damage, or with a restart"
            yield problem(store.folder.name, f"it is damaged: {verdict.why}", f"{remedy}; {store.lost}")
        else:
            yield warning(store.folder.name, f"it could not be looked at: {verdict.why}", "try again")

    return look


def _segment(case: Case, name: str) -> Callable[[], Iterator[Finding]]:
    def look() -> Iterator[Finding]:
        try:
            found: list[Damage] = list(damages(case.data / DIRECTORY / name))
        except FileNotFoundError:
            return  # it has been shipped meanwhile
        for one in found:
            yield warning(
                "journal",
                f"bytes {one.start} to {one.end} of {name} are no record of a call",
                "the shipper keeps a copy of them below journal/damaged, and goes on behind; they are lost else",
            )
        if not found:
            yield ok("journal", f"all records in {name} are sound")

    return look


def _small_files(case: Case) -> Iterator[Finding]:
    if not sound_cursors(case.data / CURSORS):
        text = f"{case.data / CURSORS} cannot be read"
        yield problem("cursors", text, "the next start sets it aside: exporters deliver again what is kept")
    else:
        yield ok("cursors", "how far exporters have come can be read, or nobody exports")
    tally = case.data / TALLY
    if tally.exists() and read_tally(tally) is None:
        yield warning("metrics", f"{tally} cannot be read", "the next start counts anew, from nothing")
    else:
        yield ok("metrics", "what was counted can be read, or nothing was")
