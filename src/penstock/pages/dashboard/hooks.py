"""Events of webhooks on their way to callers: a list, one with what it says, and having them sent again.

The same as `penstock hooks` tells and does. Of a receiver's address only the host is shown: the rest may be a secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from penstock.management.problem import not_found
from penstock.management.reading import Pairs
from penstock.management.resources import Resources
from penstock.management.runs import reading_runs
from penstock.pages.dashboard.cutting import laid_out
from penstock.pages.dashboard.lists import BEFORE, address
from penstock.pages.dashboard.page import Done, Visit, action, first, page, pages
from penstock.runs.hook_record import HookRecord, hook_record
from penstock.runs.hooks import HookEvent, HookState
from penstock.stores.hooks import HookQuery

_PAGE: Final = 50
_MOST_SENT: Final = 1000  # of those that were given up, at once
_MOST_BODY: Final = 24_000  # bytes that it takes of its page
_STATE: Final = "state"


class HookRow(msgspec.Struct, frozen=True):
    """An event in a list; `number` is what pages and forms call it by."""

    number: int
    came_us: int
    next_us: int | None
    event: HookRecord
    may_edit: bool


class StateTab(msgspec.Struct, frozen=True):
    """The events of one state, or (empty) of all."""

    state: str
    chosen: bool
    address: str


class Hooks(msgspec.Struct, frozen=True):
    """`older` and `newest` are addresses, empty where there is nothing there."""

    rows: tuple[HookRow, ...]
    tabs: tuple[StateTab, ...]
    state: str
    older: str
    newest: str
    may_edit: bool


class HookPage(msgspec.Struct, frozen=True):
    """One event. `body` is its beginning, laid out; empty where it may not be seen."""

    row: HookRow
    may_read: bool
    body: str
    is_whole: bool


@page("/accounts/{account}/hooks", "hooks.html", permission="metadata_read", title="Webhooks")
def hooks(resources: Resources, visit: Visit) -> Hooks:
    """Those that came last first, of what the visitor may see."""
    states = _states(visit.given(_STATE))
    state = states[0].value if states else ""
    given, before = ([(_STATE, state)] if state else []), _number(visit.given(BEFORE))
    found = _events(resources, visit, HookQuery(visit.account, (), states, before=before), _PAGE + 1)
    rows = found[:_PAGE]
    return Hooks(
        rows=tuple(hook_row(one, may_edit=_may_edit(visit, one)) for one in rows),
        tabs=tuple(_tabs(state)),
        state=state,
        older=address([*given, (BEFORE, str(rows[-1].number))]) if len(found) > _PAGE else "",
        newest=address(given) if before is not None else "",
        may_edit=visit.caller.may_somewhere("edit", visit.account),
    )


@page("/accounts/{account}/hooks/{number}", "hook.html", permission="metadata_read", title="Webhook")
def hook(resources: Resources, visit: Visit) -> HookPage:
    """One event, with what it says for who may read that."""
    event, body = _own_event(resources, visit, visit.names["number"])
    may_read = visit.caller.may("read", visit.account, event.gateway)
    row = hook_row(event, may_edit=_may_edit(visit, event))
    found = laid_out(body.decode("utf-8", "replace") if may_read else "", event.content_type, _MOST_BODY)
    return HookPage(row, may_read, found.text, found.is_whole)


@action("/accounts/{account}/hooks/again", permission="edit")
def again(resources: Resources, visit: Visit, form: Pairs) -> Done:
    """One event, or all that were given up, to be sent once more."""
    here = f"/accounts/{visit.account}/hooks"
    if first(form, "number"):
        event, _ = _own_event(resources, visit, first(form, "number"))
        if not _may_edit(visit, event):
            raise not_found("webhook event")
        numbers, here = [event.number], f"{here}/{event.number}"
    else:
        given_up = HookQuery(visit.account, (), (HookState.GIVEN_UP,))
        found = _events(resources, visit, given_up, _MOST_SENT)
        numbers = [one.number for one in reversed(found) if _may_edit(visit, one)]
    count = 0
    if numbers:
        with resources.run_editor() as ledger:
            count = ledger.replay(numbers, visit.now_us)
    said = "One event" if count == 1 else f"{count} events"
    return Done(here, f"{said} will be sent again." if count else "There is nothing to be sent again.")


def hook_row(event: HookEvent, *, may_edit: bool) -> HookRow:
    """An event as lists show it."""
    next_us = event.next_us if event.done_us is None else None
    return HookRow(event.number, event.came_us, next_us, hook_record(event), may_edit)


def _events(resources: Resources, visit: Visit, where: HookQuery, limit: int) -> Sequence[HookEvent]:
    gateways = visit.caller.gateways("metadata_read", visit.account)
    with reading_runs(resources) as reader:
        if reader is None or gateways == ():
            return []
        return reader.hook_events(msgspec.structs.replace(where, gateways=gateways or ()), limit)


def _own_event(resources: Resources, visit: Visit, number: str) -> tuple[HookEvent, bytes]:
    """With its body. Raises `ManagementError` 404, also for what the visitor may not see."""
    known = _number(number)
    with reading_runs(resources) as reader:
        event = None if reader is None or known is None else reader.hook_event(known)
        body = b"" if reader is None or event is None else reader.hook_body(event.number)
    if event is None or event.account != visit.account:
        raise not_found("webhook event")
    if not visit.caller.may("metadata_read", visit.account, event.gateway):
        raise not_found("webhook event")
    return event, body


def _may_edit(visit: Visit, event: HookEvent) -> bool:
    return visit.caller.may("edit", visit.account, event.gateway)


def _states(text: str) -> tuple[HookState, ...]:
    return tuple(state for state in HookState if state.value == text)


def _tabs(chosen: str) -> Iterator[StateTab]:
    yield StateTab("", not chosen, "?")
    for state in HookState:
        yield StateTab(state.value, state.value == chosen, address([(_STATE, state.value)]))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


PAGES = pages(hooks, hook, again)
