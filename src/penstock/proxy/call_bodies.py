"""What the bodies of a call that has ended tell about it, while they are still at hand.

For who cannot leave that to the shipper: a spend limit, and calls whose bodies are not kept. Pure.
"""

from __future__ import annotations

from penstock.journal.record import COMPLETE
from penstock.providers.request_reading import Request
from penstock.proxy.call import Call
from penstock.wire.content_encoding import plain
from penstock.wire.usage import Answer, read_answer

_MOST_UNPACKED = 8 * 1024 * 1024  # bytes
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


def answer_of(call: Call) -> Answer:
    """Model and usage out of a whole answer."""
    if not call.answer or call.answer_cut or not (call.outcome == COMPLETE or call.whole):
        return Answer()
    return part_of(call)


def part_of(call: Call) -> Answer:
    """Model and usage out of as much of an answer as came: of half of one, half the tokens."""
    data = _plain_answer(call) if call.response_encoding else call.answer
    return read_answer(call.response_type.decode("latin-1"), "", data) if data else Answer()


def streamed_tokens(call: Call) -> int:
    """How many tokens a stream has brought at least: each event is one or more. 0 for what is no stream."""
    if not call.answer or b"event-stream" not in call.response_type.lower():
        return 0
    events = (_plain_answer(call) or b"").count(b"data:") or len(call.answer) // _PACKED_EVENT_BYTES
    return events * max(1, call.received) // len(call.answer)


def _plain_answer(call: Call) -> bytes | None:
    """Unpacking is one step here as well, and a provider may say how much comes of it."""
    return plain(call.answer, call.response_encoding.decode("latin-1"), _MOST_UNPACKED)
