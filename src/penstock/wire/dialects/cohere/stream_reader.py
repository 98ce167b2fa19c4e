"""A streamed answer of Cohere: server-sent events whose data names what they are (dialects, A6)."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import Alive, ErrorKind, Event, Failed, Failure
from penstock.wire.dialects.cohere.answer_reader import AnswerEvents
from penstock.wire.dialects.cohere.answer_shapes import Call, Content, Pieces, Streamed, read_streamed
from penstock.wire.dialects.cohere.errors import failure_in_stream
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.sse_reading import EventData, TooLong

_BAD_GATEWAY: Final = 502
_DONE: Final = b"[DONE]"
_NOTHING: Final = Pieces()


class CohereStreamReader:
    """Reads one streamed answer."""

    __slots__ = ("_answer", "_events", "_over")

    def __init__(self, asked: Conversation) -> None:
        self._answer = AnswerEvents(asked)
        self._events = EventData()
        self._over = False

    @property
    def held(self) -> int:
        """Bytes of an event that has not ended."""
        return self._events.held

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete; none after the end."""
        found: list[Event] = []
        if self._over:
            return found
        try:
            for one in self._events.feed(data):
                found += self._of(one)
        except TooLong:
            found += self._failed("an event of the provider's stream is too long")
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            found += self._failed(f"the provider's stream cannot be read: {error}")
        return found

    def finish(self) -> list[Event]:
        """The body has ended, too early where the answer had not."""
        return [] if self._over else self._failed("the provider's stream ended before the answer did")

    def _of(self, data: bytes) -> list[Event]:
        if self._over or data == _DONE:
            return []
        return self._event(read_streamed(data), data) if data else [Alive()]

    def _event(self, event: Streamed, data: bytes) -> list[Event]:
        answer, delta = self._answer, event.delta
        pieces = (delta.message if delta is not None else None) or _NOTHING
        content, call = pieces.content, pieces.tool_calls
        events: list[Event] = []
        match event.type:
            case "content-delta" if isinstance(content, Content):
                events = answer.piece(content)
                if event.logprobs is not None:
                    events += answer.logprobs([event.logprobs])
            case "tool-call-delta" if isinstance(call, Call):
                events = answer.arguments(call)
            case "content-start" if isinstance(content, Content):
                events = answer.entry(event.index or 0, content)
            case "tool-plan-delta":
                events = answer.plan(pieces.tool_plan)
            case "tool-call-start" if isinstance(call, Call):
                events = answer.call(call)
            case "content-end" | "tool-call-end":
                events = answer.stop()
            case "citation-start" if bytes(pieces.citations):
                events = answer.cite(pieces.citations)
            case "message-start":
                events = answer.begin(event.id)
            case "message-end":
                self._over = True
                events = answer.end(
                    delta.finish_reason if delta else None,
                    delta.usage if delta else None,
                    delta.error if delta else None,
                )
            case "" if bytes(event.message):
                self._over = True
                events = [Failed(failure=failure_in_stream(data))]
            case _:
                pass
        return events

    def _failed(self, message: str) -> list[Event]:
        if self._over:
            return []
        self._over = True
        return [Failed(failure=Failure(kind=ErrorKind.INNER, message=message, status=_BAD_GATEWAY))]
