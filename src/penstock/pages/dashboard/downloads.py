"""Files that are made while they are sent: piece by piece in the turns of who has asked, a few at a time.

A file may have a hundred thousand rows, and whoever takes it may be slow or gone, or have lost the right to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from penstock.management.problem import UNAVAILABLE, ManagementError, Problem
from penstock.management.turns import Turns
from penstock.pages.dashboard.page import Download

MOST: Final = 6
"""Files of a worker that are under way at once."""

EACH: Final = 2
"""Of them, of one caller."""

_PIECE: Final = 64 * 1024
_AGAIN_SECONDS: Final = 5


class NotAnyMore(Exception):
    """Who takes a file may not have the rest of it: it is cut off, so that it is not taken for all there is."""


class Downloads:
    """A worker's. To be used in its event loop."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._under_way: Counter[str] = Counter()

    def begin(
        self, caller: str, found: Download, headers: Mapping[str, str], may_go_on: Callable[[], bool]
    ) -> StreamingResponse:
        """The answer that sends it; `may_go_on` is asked in a thread before each piece. Raises `ManagementError`."""
        if self._under_way[caller] >= EACH or self._under_way.total() >= MOST:
            said = "as many files as may be taken at once are on their way: wait until one of them has ended"
            raise ManagementError(429, [Problem(UNAVAILABLE, said)], _AGAIN_SECONDS)
        self._under_way[caller] += 1
        return _Sent(
            self._pieces(caller, found.pieces, may_go_on),
            {**headers, "content-disposition": f'attachment; filename="{found.name}"'},
            found.content_type,
            partial(self._end, caller),
        )

    async def _pieces(
        self, caller: str, pieces: Iterator[bytes], may_go_on: Callable[[], bool]
    ) -> AsyncIterator[bytes]:
        while True:
            async with self._turns.of(caller):
                piece = await self._turns.run(partial(_piece, pieces, may_go_on))
            if not piece:
                return
            yield piece

    def _end(self, caller: str) -> None:
        self._under_way[caller] -= 1
        if not self._under_way[caller]:
            del self._under_way[caller]


class _Sent(StreamingResponse):
    """Tells when it is over, however it ends."""

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        headers: Mapping[str, str],
        content_type: str,
        end: Callable[[], None],
    ) -> None:
        super().__init__(pieces, 200, headers, content_type)
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._end()


def _piece(pieces: Iterator[bytes], may_go_on: Callable[[], bool]) -> bytes:
    """In a thread: the next piece; nothing when all was sent."""
    if not may_go_on():
        raise NotAnyMore
    found = bytearray()
    for part in pieces:
        found += part
        if len(found) >= _PIECE:
            break
    return bytes(found)
