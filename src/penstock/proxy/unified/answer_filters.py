"""A provider's answer on its way into the caller's dialect: streamed, whole, or an error.

One of them is made for each answer to each client, so that caches and flights keep the provider's bytes, and so does
the log. What a dialect makes of them is in `question.py`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final, Literal

from penstock.proxy.body_filter import BodyFilter, FilterMaker
from penstock.proxy.call import OwnAnswer
from penstock.proxy.held_filter import HeldFilter, read_aside
from penstock.proxy.question import Answering
from penstock.proxy.upstream.exchange import Progress, UpstreamError
from penstock.wire.dialects.translation import StreamTranslation, Unanswered, Unreadable
from penstock.wire.headers import by_name

_FIRST_ERROR: Final = 400
_JSON: Final = b"application/json"
_EVENTS: Final = b"text/event-stream"
_SECONDS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_LEAST_ERROR, _MOST_ERROR = 400, 599


def translating(answering: Answering, add_line: Callable[[bytes], None]) -> FilterMaker:
    """Makes the filters of one call. `add_line` puts a header line on its answer, as long as that has not begun."""

    def made(status: int, content_type: bytes, lines: bytes) -> BodyFilter:
        if status >= _FIRST_ERROR or not answering.streams:
            return _Whole(answering, status, lines, _JSON, add_line)
        if content_type.lower().startswith(_JSON):  # all at once, to who asked for a stream
            return _Whole(answering, status, lines, _EVENTS, add_line)
        return _Streamed(answering.stream())

    return made


class _Streamed:
    """Events, as they come."""

    logged: Literal["before", "after"] = "before"
    content_type = _EVENTS

    def __init__(self, stream: StreamTranslation) -> None:
        self._stream = stream

    @property
    def held(self) -> int:
        return self._stream.held

    def feed(self, data: bytes) -> bytes:
        try:
            return self._stream.feed(data)
        except Unanswered as error:
            raise _instead(error) from None

    def finish(self) -> bytes:
        try:
            return self._stream.finish()
        except Unanswered as error:
            raise _instead(error) from None


class _Whole(HeldFilter):
    """An answer, or an error, of which nothing can be said before it is all there."""

    def __init__(
        self,
        answering: Answering,
        status: int,
        lines: bytes,
        content_type: bytes,
        add_line: Callable[[bytes], None],
    ) -> None:
        super().__init__()
        self.content_type = content_type
        self._add_line = add_line
        self._answering = answering
        self._status = status
        self._lines = lines

    def finish(self) -> bytes | Awaitable[bytes]:
        return read_aside(self._made, self.taken())

    def _made(self, body: bytes) -> bytes:
        headers = by_name(self._lines)
        if self._status >= _FIRST_ERROR:
            failure, told = self._answering.error(self._status, headers, body)
            if "retry-after" not in headers and _SECONDS.fullmatch(failure.retry_after):
                self._add_line(b"retry-after: %b\r\n" % failure.retry_after.encode("ascii"))
            return told
        try:
            return self._answering.whole(body, headers)
        except Unanswered as error:
            raise _instead(error) from None
        except Unreadable as error:
            raise UpstreamError(f"its answer is not of its dialect: {error}", Progress.ANSWERED) from None


def _instead(error: Unanswered) -> OwnAnswer:
    """The answer with the status that the error would have had."""
    status = error.failure.status
    return OwnAnswer(status if _LEAST_ERROR <= status <= _MOST_ERROR else 502, b"", error.body)
