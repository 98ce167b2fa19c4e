"""One call: what it was and came to, its time in parts, what was decided, its bodies, how its cost came about.

The story is that of `penstock explain`. Who may not read bodies sees that there are some, and nothing of them.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from penstock.calls.conversation_view import MOST_BYTES, ConversationView, Turn, conversation_of
from penstock.calls.costing import needs_request
from penstock.calls.explain import Story, explain
from penstock.calls.log_record import LogRecord, bodies_remark, body_text, log_record
from penstock.calls.pretty import pretty
from penstock.calls.repricing import request_of
from penstock.management.logs import LogPatch, get_request, get_response, patch_log
from penstock.management.open_ledger import reading
from penstock.management.problem import ManagementError, not_found
from penstock.management.reading import Pairs
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.management.response import Response
from penstock.pages.dashboard.charts import Stretch
from penstock.pages.dashboard.cutting import cut
from penstock.pages.dashboard.logs import Row, row_of
from penstock.pages.dashboard.page import FILE, Done, Visit, action, first, page, pages
from penstock.pages.dashboard.run import runs_of
from penstock.stores.ledger import Bodies, CallRow, LedgerReader
from penstock.wire.content_encoding import beginning

_MOST_SHOWN: Final = 24_000
"""Bytes that a body takes of its page; all of it is one link away."""
_MOST_SAID: Final = 60_000
"""The same for a conversation, all turns together."""
_MOST_READ: Final = 400_000
"""Characters that are laid out before they are cut."""
_MOST_BYTES: Final = 4 * _MOST_READ + 1
"""Bytes that a body is looked at: more than those characters ever take."""

Kind = Literal["text", "binary", "empty", "unkept", "hidden"]


class Body(msgspec.Struct, frozen=True):
    """One of a call's bodies. `text` is its beginning, laid out; `is_whole`: that is all of it."""

    name: str
    kind: Kind
    text: str
    is_whole: bool
    is_cut: bool
    size: int
    content_type: str
    encoding: str
    raw: str  # where it is, as it was


class LogPage(msgspec.Struct, frozen=True):
    """Everything that is known of a call."""

    row: Row
    record: LogRecord
    story: Story
    stretches: tuple[Stretch, ...]  # in milliseconds
    conversation: ConversationView | None
    bodies: tuple[Body, ...]
    remark: str
    curl: str
    may_edit: bool
    runs: tuple[str, ...]  # that it has made, or is about: their ids, some of them


@page("/accounts/{account}/logs/{id}", "log.html", permission="metadata_read", title="Call")
def log(resources: Resources, visit: Visit) -> LogPage:
    """One call that the visitor may see."""
    prices = resources.prices()
    with reading(resources) as ledger:
        row = own_row(ledger, visit, visit.names["id"])
        assert ledger is not None
        may_read = visit.caller.may("read", visit.account, row.gateway)
        bodies = ledger.bodies(row.id) if may_read else None
        request = request_of(ledger, row) if needs_request(row, prices) else None
    return LogPage(
        row=row_of(row),
        record=log_record(row),
        story=explain(row, request, prices),
        stretches=tuple(_stretches(row)),
        conversation=_conversation(row, bodies),
        bodies=tuple(_bodies(row, bodies, visit, may_read=may_read)),
        remark=bodies_remark(row) or "",
        curl=_curl(row, bodies, visit),
        may_edit=visit.caller.may("edit", visit.account, row.gateway),
        runs=tuple(runs_of(resources, row)),
    )


@page("/accounts/{account}/logs/{id}/request", FILE, permission="read", title="Request")
def request_body(resources: Resources, visit: Visit) -> Response:
    """The body of the request, as it was sent."""
    return get_request(resources, _to_body(resources, visit))


@page("/accounts/{account}/logs/{id}/response", FILE, permission="read", title="Response")
def response_body(resources: Resources, visit: Visit) -> Response:
    """The body of the answer, as it came."""
    return get_response(resources, _to_body(resources, visit))


def _to_body(resources: Resources, visit: Visit) -> Request:
    with reading(resources) as ledger:
        row = own_row(ledger, visit, visit.names["id"])
    if not visit.caller.may("read", visit.account, row.gateway):
        raise not_found("the body of this log")
    return visit.request(row.gateway, id=row.id)


@action("/accounts/{account}/logs/{id}/feedback", permission="edit")
def feedback(resources: Resources, visit: Visit, form: Pairs) -> Done:
    """A thumb, or a score; given once more, it is taken away."""
    with reading(resources) as ledger:
        row = own_row(ledger, visit, visit.names["id"])
    if not visit.caller.may("edit", visit.account, row.gateway):
        raise not_found("log")
    here = f"/accounts/{visit.account}/logs/{row.id}"
    try:
        patch_log(resources, visit.request(row.gateway, id=row.id), LogPatch.read(_patch(row, form)))
    except ManagementError as error:
        return Done(here, "; ".join(one.message for one in error.problems))
    return Done(here, "Noted.")


def _patch(row: CallRow, form: Pairs) -> dict[str, object]:
    thumb, score = first(form, "thumb"), first(form, "score").strip()
    if thumb:
        given = {"up": 1, "down": -1}.get(thumb)
        return {"feedback": None if row.feedback == given else given}
    try:
        return {"score": float(score) if score else None}
    except ValueError:
        return {"score": score}


def own_row(ledger: LedgerReader | None, visit: Visit, call_id: str) -> CallRow:
    """A call that the visitor may see. Raises `ManagementError` 404, also for what the visitor may not see."""
    row = None if ledger is None else ledger.get(call_id)
    if row is None or row.account != visit.account:
        raise not_found("log")
    if not visit.caller.may("metadata_read", visit.account, row.gateway):
        raise not_found("log")
    return row


def _conversation(row: CallRow, bodies: Bodies | None) -> ConversationView | None:
    if bodies is None or bodies.request_cut:
        return None
    sides = ((bodies.request, row.request_encoding), (bodies.response, row.response_encoding))
    found = conversation_of(row, *(beginning(*side, MOST_BYTES + 1) for side in sides))
    return found and msgspec.structs.replace(found, turns=tuple(_fitting(found.turns)))


def _fitting(turns: Sequence[Turn]) -> Iterator[Turn]:
    """The turns, with as much of their text as a page holds; the answer stands last, and has a share of its own."""
    left = _MOST_SAID // 2
    for number, turn in enumerate(turns):
        if number == len(turns) - 1:
            left += _MOST_SAID // 2
        parts = []
        for part in turn.parts:
            shown = cut(part.text, max(left, 0))
            left -= shown.size
            is_cut = part.is_cut or not shown.is_whole
            parts.append(msgspec.structs.replace(part, text=shown.text, is_cut=is_cut))
        yield msgspec.structs.replace(turn, parts=tuple(parts))


def _stretches(row: CallRow) -> Iterator[Stretch]:
    """The time of a call in parts, as far as it was noted: until it was sent, until the first byte, until the end."""
    whole = row.duration_us / 1000
    sent = next((event.offset_us / 1000 for event in row.trail if event.what == "attempt"), None)
    begins = 0.0
    if sent is not None and sent > 0:
        yield Stretch("queue", 0.0, sent, "in the gateway, until it was sent")
        begins = sent
    if row.first_byte_us is not None:
        answered = min(row.first_byte_us / 1000, whole)
        yield Stretch("wait", begins, answered, "until the first byte of the answer")
        begins = answered
    yield Stretch("read", begins, whole, "until the end of the answer")


def _bodies(row: CallRow, bodies: Bodies | None, visit: Visit, *, may_read: bool) -> Iterator[Body]:
    at = f"/accounts/{visit.account}/logs/{row.id}"
    for name in ("request", "response"):
        is_request = name == "request"
        size = row.request_size if is_request else row.response_size
        content_type = row.request_content_type if is_request else row.response_content_type
        encoding = row.request_encoding if is_request else row.response_encoding
        kind: Kind
        text, is_cut = "", False
        if not may_read:
            kind = "hidden"
        elif bodies is None:
            kind = "empty" if size == 0 else "unkept"
        else:
            kept = bodies.request if is_request else bodies.response
            is_cut = bodies.request_cut if is_request else bodies.response_cut
            found = body_text(kept, content_type, encoding, _MOST_BYTES)
            kind = "empty" if not kept else "binary" if found is None else "text"
            text = found or ""
        shown = cut(pretty(text, content_type) if len(text) <= _MOST_READ else text, _MOST_SHOWN)
        yield Body(
            name,
            kind,
            shown.text,
            shown.is_whole,
            is_cut,
            size,
            content_type,
            encoding,
            f"{at}/{name}",
        )


def _curl(row: CallRow, bodies: Bodies | None, visit: Visit) -> str:
    """The call as a command, with placeholders for what is secret; empty where its body was not kept as text."""
    url = f"{visit.base_url}/v1/{row.account}/{row.gateway}/{row.provider}/{row.path}"
    if row.compat:
        url = f"{visit.base_url}/v1/{row.account}/{row.gateway}/compat/{row.path}"
    lines = [f"curl {shlex.quote(url)}"]
    if row.method not in ("GET", "POST"):
        lines.append(f"-X {shlex.quote(row.method)}")
    lines.append('-H "cf-aig-authorization: Bearer $PENSTOCK_TOKEN"')
    if not row.stored_key and not row.cached:
        lines.append('-H "Authorization: Bearer $PROVIDER_KEY"')
    if row.request_size:
        text = (
            None
            if bodies is None or bodies.request_cut
            else body_text(bodies.request, row.request_content_type, row.request_encoding, _MOST_BYTES)
        )
        if text is None or len(text) > _MOST_SHOWN:
            return ""
        content_type = row.request_content_type or "application/json"
        lines.append(f"-H {shlex.quote(f'content-type: {content_type}')}")
        lines.append(f"-d {shlex.quote(text)}")
    return " \\\n  ".join(lines)


PAGES = pages(log, request_body, response_body, feedback)
