"""One run: who made it, how it went, what it costs, what came of it and what that rests on; of a group also its runs.

The same as `penstock runs show` tells. Who may not read bodies sees how it stands, and nothing of what came of it. How
results are shown is in `run_result.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

import msgspec

from penstock.management.problem import not_found
from penstock.management.resources import Resources
from penstock.management.response import Response
from penstock.management.runs import get_result, reading_runs
from penstock.pages.dashboard.charts import Stretch
from penstock.pages.dashboard.hooks import HookRow, hook_row
from penstock.pages.dashboard.page import FILE, Visit, page, pages
from penstock.pages.dashboard.run_result import RunResult, run_result
from penstock.pages.dashboard.runs import MOST_STATES, RunRow, StateCount, run_row
from penstock.runs.hooks import HookEvent
from penstock.runs.places import Act, what
from penstock.runs.record import RunDetail, ended_us, run_detail
from penstock.runs.run import Run, RunKind
from penstock.runs.wording import money, through, tone_of
from penstock.stores.hooks import HookQuery
from penstock.stores.ledger import CallRow
from penstock.stores.runs import Moment, OpenRunReader, RunQuery, RunReader, RunsUnavailable

_MOST_CHILDREN: Final = 25
_MOST_EVENTS: Final = 25
_MOST_STEPS: Final = 100
_MOST_LINKS: Final = 10
_MOST_AROUND: Final = 1000  # runs that were made at the same time as some call
_ANSWERED_US: Final = 2_000_000


class Step(msgspec.Struct, frozen=True):
    """A state that it was in: since when, how many seconds (None: that was the end), and through what it was seen."""

    at_us: int
    state: str
    tone: str
    seconds: float | None
    seen_by: str


class RunPage(msgspec.Struct, frozen=True):
    """Everything that is known of a run. `result` None: there is none, or it may not be seen (`may_read`)."""

    row: RunRow
    detail: RunDetail
    money_said: str
    seen_by: str
    seen_us: int
    ended_us: int | None
    steps: tuple[Step, ...]
    stretches: tuple[Stretch, ...]  # in seconds
    whole: float
    states: tuple[StateCount, ...]  # of the runs of a group
    children: tuple[RunRow, ...]
    children_counted: int
    events: tuple[HookRow, ...]
    may_read: bool
    has_result: bool
    result: RunResult | None


@page("/accounts/{account}/runs/{id}", "run.html", permission="metadata_read", title="Run")
def run(resources: Resources, visit: Visit) -> RunPage:
    """One run that the visitor may see."""
    with reading_runs(resources) as reader:
        found = own_run(reader, visit)
        assert reader is not None
        assert found.owner is not None
        gateway = found.owner.gateway
        moments, result = reader.moments(found.id)[:_MOST_STEPS], reader.result(found.id)
        children = _children(reader, visit, found)
        counts = _counts(reader, visit, found)
        events = _events(reader, visit, found)
    may_read = visit.caller.may("read", visit.account, gateway)
    may_edit = visit.caller.may("edit", visit.account, gateway)
    steps = tuple(_steps(found, moments, visit.now_us))
    whole = ((ended_us(found) or visit.now_us) - found.created_us) / 1e6
    return RunPage(
        row=run_row(found, visit.now_us),
        detail=run_detail(found, moments, visit.now_us),
        money_said=money(found),
        seen_by=through(found.seen_by),
        seen_us=found.seen_us,
        ended_us=ended_us(found),
        steps=steps,
        stretches=tuple(_stretches(steps, found.created_us, visit.now_us)) if whole > 0 else (),
        whole=whole,
        states=counts,
        children=children,
        children_counted=sum(one.count for one in counts),
        events=tuple(hook_row(one, may_edit=may_edit) for one in events),
        may_read=may_read,
        has_result=result is not None,
        result=run_result(visit, found, result) if result is not None and may_read else None,
    )


@page("/accounts/{account}/runs/{id}/result", FILE, permission="read", title="Result")
def result_body(resources: Resources, visit: Visit) -> Response:
    """The result, as the provider gave it."""
    with reading_runs(resources) as reader:
        found = own_run(reader, visit)
    assert found.owner is not None
    if not visit.caller.may("read", visit.account, found.owner.gateway):
        raise not_found("the result of this run")
    return get_result(resources, visit.request(found.owner.gateway, run_id=found.id))


def own_run(reader: RunReader | None, visit: Visit) -> Run:
    """The run that the path names. Raises `ManagementError` 404, also for what the visitor may not see."""
    found = None if reader is None else reader.get(visit.names["id"])
    owner = None if found is None else found.owner
    if found is None or owner is None or owner.account != visit.account:
        raise not_found("run")
    if not visit.caller.may("metadata_read", visit.account, owner.gateway):
        raise not_found("run")
    return found


def runs_of(resources: Resources, call: CallRow) -> Iterator[str]:
    """The ids of runs that a call's path names, or that it has made, some of them: to lead from a log to its runs.

    A run is made when its call is answered: it is looked for at that time, as nothing leads from calls to runs.
    """
    ask = what(call.method.encode(), call.path)
    if call.provider != "parallel" or ask.act is Act.OTHER:
        return
    own = RunQuery(account=call.account, gateways=(call.gateway,))
    with suppress(RunsUnavailable), reading_runs(resources) as reader:
        if reader is None:
            return
        for name in filter(None, (ask.id, ask.group)):
            known = reader.get(name)
            if (
                known is not None
                and known.owner is not None
                and (known.owner.account, known.owner.gateway) == (call.account, call.gateway)
            ):
                yield known.id
        if ask.makes:
            until_us = call.created_us + call.duration_us + _ANSWERED_US
            around = msgspec.structs.replace(own, since_us=call.created_us, until_us=until_us)
            made = (one.id for one in reader.runs(around, _MOST_AROUND) if one.call_id == call.id)
            yield from islice(made, _MOST_LINKS)


def _inside(visit: Visit, group: Run) -> RunQuery:
    """The runs of a group that are of the same gateway."""
    gateway = "" if group.owner is None else group.owner.gateway
    return RunQuery(account=visit.account, gateways=(gateway,), parent=group.id)


def _children(reader: RunReader, visit: Visit, found: Run) -> tuple[RunRow, ...]:
    if found.kind is not RunKind.GROUP:
        return ()
    rows = reader.runs(_inside(visit, found), _MOST_CHILDREN)
    return tuple(run_row(one, visit.now_us) for one in rows)


def _counts(reader: RunReader, visit: Visit, found: Run) -> tuple[StateCount, ...]:
    """As the provider has told it last; as the runs stand here, where it has not."""
    if found.kind is not RunKind.GROUP:
        return ()
    counts = found.counts or reader.states(_inside(visit, found))
    return tuple(StateCount(name, tone_of(name), count, False, "") for name, count in counts.items())[
        :MOST_STATES
    ]


def _events(reader: OpenRunReader, visit: Visit, found: Run) -> Sequence[HookEvent]:
    gateway = "" if found.owner is None else found.owner.gateway
    return reader.hook_events(HookQuery(visit.account, (gateway,), run=found.id), _MOST_EVENTS)


def _steps(found: Run, moments: Sequence[Moment], now_us: int) -> Iterator[Step]:
    for place, moment in enumerate(moments):
        is_last = place + 1 == len(moments)
        until_us = now_us if is_last else moments[place + 1].at_us
        seconds = None if is_last and not found.is_active else max(until_us - moment.at_us, 0) / 1e6
        yield Step(moment.at_us, moment.state, tone_of(moment.state), seconds, through(moment.by))


def _stretches(steps: Sequence[Step], begins_us: int, now_us: int) -> Iterator[Stretch]:
    """How long it was in each state, from its beginning; an end takes no time."""
    for step in steps:
        if step.seconds:
            begins = (step.at_us - begins_us) / 1e6
            name = "queue" if step.state == "queued" else "read"
            yield Stretch(name, begins, begins + step.seconds, f"{step.state}: {step.seconds:.1f} s")


PAGES = pages(run, result_body)
