"""The body of an answer as it comes, unpacked, and no longer than it may be.

A few bytes may unpack to any number, the more so where they are packed several times: what comes out is counted while
it does. Nothing of pages and their types here.
"""

import zlib

import httpx

ENCODINGS = "gzip"  # what may be sent to us; a header's value
_GZIP = zlib.MAX_WBITS | 16


class Unusable(Exception):
    """A body that is too long or cannot be unpacked. `kind` is one word for it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


async def limited_body(reply: httpx.Response, most: int) -> bytes:
    """All of it. Raises `Unusable` as soon as there are more than `most` bytes, whatever its headers promise."""
    unpack = _unpacking(reply.headers.get("content-encoding", ""))
    chunks: list[bytes] = []
    room = most
    try:
        async for raw in reply.aiter_raw():
            chunk = raw if unpack is None else unpack.decompress(raw, room + 1)
            room -= len(chunk)
            if room < 0:
                raise Unusable("too_large", f"larger than {most // 1_000_000} MB")
            chunks.append(chunk)
    except zlib.error as error:
        raise Unusable("unreadable", "its body cannot be unpacked") from error
    return b"".join(chunks)


def _unpacking(encoding: str) -> "zlib._Decompress | None":
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(_GZIP)
    raise Unusable("unreadable", f"its body is encoded as {encoding.strip()[:40]}, which was not asked for")
