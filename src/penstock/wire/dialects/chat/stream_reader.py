"""A streamed answer of the Chat dialect: which events it is made of, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import Alive, Event, Failed
from penstock.wire.dialects.chat.answer_reader import AnswerReading
from penstock.wire.dialects.chat.answer_shapes import AnswerShape
from penstock.wire.dialects.chat.errors import broken, failure_of_event
from penstock.wire.dialects.chat.vendors import vendor_of
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.sse_reading import EventData, TooLong

_DONE: Final = b"[DONE]"
_decode: Final = msgspec.json.Decoder(AnswerShape).decode
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)


def read_answer(body: bytes, asked: Conversation) -> Sequence[Event]:
    """The events of a whole answer. Raises `msgspec.MsgspecError`, `UnicodeError`, `RecursionError`."""
    shape = _decode(body)
    if shape.kind == "error":
        return [Failed(failure=failure_of_event(body))]
    answer = AnswerReading(asked)
    events = answer.take(shape)
    if answer.failed:
        return events
    if not answer.has_begun:
        return [Failed(failure=broken("it has no choices"))]
    return [*events, *answer.end()]


class ChatStreamReader:
    """Reads one streamed answer."""

    __slots__ = ("_answer", "_ends_untold", "_events", "_over")

    def __init__(self, asked: Conversation, target: Target) -> None:
        self._answer = AnswerReading(asked)
        self._ends_untold = vendor_of(target.provider).ends_untold
        self._events = EventData()
        self._over = False

    @property
    def held(self) -> int:
        """Bytes of an event that has not ended."""
        return self._events.held

    def feed(self, data: bytes) -> Sequence[Event]:
        """The events that these bytes complete; none after the end."""
        if self._over:
            return ()
        events: list[Event] = []
        try:
            for one in self._events.feed(data):
                events += self._event(one)
                if self._is_over():
                    break
        except TooLong:
            events += self._fail("an event of the stream is too long")
        return events

    def finish(self) -> Sequence[Event]:
        """The body has ended: well where every choice has said why it ended."""
        if self._over:
            return ()
        self._over = True
        if self._answer.is_whole or (self._ends_untold and self._answer.has_begun):
            return self._answer.end()
        return self._fail("its stream ended before it was whole")

    def _is_over(self) -> bool:
        return self._over

    def _event(self, data: bytes) -> list[Event]:
        if not data:
            return [Alive()]
        try:
            shape = _decode(data)
        except _UNREADABLE as error:
            return self._end() if data.strip() == _DONE else self._fail(str(error))
        if shape.kind == "error":
            self._over = True
            return [Failed(failure=failure_of_event(data))]
        events = self._answer.take(shape)
        self._over = self._answer.failed
        return events

    def _end(self) -> list[Event]:
        """`[DONE]`; where nothing came before it, there was no answer."""
        if not self._answer.has_begun:
            return self._fail("its stream holds nothing")
        self._over = True
        return self._answer.end()

    def _fail(self, why: str) -> list[Event]:
        self._over = True
        return [Failed(failure=broken(why))]
