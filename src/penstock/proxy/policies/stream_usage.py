"""Asking for what a stream uses: OpenAI's dialect tells it only to who asks, and a price wants it.

For a streamed completion that does not ask, the gateway does (`stream_options.include_usage`), and takes out of the
answer what comes because of it: the chunk with the counts, and `usage: null` in the others. The log keeps what the
provider sent, the client sees what it would have seen. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Coroutine
from typing import Literal

from penstock.clock import Clock
from penstock.pieces import Pieces, finished
from penstock.proxy.body_filter import BodyFilter
from penstock.proxy.call import Call, Route
from penstock.proxy.long_work import in_turns
from penstock.wire.json_members import members, reading_members, with_member, without_member
from penstock.wire.json_outline import SMALL_BYTES
from penstock.wire.sse import Event, EventSplitter

_ENDPOINT = re.compile(r"(?:.*/)?(?:chat/)?completions")
_NO_CHOICES = re.compile(rb"\[\s*\]")
_ASKED = b'{"include_usage":true}'
_OK = 200


class StreamUsage:
    """Asks for the usage of streams, where the gateway does so by itself (`always`) or a request wants it."""

    name = "stream_usage"

    def __init__(self, clock: Clock, *, always: bool) -> None:
        self._clock = clock
        self.always = always

    def wants(self, call: Call, route: Route) -> bool:
        """Whether this may be a stream that is not asked for its usage: the body tells."""
        asked = call.controls.stream_usage
        if not (self.always if asked is None else asked):
            return False
        return (
            route.provider.stream_usage
            and call.method == b"POST"
            and not call.head.content_encoding
            and _ENDPOINT.fullmatch(route.tail) is not None
        )

    def rewrite(
        self, call: Call, _route: Route, body: bytes | None
    ) -> bytes | Coroutine[None, None, bytes | None] | None:
        """The body that asks; None where it is not to be touched. To be awaited where that takes long to tell."""
        if body is not None and len(body) > SMALL_BYTES:
            return self._later(call, body)
        return self._noted(call, None if body is None else asking_for_usage(body))

    async def _later(self, call: Call, body: bytes) -> bytes | None:
        return self._noted(call, await in_turns(asking(body)))

    def _noted(self, call: Call, asking: bytes | None) -> bytes | None:
        if asking is not None:
            call.filters = (*call.filters, _usage_filter)
            call.note(self.name, self._clock.monotonic(), "asked for")
        return asking


def asking_for_usage(body: bytes) -> bytes | None:
    """The request that asks for usage; None for one that streams nothing, asks itself, or cannot be read."""
    return finished(asking(body))


def asking(body: bytes) -> Pieces[bytes | None]:
    """`asking_for_usage`, a piece at a time."""
    try:
        found = yield from reading_members(body)
        if found["stream"].value != b"true":
            return None
        options = found.get("stream_options")
        if options is None or options.value == b"null":
            return with_member(body, found, "stream_options", _ASKED)
        inner = yield from reading_members(options.value)
        if "include_usage" in inner and inner["include_usage"].value == b"true":
            return None
        return with_member(
            body, found, "stream_options", with_member(options.value, inner, "include_usage", b"true")
        )
    except (ValueError, KeyError):
        return None


def _usage_filter(status: int, content_type: bytes, _lines: bytes) -> BodyFilter | None:
    is_stream = status == _OK and content_type.lower().startswith(b"text/event-stream")
    return UsageFilter() if is_stream else None


class UsageFilter:
    """Takes out of a stream of chunks what is there because usage was asked for."""

    logged: Literal["before", "after"] = "before"
    content_type = b""

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self._taken_out = False  # the last event

    @property
    def held(self) -> int:
        return self._splitter.waiting

    def feed(self, data: bytes) -> bytes:
        return b"".join(map(self._left_of, self._splitter.feed(data)))

    def finish(self) -> bytes:
        rest = self._splitter.finish()
        return self._left_of(rest) if rest else b""

    def _left_of(self, event: bytes) -> bytes:
        if event == b"\n":  # belongs to the event before
            return b"" if self._taken_out else event
        self._taken_out = False
        if b'"usage"' not in event or len(event) > SMALL_BYTES:  # there is more in it than usage
            return event
        parsed = Event(event)
        try:
            found = members(parsed.data)
        except ValueError:
            return event
        usage, choices = found.get("usage"), found.get("choices")
        if usage is not None and usage.value == b"null":
            return parsed.with_data(without_member(parsed.data, found, "usage"))
        if usage is None or choices is None or not _NO_CHOICES.fullmatch(choices.value):
            return event
        left = parsed.without_data()
        self._taken_out = not left
        return left
