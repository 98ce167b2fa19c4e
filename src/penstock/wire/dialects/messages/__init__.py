"""Anthropic Messages: what its callers speak, and what Claude speaks on Anthropic's service, Bedrock and Vertex AI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from penstock.wire.dialects.answer import Answer
from penstock.wire.dialects.answer_events import Event, Failure
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.dialect import Sent, StreamReader, Target
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped
from penstock.wire.dialects.messages import (
    answer_reader,
    answer_writer,
    counting,
    errors,
    foreign_thinking,
    request_reader,
    request_writer,
    stream_reader,
    stream_writer,
)


class Messages:
    """The dialect, on both sides."""

    def read_request(self, body: Object, dropped: Dropped) -> Conversation:
        """A caller's request; one that cannot be read has `unread`."""
        return request_reader.read_request(body, dropped)

    def write_answer(self, answer: Answer, asked: Conversation) -> Object:
        """A whole answer for a caller."""
        return answer_writer.write_answer(answer, asked)

    def stream_writer(self, asked: Conversation) -> stream_writer.StreamWriter:
        """For one streamed answer to a caller."""
        return stream_writer.StreamWriter(asked)

    def write_error(self, failure: Failure) -> Object:
        """The body of an error for a caller."""
        return errors.write_error(failure)

    def write_request(self, asked: Conversation, target: Target, dropped: Dropped) -> Sent:
        """A provider's request. Raises `Refused`."""
        return request_writer.write_request(asked, target, dropped)

    def read_answer(self, body: bytes, asked: Conversation, target: Target) -> Iterable[Event]:
        """A provider's whole answer. Raises `msgspec.MsgspecError`."""
        return answer_reader.read_answer(body, asked, target)

    def stream_reader(self, asked: Conversation, target: Target) -> StreamReader:
        """For one streamed answer of a provider."""
        return stream_reader.stream_reader(asked, target)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """A provider's error."""
        return errors.read_error(status, headers, body)

    def goes_as_it_is(self, body: bytes) -> bool:
        """Whether a caller's request to Claude on Anthropic's own service needs nothing but the model's name."""
        return not foreign_thinking.may_bear_foreign_thinking(body)

    # -- counting

    def read_count_request(self, body: Object, dropped: Dropped) -> Conversation:
        """A caller's question how many tokens a request's input has."""
        return request_reader.read_count_request(body, dropped)

    def write_count_request(self, asked: Conversation, target: Target, dropped: Dropped) -> Sent:
        """The same question to a provider. Raises `Refused`."""
        return counting.write_count_request(asked, target, dropped)

    def read_count(self, body: bytes) -> int | None:
        """A provider's answer to it; None where it tells no number. Raises `msgspec.MsgspecError`."""
        return counting.read_count(body)

    def write_count(self, tokens: int) -> Object:
        """The answer for a caller."""
        return counting.write_count(tokens)


MESSAGES: Final = Messages()
