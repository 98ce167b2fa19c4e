"""OpenAI's Chat Completions: what callers speak, and in their own ways many providers (dialects, A1, A8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from penstock.wire.dialects.answer import Answer
from penstock.wire.dialects.answer_events import Event, Failure
from penstock.wire.dialects.chat import errors
from penstock.wire.dialects.chat.answer_writer import write_answer
from penstock.wire.dialects.chat.request_reader import read_request
from penstock.wire.dialects.chat.request_writer import write_request
from penstock.wire.dialects.chat.stream_reader import ChatStreamReader, read_answer
from penstock.wire.dialects.chat.stream_writer import ChatStreamWriter
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.dialect import Sent, Target
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped
from penstock.wire.dialects.openai_errors import write_error


class Chat:
    """`Inbound` and `Outbound`; what the methods do stands there."""

    def read_request(self, body: Object, dropped: Dropped) -> Conversation:
        """Raises `Refused`."""
        return read_request(body, dropped)

    def write_answer(self, answer: Answer, asked: Conversation) -> Object:
        """`chat.completion`."""
        return write_answer(answer, asked)

    def stream_writer(self, asked: Conversation) -> ChatStreamWriter:
        """Of `chat.completion.chunk`."""
        return ChatStreamWriter(asked)

    def write_error(self, failure: Failure) -> Object:
        """`{"error": …}`."""
        return write_error(failure)

    def write_request(self, asked: Conversation, target: Target, dropped: Dropped) -> Sent:
        """Raises `Refused`."""
        return write_request(asked, target, dropped)

    def read_answer(self, body: bytes, asked: Conversation, target: Target) -> Iterable[Event]:
        """Of a whole answer, `choices` or `error`."""
        return read_answer(body, asked)

    def stream_reader(self, asked: Conversation, target: Target) -> ChatStreamReader:
        """Of server-sent events."""
        return ChatStreamReader(asked, target)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """In all the forms that vendors have."""
        return errors.read_error(status, headers, body)


CHAT: Final = Chat()
