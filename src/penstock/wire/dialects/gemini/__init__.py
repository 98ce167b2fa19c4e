"""Google's generateContent, as AI Studio and Vertex speak it: a dialect of providers (dialects, A4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from penstock.wire.dialects.answer_events import Event, Failure
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.dialect import Sent, StreamReader, Target
from penstock.wire.dialects.gemini import counting
from penstock.wire.dialects.gemini.answer_reader import AnswerReader
from penstock.wire.dialects.gemini.answer_shapes import decode_response, decode_responses
from penstock.wire.dialects.gemini.errors import read_error
from penstock.wire.dialects.gemini.request_writer import write_request
from penstock.wire.dialects.gemini.stream_reader import GeminiStreamReader
from penstock.wire.dialects.loss import Dropped


class Gemini:
    """`Outbound`. `Target.host` is `vertex`, or empty for AI Studio."""

    def write_request(self, asked: Conversation, target: Target, dropped: Dropped) -> Sent:
        """Raises `Refused`."""
        return write_request(asked, target, dropped)

    def read_answer(self, body: bytes, asked: Conversation, target: Target) -> Iterable[Event]:
        """An array, as streams are without `alt=sse`, is an answer in pieces. Raises `msgspec.MsgspecError`."""
        reader = AnswerReader(asked)
        pieces = decode_responses(body) if body.lstrip().startswith(b"[") else [decode_response(body)]
        return [*(event for piece in pieces for event in reader.piece(piece)), *reader.finish(streamed=False)]

    def stream_reader(self, asked: Conversation, target: Target) -> StreamReader:
        """For one streamed answer, in either form."""
        return GeminiStreamReader(asked)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """Any answer with a status from 400 on, whatever its body."""
        return read_error(status, headers, body)

    # -- counting

    def write_count_request(self, asked: Conversation, target: Target, dropped: Dropped) -> Sent:
        """For `:countTokens`. Raises `Refused`."""
        return counting.write_count_request(asked, target, dropped)

    def read_count(self, body: bytes) -> int | None:
        """None where the provider told no number. Raises `msgspec.MsgspecError`."""
        return counting.read_count(body)


GEMINI: Final = Gemini()
