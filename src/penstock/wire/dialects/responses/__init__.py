"""OpenAI's Responses: what callers speak (dialects, A2)."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.answer import Answer
from penstock.wire.dialects.answer_events import Failure
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped
from penstock.wire.dialects.openai_errors import write_error
from penstock.wire.dialects.responses.answer_writer import write_answer
from penstock.wire.dialects.responses.request_reader import read_request
from penstock.wire.dialects.responses.stream_writer import ResponsesStreamWriter


class Responses:
    """`Inbound`; what the methods do stands there."""

    def read_request(self, body: Object, dropped: Dropped) -> Conversation:
        """Raises `Refused`."""
        return read_request(body, dropped)

    def write_answer(self, answer: Answer, asked: Conversation) -> Object:
        """`response`."""
        return write_answer(answer, asked)

    def stream_writer(self, asked: Conversation) -> ResponsesStreamWriter:
        """Of `response.…` events."""
        return ResponsesStreamWriter(asked)

    def write_error(self, failure: Failure) -> Object:
        """`{"error": …}`."""
        return write_error(failure)


RESPONSES: Final = Responses()
