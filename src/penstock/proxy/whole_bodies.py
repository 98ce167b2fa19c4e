"""Reading request bodies whole: for who has to look into one, or may send it more than once.

A body takes its room before it is read, as much as it declares: who waits for room then holds next to nothing, so
that nobody waits for ever. One that does not say how long it is takes room as it grows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from penstock.errors import BAD_REQUEST, GatewayError
from penstock.providers.request_reading import flagged, speaks_of_none
from penstock.proxy.call import Call
from penstock.proxy.call_bodies import asked_in, request_of
from penstock.proxy.request_body import RequestBody, small
from penstock.proxy.room import Room, Share, busy
from penstock.wire.content_encoding import plain
from penstock.wire.headers import without

BOM = b"\xef\xbb\xbf"
"""Which JSON must not begin with, and is sent all the same (RFC 8259, 8.1)."""

_CODING = (b"content-encoding",)
_READ_HERE = 256 * 1024  # bytes of a body that is read in the event loop


class WholeBodies:
    """Bodies of up to `limit` bytes, within a worker's room."""

    def __init__(self, room: Room, limit: int) -> None:
        self._room = room
        self.limit = min(limit, room.most)

    async def whole(self, call: Call) -> bytes:
        """All of it. Raises `GatewayError` when it is too large, breaks off, or finds no room."""
        self.share_of(call, call.body)
        return await call.body.whole(self.limit)

    async def plain(self, call: Call) -> bytes:
        """The same in no content coding, which is what goes on then. Raises `GatewayError` where that cannot be."""
        coding = call.head.content_encoding
        body = b"" if coding else small(call.body)
        if body and len(body) <= self.limit and not body.startswith(BOM):  # as a rule
            return body
        body = await self.whole(call)
        if coding and body:
            unpacked = await asyncio.to_thread(plain, body, coding.decode("latin-1"), self.limit)
            if unpacked is None:
                raise GatewayError(
                    BAD_REQUEST,
                    f"the body cannot be read: its content-encoding is not what it says, not known here, or stands for "
                    f"more than {self.limit} bytes",
                )
            share = self.share_of(call, call.body)
            if len(unpacked) > share.held and not share.take(len(unpacked) - share.held):
                raise busy()
            call.body.unpack(unpacked)
            body = unpacked
            call.head.content_encoding = b""
            call.head.forward, call.head.joined = without(call.head.forward, _CODING), b""
        if body.startswith(BOM):
            body = body.removeprefix(BOM)
            call.body.unpack(body)
        return body

    async def gather(self, call: Call) -> bool:
        """Waits for all of it, unless it is too large: then false, and it will go out as it comes.

        Raises `GatewayError` when it breaks off or finds no room.
        """
        body = call.body
        if body.complete:
            return 0 <= body.size <= self.limit
        self.share_of(call, body)
        return await body.gather(self.limit)

    def read_flags(self, call: Call, body: bytes) -> Coroutine[None, None, None] | None:
        """Looks whether its body, as it was gathered, makes another thing of the operation; to be awaited where it is
        large.
        """
        call.flags_read = True
        if not call.head.content_encoding and speaks_of_none(call.operation, body):  # as a rule
            return None
        if len(body) > _READ_HERE:
            return self._read_large(call)
        call.operation = flagged(call.operation, asked_in(call, request_of(call)))
        return None

    async def _read_large(self, call: Call) -> None:
        operation = call.operation
        call.operation = await asyncio.to_thread(lambda: flagged(operation, asked_in(call, request_of(call))))

    def share_of(self, call: Call, body: RequestBody) -> Share:
        """What the request with this body, one of the call's account, holds of the room until it has been answered."""
        if body.share is None:
            body.share = self._room.share(call.gateway.account)
        return body.share
