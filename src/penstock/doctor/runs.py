"""The runs that calls have made: can their file be read, is it sound, do some take too long, are events given up?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final

from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.doctor.units import counted, size, span
from penstock.exits.sender import host_of
from penstock.runs.hooks import HookEvent, HookState
from penstock.runs.pace import is_stuck
from penstock.runs.run import Run
from penstock.stores.hooks import HookQuery
from penstock.stores.opening.runs import has_runs, run_bytes, run_fault, run_place, run_reader
from penstock.stores.runs import ANY_RUN, RunQuery, RunsUnavailable

_LOOK_SECONDS: Final = 2.0
_MOST_JUDGED: Final = 10_000  # of those that are under way, the newest
_LATELY_US: Final = 3 * 24 * 3600 * 1_000_000  # an event is tried for two days
_ACTIVE: Final = RunQuery(active=True)
_UNSEEN: Final = frozenset({"gone", "unreachable"})
_AS_LONG_AS_IT_TAKES: Final = 24 * 3600.0
_DAMAGED: Final = (
    "a running gateway sets it aside when it meets the damage, and takes over what can be read of it; other runs are "
    "nobody's then. To begin anew now, stop the gateway and move the file away"
)


def runs(case: Case) -> Iterator[Finding]:
    """A quick look, and how many they are."""
    if not has_runs(case.stores):
        return
    if fault := run_fault(case.stores, _LOOK_SECONDS):
        yield problem("runs", f"{run_place(case.stores)} is damaged: {fault}", _DAMAGED)
        return
    try:
        with closing(run_reader(case.stores)) as reader:
            known, active = reader.count(ANY_RUN), reader.count(_ACTIVE)
            under_way = reader.runs(_ACTIVE, _MOST_JUDGED)
            since = HookQuery(states=(HookState.GIVEN_UP,), since_us=case.now_us - _LATELY_US)
            given_up = reader.hook_events(since, _MOST_JUDGED)
    except RunsUnavailable as error:
        remedy = f"if it is of a newer penstock, update this one; {_DAMAGED}"
        yield problem("runs", f"{run_place(case.stores)} cannot be read: {error}", remedy)
    else:
        yield ok(
            "runs", f"{counted(known, 'run')} in {size(run_bytes(case.stores))}, {active} of them active"
        )
        yield from _late([run for run in under_way if is_stuck(run, case.now_us)], case.now_us)
        yield from _unseen([run for run in under_way if not _UNSEEN.isdisjoint(run.flags)])
        yield from _given_up(given_up)


def _late(runs: Sequence[Run], now_us: int) -> Iterator[Finding]:
    if runs:
        oldest = min(runs, key=lambda run: run.created_us)
        yield warning(
            "late runs",
            f"{counted(len(runs), 'run')} under way for more than twice as long as such runs usually take, the "
            f"longest for {span(now_us - oldest.created_us)}: {oldest.id}",
            "`penstock runs show` tells when one was last looked at; it stays an estimate until its end is seen",
        )


def _unseen(runs: Sequence[Run]) -> Iterator[Finding]:
    if runs:
        yield warning(
            "unseen runs",
            f"{counted(len(runs), 'run')} that cannot be looked at any more, among them {runs[0].id}: the provider "
            "does not know them, or lets in no key that is stored for them",
            "store a key of the organisation that they were made in under the same alias "
            "(`penstock provider-keys add parallel`)",
        )


def _given_up(events: Sequence[HookEvent]) -> Iterator[Finding]:
    if events:
        latest = events[0]
        yield warning(
            "webhooks",
            f"{counted(len(events), 'event')} of the last three days given up, the latest for "
            f"{host_of(latest.url)}: {latest.error}",
            "`penstock hooks --state given-up` lists them, `penstock hooks replay` sends them again",
        )


def all_runs(case: Case) -> Iterator[Finding]:
    """A look at the whole file, however long it takes."""
    if not has_runs(case.stores):
        return
    fault = run_fault(case.stores, _AS_LONG_AS_IT_TAKES, thorough=True)
    if fault is None:
        yield warning("runs", f"{run_place(case.stores)} is locked", "try again")
    elif fault:
        yield problem("runs", f"{run_place(case.stores)} is damaged: {fault}", _DAMAGED)
    else:
        yield ok("runs", f"all {size(run_bytes(case.stores))} of it are sound")
