"""Cohere's chat, version 2: a dialect of providers (dialects, A6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from penstock.wire.dialects.answer_events import Event, Failure
from penstock.wire.dialects.cohere import answer_reader, errors, request_writer
from penstock.wire.dialects.cohere.stream_reader import CohereStreamReader
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.dialect import Sent, StreamReader, Target
from penstock.wire.dialects.loss import Dropped


class Cohere:
    """`Outbound`."""

    def write_request(self, asked: Conversation, target: Target, dropped: Dropped) -> Sent:
        """Raises `Refused`."""
        return request_writer.write_request(asked, target, dropped)

    def read_answer(self, body: bytes, asked: Conversation, target: Target) -> Iterable[Event]:
        """A whole answer. Raises `msgspec.MsgspecError`."""
        return answer_reader.read_answer(body, asked)

    def stream_reader(self, asked: Conversation, target: Target) -> StreamReader:
        """For one streamed answer."""
        return CohereStreamReader(asked)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """Any answer with a status from 400 on, whatever its body."""
        return errors.read_error(status, headers, body)


COHERE: Final = Cohere()
