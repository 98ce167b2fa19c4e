"""From a call that has ended to its record, and what may be kept of its bodies, with all secrets taken out.

The last thing that happens to a call; pure but for giving captured memory back. Both bodies, and the secrets to be
looked for in them, are the caller's: what would be too much work is not kept, and the record says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

import msgspec

from penstock.budget import Budget
from penstock.calls.orders import as_answered
from penstock.journal.record import UNKEPT, CallRecord, Cleaning, OrderNews, Outcome, frame_pieces
from penstock.pieces import Pieces, finished
from penstock.pricing.asked import asked_model
from penstock.pricing.call_cost import PARALLEL
from penstock.pricing.parallel_card import parallel_cost
from penstock.providers.base import Redactor
from penstock.providers.request_reading import flagged
from penstock.proxy.call import Call
from penstock.proxy.call_bodies import (
    answered_body,
    asked_in,
    news_of,
    note_end,
    request_of,
    take_answer,
    units_of,
    used_by,
    used_in,
)
from penstock.proxy.redaction import AT_ONCE, holds_one, redact, redacting, secrets_of, spelled, too_much
from penstock.proxy.request_body import seen
from penstock.wire.own_tokens import NO_ADMIN, SHORTEST, OwnTokens
from penstock.wire.usage import Answer

_REFUSED: Final = int(Outcome.REFUSED)
_NO_ROOM = "too much is being cleaned of secrets already"
_CLIENT_LEFT = 499
_MAX_TRACEPARENT = 128
_REDACTED_AT_ONCE = 65536
_TOLD_BY = 65536  # bytes of a refused request that is still asked for its model


class _Told(NamedTuple):
    """What an answer tells of which not all is kept."""

    answer: Answer
    news: OrderNews | None = None


_NOTHING_TOLD: Final = _Told(Answer())


class Later(NamedTuple):
    """A record, bodies that it takes a while to clean, and what is to be taken out of them."""

    record: CallRecord
    request: bytes
    response: bytes
    secrets: Sequence[bytes]
    redactor: Redactor | None
    cleaning: Cleaning | None

    @property
    def size(self) -> int:
        """Of both bodies, in bytes."""
        return len(self.request) + len(self.response)


def record_frame(call: Call, now: float, room: Budget, own: OwnTokens = NO_ADMIN) -> list[bytes] | Later:
    """The pieces to append to the journal for `call`, which ended at `now` (monotonic seconds).

    `Later`: what `frame_later` makes them of. `room`: of the bytes that may wait for that.
    """
    try:
        return _with_bodies(call, now, room, own)
    except MemoryError:
        call.note(UNKEPT, now, "not kept: there was no memory for it")
        return frame_pieces(
            _record(call, now, False, False, False, _NOTHING_TOLD), b"", b"", _cleaning(call, own)
        )


def _with_bodies(call: Call, now: float, room: Budget, own: OwnTokens) -> list[bytes] | Later:
    if call.capture is not None:
        take_answer(call, call.capture)
    if not call.controls.collect_payload:
        return _without_bodies(call, now, own)
    if not call.attempts and call.outcome == _REFUSED:
        return _refused(call, now, own)
    request, request_cut = call.body.recorded()
    response, response_cut = call.answer, call.answer_cut
    if len(response) > call.body.log_limit:
        response, response_cut = response[: call.body.log_limit], True
    told = _NOTHING_TOLD if call.told is None else _estimated(call)
    if request_cut or response_cut:
        told = _facts(call, now, is_answer_kept=not response_cut)
    head, redactor = call.head, None if call.provider is None else call.provider.redact
    if head.credentials or call.controls.authorization or call.secrets:
        secrets = secrets_of(head.credentials, call.controls.authorization)
        if call.secrets:
            secrets += call.secrets
        secrets = spelled(secrets)
        size = len(request) + len(response)
        if size * len(secrets) > AT_ONCE:
            why = too_much(secrets, size) or (_NO_ROOM if size > room.left else "")
            if why:
                call.note(UNKEPT, now, f"not kept: {why}")
                return _without_bodies(call, now, own)
            record = _record(call, now, request_cut, response_cut, True, told)
            return Later(record, request, response, secrets, redactor, _cleaning(call, own))
        if request_cut or response_cut or holds_one(secrets, request, response):
            request = redact(request, secrets, request_cut)
            response = redact(response, secrets, response_cut)
    record = _record(call, now, request_cut, response_cut, True, told)
    if redactor is not None:
        if len(request) > _REDACTED_AT_ONCE:
            return Later(record, request, response, (), redactor, _cleaning(call, own))
        request = finished(redactor(request))
    return frame_pieces(record, request, response, _cleaning(call, own))


def frame_later(later: Later) -> Pieces[list[bytes]]:
    """The pieces, piece by piece; each tells how many bytes it has looked at."""
    record, request, response, secrets, redactor, cleaning = later
    request = yield from redacting(request, secrets, cut=record.request_cut)
    if redactor is not None:
        request = yield from redactor(request)
    response = yield from redacting(response, secrets, cut=record.response_cut)
    return frame_pieces(record, request, response, cleaning)


def _without_bodies(call: Call, now: float, own: OwnTokens) -> list[bytes]:
    """With what the bodies would have told."""
    told = _facts(call, now, is_answer_kept=False)
    seen(call.body)  # what was captured to be looked at goes back
    return frame_pieces(_record(call, now, False, False, False, told), b"", b"", _cleaning(call, own))


def _refused(call: Call, now: float, own: OwnTokens) -> list[bytes]:
    """Of a call that never left: the answer, which is the gateway's own. Nothing is looked for in what came."""
    if call.body.size:
        call.note(UNKEPT, now, "the request is not kept: it was refused")
        body = call.body.kept
        if body is not None and len(body) <= _TOLD_BY and not call.head.content_encoding and call.provider:
            tail = call.path.partition("?")[0]
            asked = asked_in(call, body)
            call.model = call.model or asked_model(call.provider.slug, call.operation, tail, asked) or ""
    record = _record(call, now, call.body.size > 0, False, True, _NOTHING_TOLD)
    return frame_pieces(record, b"", call.answer, _cleaning(call, own))


def _record(call: Call, now: float, cut: bool, answer_cut: bool, bodies: bool, told: _Told) -> CallRecord:
    head, controls, provider, error, token = call.head, call.controls, call.provider, call.error, call.token
    return CallRecord(  # in the order of its fields: by name this would cost as much as all the rest
        call.id,
        call.event_id,
        call.created_us,
        call.gateway.account,
        call.gateway.id,
        "" if provider is None else provider.slug,
        call.method.decode("ascii"),
        call.path,
        call.status or _CLIENT_LEFT,
        call.outcome,
        int((now - call.started) * 1e6),
        int((call.first_byte - call.started) * 1e6) if call.first_byte else None,
        call.body.size,
        call.received,
        cut,
        answer_cut,
        bodies,
        head.content_type.decode("latin-1"),
        call.response_type.decode("latin-1"),
        head.content_encoding.decode("latin-1") if head.content_encoding else "",
        call.response_encoding.decode("latin-1") if call.response_encoding else "",
        head.user_agent.decode("latin-1"),
        call.step,
        call.compat,
        call.authenticated,
        None if error is None else error.fault.code,
        "" if error is None else (error.detail or error.fault.message),
        call.metadata,
        _controls(call) if call.gateway.traces else controls.seen,
        call.model,
        call.cached,
        call.attempts,
        call.stored_key,
        "" if token is None else token.id,
        "" if token is None else token.user,
        "" if token is None else token.team,
        call.cost,
        call.whole,
        told.answer.usage,
        call.trail,
        call.operation.name,
        told.answer.model or "",
        provider is not None and provider.is_local,
        call.provider_error,
        told.news,
    )


def _cleaning(call: Call, own: OwnTokens) -> Cleaning | None:
    """What takes tokens out of the record; None where nothing in it can hold one."""
    if not call.may_show and call.error is None and len(call.model) < SHORTEST and own.has_form:
        return None
    return partial(_clean, own=own)


def _clean(meta: bytes, own: OwnTokens) -> bytes:
    if not own.stands_in(meta):
        return meta
    return msgspec.msgpack.encode(_redacted(msgspec.msgpack.decode(meta), own))


def _redacted(value: object, own: OwnTokens) -> object:
    """The same value of msgpack, without tokens in its texts."""
    if isinstance(value, str):
        return own.redacted(value.encode()).decode(errors="replace")
    if isinstance(value, dict):
        return {_redacted(name, own): _redacted(inner, own) for name, inner in value.items()}
    return [_redacted(inner, own) for inner in value] if isinstance(value, list) else value


def _controls(call: Call) -> dict[str, str]:
    """The control headers, and the trace that the caller's part belongs to (Cloudflare 3.22)."""
    parent = (call.client or call.lookup)("traceparent")
    seen = call.controls.seen
    return seen if parent is None else {**seen, "traceparent": parent[:_MAX_TRACEPARENT]}


def _facts(call: Call, now: float, *, is_answer_kept: bool) -> _Told:
    """What bodies would have told later that are not kept, or not as a whole."""
    request = request_of(call)
    slug = "" if call.provider is None else call.provider.slug
    tail = call.path.partition("?")[0]
    asked = asked_in(call, request)
    call.operation = flagged(call.operation, asked)
    if request is None and call.operation.flags:
        call.operation = as_answered(call.operation, answered_body(call))
    if not is_answer_kept:
        note_end(call, now)
    answer = used_in(call)
    call.model = call.model or asked_model(slug, call.operation, tail, asked) or answer.model or ""
    if call.cost is None and slug == PARALLEL and 200 <= call.status < 300:
        call.cost = parallel_cost(tail, request, answer.usage)
    if is_answer_kept:
        units = units_of(call)
        return _estimated(call) if units is None else _Told(Answer(None, units))
    return _Told(used_by(call), news_of(call))


def _estimated(call: Call) -> _Told:
    """What a limit, or a request that is not kept, had estimated: the log is to say the same."""
    usage = None if call.told is None else call.told.usage
    return _Told(Answer(None, usage)) if usage is not None and usage.is_estimated else _NOTHING_TOLD
