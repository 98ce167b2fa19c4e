"""A streamed answer of Converse: Amazon's frames, each with one event, or an exception (dialects, A5).

The counts come after the reason to stop, so that the answer is whole with them, or with the end of the body.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects.amazon_errors import exception_failure
from penstock.wire.dialects.answer_events import Began, Ended, ErrorKind, Event, Failed, Failure
from penstock.wire.dialects.aws_event_stream import BadFrame, Frame, FrameSplitter
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.converse.answer_reader import AnswerEvents
from penstock.wire.dialects.converse.answer_shapes import (
    read_block_delta,
    read_block_start,
    read_metadata,
    read_stop,
)
from penstock.wire.dialects.dialect import Target

_BAD_GATEWAY: Final = 502
_EVENT: Final = "event"


class ConverseStreamReader:
    """Reads one streamed answer."""

    __slots__ = ("_answer", "_frames", "_over")

    def __init__(self, asked: Conversation, target: Target) -> None:
        self._answer = AnswerEvents(asked, target)
        self._frames = FrameSplitter()
        self._over = False

    @property
    def held(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return 0 if self._over else self._frames.held

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        found: list[Event] = []
        if self._over:
            return found
        try:
            for frame in self._frames.feed(data):
                found += self._of(frame)
        except (BadFrame, msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            found += self._failed(f"the provider's stream cannot be read: {error}")
        return found

    def finish(self) -> list[Event]:
        """The body has ended: an answer that told why it stopped is whole."""
        if self._over:
            return []
        if self._answer.stopped:
            return self._ended()
        return self._failed("the provider's stream ended before the answer did")

    def _of(self, frame: Frame) -> list[Event]:
        if self._over:
            return []
        headers, payload = frame.headers, frame.payload
        if headers.get(":message-type", _EVENT) != _EVENT:
            return self._fail(exception_failure(frame))
        answer = self._answer
        match headers.get(":event-type"):
            case "contentBlockDelta":
                delta = read_block_delta(payload).delta
                return [] if delta is None else answer.delta(delta)
            case "contentBlockStart":
                start = read_block_start(payload).start
                call = None if start is None else start.tool_use
                return answer.stop() if call is None else answer.call(call)
            case "contentBlockStop":
                return answer.stop()
            case "messageStart":
                return answer.begin()
            case "messageStop":
                stop = read_stop(payload)
                return answer.end(stop.stop_reason, stop.additional_model_response_fields)
            case "metadata":
                return self._metadata(payload)
            case _:
                return []

    def _metadata(self, payload: bytes) -> list[Event]:
        metadata = read_metadata(payload)
        events: list[Event] = []
        if metadata.service_tier is not None and metadata.service_tier.type:
            events.append(Began(service_tier=metadata.service_tier.type))
        events += self._answer.usage(metadata.usage)
        return [*events, *self._ended()] if self._answer.stopped else events

    def _ended(self) -> list[Event]:
        self._over = True
        return [*self._answer.stop(), Ended()]

    def _failed(self, message: str) -> list[Event]:
        return self._fail(Failure(kind=ErrorKind.INNER, message=message, status=_BAD_GATEWAY))

    def _fail(self, failure: Failure) -> list[Event]:
        self._over = True
        return [Failed(failure=failure)]
