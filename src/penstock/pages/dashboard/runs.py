"""The list of runs: what calls have made at Parallel, the newest first, by what stands in the address.

What may stand there is in `analytics/run_choice.py`, the same words as the options of `penstock runs`. One run is shown
in `run.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

import msgspec

from penstock.analytics.parameters import BadParameter
from penstock.analytics.run_choice import WORDS, chosen_runs
from penstock.management.problem import not_found
from penstock.management.resources import Resources
from penstock.management.runs import reading_runs
from penstock.pages.dashboard.lists import (
    BEFORE,
    Chip,
    Place,
    address,
    chips,
    filters,
    is_from_form,
    place_behind,
    read_place,
    room,
)
from penstock.pages.dashboard.page import Done, Visit, page, pages
from penstock.pricing.units import to_usd
from penstock.runs.pace import is_stuck
from penstock.runs.run import Run
from penstock.runs.wording import NONE, Tone, owner, progress, state, tone, tone_of
from penstock.stores.runs import RunQuery, RunReader

EFFORT: Final = 100_000
"""Runs that a page looks at to find those that it is asked for: some tens of milliseconds."""

MOST_STATES: Final = 30
"""That are shown: they are the provider's words, and there are a dozen."""

_PAGE: Final = 50
_STATE: Final = "state"


class RunRow(msgspec.Struct, frozen=True):
    """A run in a list. Money in USD, None is unknown; `age` in seconds. `late`: it takes much longer than usual."""

    id: str
    kind: str
    state: str
    tone: Tone
    late: bool
    processor: str
    created_us: int
    age: float
    progress: str
    estimate: float | None
    cost: float | None
    money: str
    owner: str
    gateway: str
    parent: str


class StateCount(msgspec.Struct, frozen=True):
    """How many runs are in a state; `address` is the list of only these, or of all where it is chosen."""

    state: str
    tone: Tone
    count: int
    chosen: bool
    address: str


class Runs(msgspec.Struct, frozen=True):
    """`older` and `newest` are addresses, empty where there is nothing there; so is `active` where it is chosen.

    Numbers of states, and their sum `counted`, are of the newest `looked_at` runs that there are, where these are not
    all (`is_cut`).
    """

    rows: tuple[RunRow, ...]
    states: tuple[StateCount, ...]
    counted: int
    looked_at: int
    is_cut: bool
    chips: tuple[Chip, ...]
    older: str
    newest: str
    active: str
    wrong: str
    words: tuple[str, ...]


@page("/accounts/{account}/runs", "runs.html", permission="metadata_read", title="Runs")
def runs(resources: Resources, visit: Visit) -> Runs | Done:
    """The runs that the address asks for; with a value that cannot be, none, and what is wrong with it."""
    given = list(
        dict.fromkeys((word, text.strip()) for word, text in filters(visit.query, WORDS.__contains__))
    )
    if is_from_form(visit.query):
        return Done(address(given))
    wrong = ""
    rows, behind, counts, is_cut = list[Run](), "", dict[str, int](), False
    try:
        where = may_see(visit, chosen_runs(given, visit.account, visit.now_us).query)
        with reading_runs(resources) as reader:
            if reader is not None:
                rows, behind = _found(reader, where, read_place(visit.given(BEFORE)))
                all_states = msgspec.structs.replace(where, states=())
                near = within_reach(reader, all_states)
                counts, is_cut = reader.states(near), near is not all_states
    except BadParameter as error:
        wrong = str(error)
    is_active = any(word == "active" for word, _ in given)
    return Runs(
        rows=tuple(run_row(run, visit.now_us) for run in rows),
        states=tuple(_states(counts, given)),
        counted=sum(counts.values()),
        looked_at=EFFORT,
        is_cut=is_cut,
        chips=tuple(chips(given)),
        older=address([*given, (BEFORE, behind)]) if behind else "",
        newest=address(given) if visit.given(BEFORE) else "",
        active="" if is_active else address([*given, ("active", "yes")]),
        wrong=wrong,
        words=WORDS,
    )


def may_see(visit: Visit, where: RunQuery) -> RunQuery:
    """Those of them that the visitor may see. Raises `ManagementError` 404 where that is nothing."""
    allowed = visit.caller.gateways("metadata_read", visit.account)
    if allowed is None:
        return where
    gateways = tuple(one for one in where.gateways or allowed if one in allowed)
    if not gateways:
        raise not_found("gateway")
    return msgspec.structs.replace(where, gateways=gateways)


def run_row(run: Run, now_us: int) -> RunRow:
    """A run as lists show it."""
    return RunRow(
        id=run.id,
        kind=run.kind.value,
        state=state(run),
        tone=tone(run),
        late=is_stuck(run, now_us),
        processor=run.product,
        created_us=run.created_us,
        age=max(now_us - run.created_us, 0) / 1e6,
        progress="" if progress(run) == NONE else progress(run),
        estimate=_usd(run.estimate) if run.charges else None,
        cost=_usd(run.cost) if run.charges else None,
        money=run.money.value,
        owner="" if owner(run) == NONE else owner(run),
        gateway="" if run.owner is None else run.owner.gateway,
        parent=run.parent,
    )


def within_reach(reader: RunReader, where: RunQuery) -> RunQuery:
    """Of these the newest, so that a page need not look at all runs there are. What goes on, and what is of one group,
    are few: they are found by themselves.
    """
    reach = None if where.active or where.parent else reader.reach(where.until_us, EFFORT)
    if reach is None or (where.since_us is not None and where.since_us >= reach):
        return where
    return msgspec.structs.replace(where, since_us=reach)


def _found(reader: RunReader, where: RunQuery, began: Place) -> tuple[list[Run], str]:
    """A page, and where the next one begins: where nothing is found as far as a page looks, further back."""
    where = msgspec.structs.replace(where, until_us=began.until(where.until_us))
    near = within_reach(reader, where)
    found = reader.runs(near, _PAGE + 1, began.skipped)
    if len(found) > _PAGE:
        return found[:_PAGE], place_behind([run.created_us for run in found[:_PAGE]], began)
    return found, "" if near is where or near.since_us is None else f"{near.since_us - 1}.0"


def _states(counts: Mapping[str, int], given: Sequence[tuple[str, str]]) -> Iterator[StateCount]:
    others = [pair for pair in given if pair[0] != _STATE]
    chosen = {text for word, text in given if word == _STATE}
    for name, count in islice(counts.items(), min(room(given), MOST_STATES)):
        is_chosen = name in chosen
        yield StateCount(
            name, tone_of(name), count, is_chosen, address(others if is_chosen else [*others, (_STATE, name)])
        )


def _usd(nano: int | None) -> float | None:
    return None if nano is None else to_usd(nano)


PAGES = pages(runs)
