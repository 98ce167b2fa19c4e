"""The data of a provider's server-sent events, event by event, however its bytes are cut (dialects, A9).

What an event means is for its dialect; here it is only found, and bounded. One that has not ended when the body ends is
none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from penstock.wire.sse import MAX_EVENT_BYTES, Event, EventSplitter

_NAME: Final = b"event: "
_PLAIN: Final = b"data: "
_CRLFS: Final = b"\r\n\r\n"
_ENDS: Final = (b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r\n", b"\n\r", b"\r\r\n", b"\r\n\n", b"\r\n\r")


class TooLong(Exception):
    """An event of more than `MAX_EVENT_BYTES`."""


class EventData:
    """Cuts a stream into the data of its events. A comment, and an event without data, is given as empty data."""

    __slots__ = ("_splitter",)

    def __init__(self) -> None:
        self._splitter = EventSplitter()

    @property
    def held(self) -> int:
        """Bytes of an event that has not ended."""
        return self._splitter.waiting

    def feed(self, data: bytes) -> Iterable[bytes]:
        """The data of the events that end in these bytes. Raises `TooLong`, after those before it."""
        if not self._splitter.waiting and (line := lone_data(data)):
            return (line,)
        return self._cut(data)

    def _cut(self, data: bytes) -> Iterator[bytes]:
        for event in self._splitter.feed(data):
            if len(event) > 1:  # else the LF of a CRLF that was cut
                yield _data(event)


def lone_data(data: bytes) -> bytes:
    """The data of bytes that are one event of one line and nothing else, as providers mostly send them, named or not.

    Empty for any others, which have to be looked into.
    """
    begin = data.find(b"\n") + 1 if data.startswith(_NAME) else 0
    if not data.startswith(_PLAIN, begin) or len(data) > MAX_EVENT_BYTES:
        return b""
    end = data.find(b"\n", begin)
    if end == len(data) - 2 and data.endswith(b"\n") and b"\r" not in data:
        return data[begin + len(_PLAIN) : end]
    if end == len(data) - 3 and data.endswith(_CRLFS) and data.count(b"\r") == 2 + (begin > 0):
        return data[begin + len(_PLAIN) : end - 1] if data[begin - 2] == 0x0D or not begin else b""
    return b""


def _data(event: bytes) -> bytes:
    if len(event) > MAX_EVENT_BYTES or not event.endswith(_ENDS):
        raise TooLong
    if b"\r" not in event:  # most of them: one line of data, with a name before it or without
        begin = event.find(b"\n") + 1 if event.startswith(_NAME) else 0
        if event.startswith(_PLAIN, begin) and event.find(b"\n", begin) == len(event) - 2:
            return event[begin + len(_PLAIN) : -2]
    return Event(event).data
