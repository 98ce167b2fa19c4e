"""Amazon Bedrock's Converse: a dialect of providers, for all models that Bedrock has (dialects, A5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from penstock.wire.dialects import amazon_errors
from penstock.wire.dialects.answer_events import Event, Failure
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.converse import answer_reader, request_writer
from penstock.wire.dialects.converse.answer_shapes import read_counted
from penstock.wire.dialects.converse.stream_reader import ConverseStreamReader
from penstock.wire.dialects.dialect import Sent, StreamReader, Target
from penstock.wire.dialects.loss import Dropped


class Converse:
    """`Outbound`."""

    def write_request(self, asked: Conversation, target: Target, dropped: Dropped) -> Sent:
        """Raises `Refused`."""
        return request_writer.write_request(asked, target, dropped)

    def read_answer(self, body: bytes, asked: Conversation, target: Target) -> Iterable[Event]:
        """A whole answer. Raises `msgspec.MsgspecError`."""
        return answer_reader.read_answer(body, asked, target)

    def stream_reader(self, asked: Conversation, target: Target) -> StreamReader:
        """For one streamed answer."""
        return ConverseStreamReader(asked, target)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """Any answer with a status from 400 on, whatever its body."""
        return amazon_errors.read_error(status, headers, body)

    # -- counting

    def write_count_request(self, asked: Conversation, target: Target, dropped: Dropped) -> Sent:
        """For `count-tokens`. Raises `Refused`."""
        return request_writer.write_count_request(asked, target, dropped)

    def read_count(self, body: bytes) -> int | None:
        """None where Bedrock told no number. Raises `msgspec.MsgspecError`."""
        return read_counted(body).input_tokens


CONVERSE: Final = Converse()
