"""What filters have in common that can say nothing of a body before it is whole: all of it is held back till then.

What becomes of it is each filter's own, in `finish`. Not here: when a filter stands in an answer's way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from penstock.proxy.body_filter import Logged

_READ_HERE: Final = 65536  # bytes that are read in the event loop


class HeldFilter:
    """The body of one answer."""

    logged: Logged = "before"
    content_type: bytes = b""

    def __init__(self) -> None:
        self._body = bytearray()

    @property
    def held(self) -> int:
        """All that came."""
        return len(self._body)

    def feed(self, data: bytes) -> bytes:
        """Nothing goes on yet."""
        self._body += data
        return b""

    def taken(self) -> bytes:
        """All that came, which is held no longer."""
        body = bytes(self._body)
        self._body.clear()
        return body


def read_aside(read: Callable[[bytes], bytes], body: bytes) -> bytes | Awaitable[bytes]:
    """What `read` makes of a body; of a long one in a thread, so that nobody waits for it."""
    return read(body) if len(body) <= _READ_HERE else asyncio.to_thread(read, body)
