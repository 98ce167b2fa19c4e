"""A provider's streamed Messages answer as events: server-sent events, or Amazon's frames with them inside."""

from __future__ import annotations

import binascii
from typing import Final

import msgspec

from penstock.wire.dialects.amazon_errors import exception_failure
from penstock.wire.dialects.answer_events import Alive, Ended, ErrorKind, Event, Failed, Failure
from penstock.wire.dialects.aws_event_stream import BadFrame, Frame, FrameSplitter
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.dialect import StreamReader, Target
from penstock.wire.dialects.messages.answer_reader import AnswerEvents
from penstock.wire.dialects.messages.answer_shapes import Streamed, is_there, read_streamed
from penstock.wire.dialects.messages.errors import failure_in_stream
from penstock.wire.dialects.sse_reading import EventData, TooLong

_BAD_GATEWAY: Final = 502


def stream_reader(asked: Conversation, target: Target) -> StreamReader:
    """For one streamed answer, framed as the target's host does it."""
    return FramedReader(asked, target) if target.host == "bedrock" else EventsReader(asked, target)


class _Documents:
    """Reads the JSON of one event after the other, to the end of the answer."""

    __slots__ = ("_answer", "over")

    def __init__(self, asked: Conversation, target: Target) -> None:
        self._answer = AnswerEvents(asked, target)
        self.over = False  # the answer has ended, well or not: nothing counts any more

    def document(self, data: bytes) -> list[Event]:
        """The events of one document."""
        if self.over:
            return []
        try:
            return self._of(read_streamed(data))
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            return self.failed(f"the provider's stream cannot be read: {error}")

    def _of(self, event: Streamed) -> list[Event]:
        answer = self._answer
        match event.type:
            case "content_block_delta" if event.delta is not None:
                return answer.delta(event.delta)
            case "content_block_start" if is_there(event.content_block):
                return [*answer.start(event.content_block)]
            case "content_block_stop":
                return answer.stop()
            case "message_start" if event.message is not None:
                return answer.begin(event.message)
            case "message_delta":
                events = [] if event.delta is None else answer.end(event.delta)
                events += answer.context_management(event.context_management)
                return [*events, *answer.usage(event.usage)]
            case "message_stop":
                return self._ended()
            case "ping":
                return [Alive()]
            case _ if event.error is not None:
                problem = event.error
                request_id = event.request_id or ""
                return self.fail(failure_in_stream(problem.type or "", problem.message or "", request_id))
            case _:
                return []

    def _ended(self) -> list[Event]:
        self.over = True
        return [*self._answer.last(), Ended()]

    def finish(self) -> list[Event]:
        """The body has ended: an answer that told why it stopped is whole."""
        if self.over:
            return []
        if self._answer.stopped:
            return self._ended()
        return self.failed("the provider's stream ended before the answer did")

    def failed(self, message: str) -> list[Event]:
        """The answer cannot be read any farther."""
        return self.fail(Failure(kind=ErrorKind.INNER, message=message, status=_BAD_GATEWAY))

    def fail(self, failure: Failure) -> list[Event]:
        """The answer ends here, broken; nothing where it has ended already."""
        if self.over:
            return []
        self.over = True
        return [Failed(failure=failure)]


class EventsReader:
    """Of server-sent events."""

    __slots__ = ("_documents", "_events")

    def __init__(self, asked: Conversation, target: Target) -> None:
        self._documents = _Documents(asked, target)
        self._events = EventData()

    @property
    def held(self) -> int:
        """Bytes of an event that has not ended."""
        return 0 if self._documents.over else self._events.held

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete; none behind the end of the answer."""
        if self._documents.over:
            return []
        found: list[Event] = []
        try:
            for document in self._events.feed(data):
                if document and document != b"[DONE]":
                    found += self._documents.document(document)
        except TooLong:
            found += self._documents.failed("an event of the provider's stream is too long")
        return found

    def finish(self) -> list[Event]:
        """The body has ended."""
        return self._documents.finish()


class FramedReader:
    """Of Amazon's frames: `chunk` with one event's JSON in base64, and exceptions."""

    __slots__ = ("_documents", "_frames")

    def __init__(self, asked: Conversation, target: Target) -> None:
        self._documents = _Documents(asked, target)
        self._frames = FrameSplitter()

    @property
    def held(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return 0 if self._documents.over else self._frames.held

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        if self._documents.over:
            return []
        found: list[Event] = []
        try:
            for frame in self._frames.feed(data):
                found += self._of(frame)
        except BadFrame as error:
            found += self._documents.failed(f"the provider's stream cannot be read: {error}")
        return found

    def _of(self, frame: Frame) -> list[Event]:
        kind = frame.headers.get(":message-type", "event")
        if kind == "event":
            return self._documents.document(_unwrapped(frame.payload))
        return self._documents.fail(exception_failure(frame))

    def finish(self) -> list[Event]:
        """The body has ended."""
        return self._documents.finish()


class _Chunk(msgspec.Struct):
    bytes: str = ""


_read_chunk: Final = msgspec.json.Decoder(_Chunk).decode


def _unwrapped(payload: bytes) -> bytes:
    """The event in a chunk; what is none stays, and cannot be read."""
    try:
        return binascii.a2b_base64(_read_chunk(payload).bytes)
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        return payload
