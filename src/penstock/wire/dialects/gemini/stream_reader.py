"""A streamed answer of Gemini: server-sent events, or a JSON array where `alt=sse` was not asked for.

Which it is, the first bytes say. Among events an error may stand as bare JSON over many lines: it is found by depth
(dialects, C97, C98).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import Alive, ErrorKind, Event, Failure
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.gemini.answer_reader import AnswerReader
from penstock.wire.dialects.gemini.answer_shapes import Response, decode_response
from penstock.wire.dialects.gemini.json_pieces import JsonPieces, NotJson
from penstock.wire.dialects.sse_reading import lone_data
from penstock.wire.sse import Event as ServerSentEvent
from penstock.wire.sse import EventSplitter

_DATA: Final = b"data:"
_DONE: Final = b"[DONE]"  # of some in between
_BEGINS_JSON: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*[\[{]")
_BLANK: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\Z")


class GeminiStreamReader:
    """Reads one streamed answer."""

    __slots__ = ("_answer", "_begun", "_events", "_head", "_json")

    def __init__(self, asked: Conversation) -> None:
        self._answer = AnswerReader(asked)
        self._events = EventSplitter()
        self._json: JsonPieces | None = None
        self._begun = False
        self._head = b""  # blanks, before it is known which form this is

    @property
    def held(self) -> int:
        """Bytes of a piece that is not whole yet."""
        return len(self._head) + (self._events.waiting if self._json is None else self._json.waiting)

    def feed(self, data: bytes) -> Sequence[Event]:
        """The events that these bytes complete."""
        if self._answer.failed:
            return ()
        if not self._begun:
            data, self._head = self._head + data, b""
            if _BLANK.match(data) or (len(data) < 3 and b"\xef\xbb\xbf".startswith(data)):
                self._head = data[-3:]
                return ()
            self._begun = True
            if _BEGINS_JSON.match(data):
                self._json = JsonPieces()
                data = data.removeprefix(b"\xef\xbb\xbf")
        if self._json is not None:
            return self._pieces(self._json, data)
        if not self._events.waiting and (line := lone_data(data)):
            return self._line(line)
        events: list[Event] = []
        for number, block in enumerate(blocks := self._events.feed(data)):
            if _BEGINS_JSON.match(block):
                self._json = JsonPieces()
                events += self._pieces(self._json, b"".join(blocks[number:]) + self._events.finish())
                break
            events += self._event(block)
        return events

    def finish(self) -> Sequence[Event]:
        """The body has ended. An event that has not ended is none, but for an error in bare JSON."""
        events: list[Event] = []
        if self._json is None and _BEGINS_JSON.match(rest := self._events.finish()):
            events += self._pieces(JsonPieces(), rest)
        return [*events, *self._answer.finish(streamed=True)]

    def _event(self, block: bytes) -> list[Event]:
        if block.startswith(_DATA):
            try:
                response = decode_response(block[5:])  # as a rule it is one line
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                pass
            else:
                return self._answer.piece(response)
        data = ServerSentEvent(block).data
        if not data:
            return [Alive()] if block.startswith(b":") and not self._answer.failed else []
        return self._line(data)

    def _line(self, data: bytes) -> list[Event]:
        return [] if data.strip() == _DONE else self._piece(data)

    def _pieces(self, json: JsonPieces, data: bytes) -> list[Event]:
        try:
            found = json.feed(data)
        except NotJson:
            return self._answer.fail(_UNREADABLE)
        return [event for one in found for event in self._piece(one)]

    def _piece(self, data: bytes) -> list[Event]:
        try:
            response: Response = decode_response(data)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return [] if self._answer.failed else self._answer.fail(_UNREADABLE)
        return self._answer.piece(response)


_UNREADABLE: Final = Failure(
    kind=ErrorKind.INNER,
    message="the provider's stream holds something that is no answer of Gemini's",
    status=502,
)
