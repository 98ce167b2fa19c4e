"""What the bodies of a call that has ended tell about it, while they are still at hand.

For who cannot leave that to the shipper: a spend limit, and calls whose bodies are not kept. Pure.
"""

from __future__ import annotations

from penstock.journal.record import COMPLETE, ENDED, FAILURE, Outcome, failed_by
from penstock.providers.operation import Effect
from penstock.providers.operation_table import UNKNOWN
from penstock.providers.request_reading import Request
from penstock.proxy.call import Call
from penstock.proxy.capture import Capture
from penstock.wire.content_encoding import codings, ends, plain
from penstock.wire.stream_end import UNTOLD, End, Verdict, end_of, failure_of
from penstock.wire.usage import Answer, read_answer, read_cut_answer

_MOST_UNPACKED = 8 * 1024 * 1024  # bytes; of what comes of a longer one, its first and its last are looked at
_END_UNPACKED = 262_144
_FIRST_ERROR = 400
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


def part_of(call: Call) -> Answer:
    """Model and usage out of as much of an answer as came: of half of one, half the tokens."""
    if call.told is None:
        call.told = _told(call)
    return call.told


def _told(call: Call) -> Answer:
    if not call.answer_cut and not call.response_encoding:  # as a rule
        return read_answer(call.response_type.decode("latin-1"), "", call.answer)
    found = _plain_ends(call)
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
            last = call.answer_end
    if _codings(call):
        return ends(first, call.response_encoding.decode("latin-1"), _MOST_UNPACKED, _END_UNPACKED)
    return first, last


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
