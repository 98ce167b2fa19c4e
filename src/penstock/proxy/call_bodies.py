"""What the bodies of a call that has ended tell about it, while they are still at hand.

For who cannot leave that to the shipper: a spend limit, and calls whose bodies are not kept. Pure.
"""

from __future__ import annotations

from penstock.calls.order_documents import Body
from penstock.calls.orders import added_up, news_in, tells_of_orders
from penstock.journal.record import COMPLETE, ENDED, FAILURE, HEARD_OUT, OrderNews, Outcome, failed_by
from penstock.pricing.asked_units import NOT_IN_TOKENS, TOLD_BY_REQUESTS, asked_units, likely_units
from penstock.pricing.estimated_usage import IN_A_HURRY, SeenBody, estimated_usage
from penstock.providers.operation import Effect
from penstock.providers.operation_table import UNKNOWN
from penstock.providers.request_reading import Request
from penstock.proxy.call import Call
from penstock.proxy.capture import Capture
from penstock.proxy.request_body import seen
from penstock.wire.content_encoding import codings, ends, plain, undone
from penstock.wire.stream_end import UNTOLD, End, Verdict, end_of, failure_of
from penstock.wire.usage import Answer, Usage, read_answer, read_cut_answer
from penstock.wire.usage_counts import with_units
from penstock.wire.usage_marks import last_usage

_MOST_UNPACKED = 8 * 1024 * 1024  # bytes; of what comes of a longer one, its first and its last are looked at
_END_UNPACKED = 262_144
_BEGIN_READ = (
    524_288  # bytes of an answer with a gap: what tells something stands at its beginning, or its end
)
_FIRST_ERROR = 400
_BEHIND_USAGE = 4096  # bytes that may follow it at the end of a stream
_INCREMENT = b'delta"'
_PACKED_EVENT_BYTES = 16  # of one in a coding that cannot be undone, about


def request_of(call: Call) -> bytes | None:
    """The whole request as plain bytes; None where it was not kept or cannot be unpacked.

    Unpacking is one step, and the client says how much comes of it.
    """
    body = call.body.kept
    if body is None:
        return None
    return plain(body, call.head.content_encoding.decode("latin-1"), _MOST_UNPACKED)


def asked_in(call: Call, body: bytes | None) -> Request:
    """The request as its operation reads it; `body` is plain."""
    query = call.query.decode("latin-1").removeprefix("?")
    return Request(query, call.header, call.head.content_type.decode("latin-1"), body)


def take_answer(call: Call, capture: Capture) -> None:
    """What was captured goes to the call, and the memory back, for others."""
    call.capture, call.answer_cut = None, capture.cut
    try:
        call.answer_end, call.answer_gap = capture.rest()
        call.answer = capture.release()
    except MemoryError:
        capture.drop()
        raise


def answer_of(call: Call) -> Answer:
    """Model and usage out of an answer that came to its end, though not all of it may have been kept."""
    if not call.answer or not (call.outcome in ENDED or call.whole):
        return Answer()
    if call.answer_cut and call.answer_gap and (not call.answer_end or _codings(call)):
        return Answer()  # the last bytes of a compressed one tell nothing
    return part_of(call)


def used_in(call: Call, *, if_whole: bool = False) -> Answer:
    """Model and usage out of an answer, however it ended, with what it does not tell estimated from what came.

    `if_whole`: only where that is all that was to come; of others what was told before their end is not all.
    """
    if not 200 <= call.status < 300 or not call.operation.shows_tokens:
        return answer_of(call)
    is_whole, answer = call.outcome == COMPLETE or call.whole, part_of(call)
    usage = answer.usage
    if usage is not None and (usage.is_estimated or (is_whole and usage.tells_both and not _goes_on(call))):
        return answer
    if if_whole and not is_whole:
        return answer_of(call)
    told_both = usage is not None and usage.tells_both
    counted = _with_estimate(call, usage, is_whole=is_whole and not told_both)
    if is_whole and counted is not usage:
        # A good status and all bytes do not make an answer whole.
        if verdict_of(call).end not in (End.FAILED, End.CUT):
            counted = usage if told_both else counted
        elif if_whole:
            return Answer(answer.model)
    call.told = answer = Answer(answer.model, counted)
    return answer


def _goes_on(call: Call) -> bool:
    """Whether a stream may have gone on after it told its usage, as one does that tells it in its first event."""
    if b"event-stream" not in call.response_type.lower():
        return False
    if _codings(call):
        return True
    end = (call.answer[-_BEHIND_USAGE:] + call.answer_end)[-_BEHIND_USAGE:]
    told_at = last_usage(end)
    return told_at < 0 or _INCREMENT in end[told_at:]


def _with_estimate(call: Call, told: Usage | None, *, is_whole: bool) -> Usage | None:
    coding = call.response_encoding.decode("latin-1")
    first, last, size = call.answer, b"", len(call.answer)
    if call.answer_cut:
        size = max(size, call.received)
        if not call.answer_gap:
            first += call.answer_end
        elif not codings(coding):
            last = call.answer_end
    return estimated_usage(
        call.operation,
        told,
        SeenBody(seen(call.body), call.body.size, call.head.content_encoding.decode("latin-1")),
        SeenBody(first, size, coding, last),
        call.response_type.decode("latin-1"),
        IN_A_HURRY,
        is_whole=is_whole,
    )


def units_of(call: Call) -> Usage | None:
    """What the request tells of work that is done and not counted in tokens."""
    if call.operation.kind not in TOLD_BY_REQUESTS or not (call.outcome == COMPLETE or call.whole):
        return None
    return asked_units(call.operation, asked_in(call, request_of(call)), call.model)


def likely_of(call: Call, body: bytes | None) -> Usage | None:
    """What a call that is yet to be made is likely to use of what is not counted in tokens; `body` is plain."""
    if call.operation.kind not in NOT_IN_TOKENS:
        return None
    size = len(body) if body is not None else max(call.body.size, call.body.length)
    return likely_units(call.operation, asked_in(call, body), call.model, size)


def used_by(call: Call, *, if_whole: bool = False) -> Answer:
    """The same as `used_in`, and what the request tells of work that is not counted in tokens."""
    answer, units = used_in(call, if_whole=if_whole), units_of(call)
    return answer if units is None else Answer(answer.model, with_units(answer.usage, units))


def part_of(call: Call) -> Answer:
    """Model and usage out of as much of an answer as came: of half of one, half the tokens."""
    if call.told is None:
        call.told = _told(call)
    return call.told


def _told(call: Call) -> Answer:
    if not call.answer_cut and not call.response_encoding:  # as a rule
        return read_answer(call.response_type.decode("latin-1"), "", call.answer)
    found = _plain_ends(call)
    if found is None and call.outcome not in ENDED:
        coding = call.response_encoding.decode("latin-1")
        found = undone(call.answer, coding, _MOST_UNPACKED, _MOST_UNPACKED).first, b""
    if found is None:
        return Answer()
    kind, (first, last) = call.response_type.decode("latin-1"), found
    if last:
        return read_cut_answer(kind, first, last)
    return read_answer(kind, "", first) if first else Answer()


def _plain_ends(call: Call) -> tuple[bytes, bytes] | None:
    """The answer, or its first and its last bytes, without a content coding; None where that cannot be undone."""
    first, last = call.answer, b""
    if call.answer_cut:
        if not call.answer_gap:
            first += call.answer_end
        elif not _codings(call):
            first, last = first[:_BEGIN_READ], call.answer_end
    if _codings(call):
        return ends(first, call.response_encoding.decode("latin-1"), _MOST_UNPACKED, _END_UNPACKED)
    return first, last


def news_of(call: Call) -> OrderNews | None:
    """What an answer tells of orders. One out of a store tells nothing that was not told before."""
    if call.cached or not tells_of_orders(call.operation):
        return None
    body = answered_body(call)
    if call.results is not None:
        lines = call.results.end()
    else:
        encoding = call.response_encoding.decode("latin-1")
        lines = added_up(call.operation, call.answer, encoding, _MOST_UNPACKED)
    return news_in(call.operation, call.status, call.path, body, lines)


def answered_body(call: Call) -> Body:
    """As much of the answer as is at hand, plain."""
    kind, is_whole = call.response_type.decode("latin-1"), call.outcome in HEARD_OUT or call.whole
    if call.answer_cut and call.answer_gap and (not call.answer_end or _codings(call)):
        found = ends(call.answer, call.response_encoding.decode("latin-1"), _MOST_UNPACKED, _END_UNPACKED)
        return Body(kind, found[0] if found else b"", b"", is_whole and call.results is not None)
    return Body(kind, *(_plain_ends(call) or (b"", b"")), is_whole)


def verdict_of(call: Call, *, framed: bool = True) -> Verdict:
    """How the answer ended, as far as what was kept of it tells. `framed`: its framing says that it is whole."""
    if call.answer_cut and call.answer_gap and (not call.answer_end or _codings(call)):
        return UNTOLD  # the last bytes of a compressed one tell nothing
    found = _plain_ends(call)
    return UNTOLD if found is None else end_of_answer(call, *found, framed=framed)


def note_end(call: Call, now: float, *, framed: bool = True) -> None:
    """Notes on a call whose answer came to its end what its bytes say of that. `now` is in monotonic seconds."""
    if call.outcome != COMPLETE:
        return
    if 200 <= call.status < 300:
        _note(call, verdict_of(call, framed=framed), now)
    elif call.status >= _FIRST_ERROR and (found := _plain_ends(call)) is not None:
        call.provider_error = failure_of(found[0])


def note_leaving(call: Call, now: float) -> None:
    """Notes on a call whose client has left what it got before: it may have been all that was to come."""
    if not 200 <= call.status < 300:
        return
    answer = call.answer
    if not call.answer_cut:
        call.answer = answer[: call.received]
    verdict = verdict_of(call)
    call.answer = answer
    if verdict.end is End.SOUND:
        call.outcome, call.whole, call.error = COMPLETE, True, None
    elif verdict.end is End.FAILED:
        call.error = None
        _note(call, verdict, now)


def _note(call: Call, verdict: Verdict, now: float) -> None:
    if verdict.end is End.FAILED:
        call.outcome, call.provider_error = Outcome.PROVIDER_FAILED, verdict.error
    elif verdict.end is End.CUT:
        call.outcome = Outcome.CUT_SHORT
    else:
        return
    call.note(FAILURE, now, failed_by(call.status, verdict.error))


def end_of_answer(call: Call, first: bytes, last: bytes = b"", *, framed: bool = True) -> Verdict:
    """How a plain answer to this call ended, of which these are the first and the last bytes, or all."""
    operation = call.operation
    if call.method == b"HEAD":
        return UNTOLD
    return end_of(
        None if operation.name == UNKNOWN else operation.dialect,
        call.response_type.decode("latin-1"),
        first,
        last,
        framed=framed,
        reads=operation.effect not in (Effect.GENERATE, Effect.ORDER),
    )


def end_of_body(call: Call, encoding: str, body: bytes, *, framed: bool) -> Verdict:
    """How an answer to this call ended whose whole body this is, in its content coding."""
    found = ends(body, encoding, _MOST_UNPACKED, _END_UNPACKED) if codings(encoding) else (body, b"")
    return UNTOLD if found is None else end_of_answer(call, *found, framed=framed)


def _codings(call: Call) -> bool:
    return bool(call.response_encoding) and bool(codings(call.response_encoding.decode("latin-1")))


def streamed_tokens(call: Call) -> int:
    """How many tokens a stream has brought at least: each event is one or more. 0 for what is no stream."""
    if not call.answer or b"event-stream" not in call.response_type.lower():
        return 0
    events = (_plain_answer(call) or b"").count(b"data:") or len(call.answer) // _PACKED_EVENT_BYTES
    return events * max(1, call.received) // len(call.answer)


def _plain_answer(call: Call) -> bytes | None:
    """Unpacking is one step here as well, and a provider may say how much comes of it."""
    return plain(call.answer, call.response_encoding.decode("latin-1"), _MOST_UNPACKED)
