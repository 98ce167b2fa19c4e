"""Bodies without their content-encoding: in one go, or as they come.

Pure, with a bound on what a small body may grow to: `plain` on the whole, a `Decoder` on each piece, which it makes
only when asked for it. Brotli and Zstandard are loaded when the first such body comes: most answers have gzip or
nothing.
"""

from __future__ import annotations

import zlib
from collections import deque
from typing import Protocol

MAX_PLAIN_BYTES = 32 * 1024 * 1024  # what a compressed body may grow to
PIECE_BYTES = 65536  # of a decoder's pieces; Brotli's and Zstandard's may be somewhat larger

_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RAW_DEFLATE = -15
_GZIP_BEGINS = b"\x1f\x8b"
_MAX_PARTS = 64  # that one body in gzip may be made of
_INFLATED_STEP = 4096  # bytes of what came; what is left of them is copied each time
_ZSTANDARD_STEP = 32  # bytes; no more than ten blocks, each of at most 128 KiB, begin or end in so many
_ZSTANDARD_WINDOW = 8 * 1024 * 1024  # RFC 9659


def plain(body: bytes, encoding: str, limit: int = MAX_PLAIN_BYTES) -> bytes | None:
    """The body without its content-encoding; None where that is unknown, broken, or grows past `limit`."""
    if not encoding:
        return body
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name in _WINDOW_BITS:
        return _inflated(body, _WINDOW_BITS[name], limit)
    if name == "br":
        return _unbrotlied(body, limit)
    return _unzstandard(body, limit) if name == "zstd" else None


def _inflated(body: bytes, bits: int, limit: int) -> bytes | None:
    if bits == _WINDOW_BITS["deflate"] and len(body) > 1 and not _has_zlib_head(body[:2]):
        bits = _RAW_DEFLATE
    rest, pieces, left = memoryview(body), list[bytes](), limit
    for _ in range(_MAX_PARTS):
        inflater = zlib.decompressobj(bits)
        while rest and not inflater.eof:
            step = rest[:PIECE_BYTES]
            try:
                pieces.append(inflater.decompress(step, left + 1))
            except zlib.error:
                return None
            left -= len(pieces[-1])
            if left < 0 or inflater.unconsumed_tail:
                return None
            rest = rest[len(step) - len(inflater.unused_data) :]
        if bits != _WINDOW_BITS["gzip"] or rest[:2] != _GZIP_BEGINS:
            return b"".join(pieces)
    return None


def _has_zlib_head(begins: bytes | memoryview) -> bool:
    """Whether deflate comes as it should; some send it without its wrapper."""
    first, second = begins
    return first & 0x0F == zlib.DEFLATED and not (first << 8 | second) % 31


def _unbrotlied(body: bytes, limit: int) -> bytes | None:
    import brotli  # noqa: PLC0415

    inflater = brotli.Decompressor()
    try:
        data: bytes = inflater.process(body, output_buffer_limit=limit + 1)
    except brotli.error:
        return None
    return data if inflater.is_finished() and len(data) <= limit else None


def _unzstandard(body: bytes, limit: int) -> bytes | None:
    from zstandard import ZstdDecompressor, ZstdError, frame_content_size  # noqa: PLC0415

    try:
        if frame_content_size(body) > limit:
            return None
        return ZstdDecompressor().decompress(body, max_output_size=limit, allow_extra_data=False)
    except ZstdError:
        return None


class CodingError(Exception):
    """A body is not what its content-encoding says."""


class Decoder(Protocol):
    """Undoes a content-encoding piece by piece."""

    def feed(self, data: bytes) -> None:
        """Takes the next bytes, without working on them yet."""

    def read(self) -> bytes:
        """The next piece; nothing when more is needed for it. Raises `CodingError`."""

    def end(self) -> None:
        """The body has ended, and all was read. Raises `CodingError` where it cannot end here."""


def decoder(encoding: str) -> Decoder:
    """For the value of a Content-Encoding. One that is not known here is told when the body comes."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return _Identity()
    if name in _WINDOW_BITS:
        return _Inflater(_WINDOW_BITS[name])
    if name == "br":
        return _Brotli()
    return _Zstandard() if name == "zstd" else _Unknown(encoding)


class _Unknown:
    """Cannot be undone."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._fed = False

    def feed(self, data: bytes) -> None:
        self._fed = self._fed or data != b""

    def read(self) -> bytes:
        if self._fed:
            raise CodingError(f"{self._encoding[:64]!r} is not known here")
        return b""

    def end(self) -> None:
        """Nothing came, or it was told."""


class _Identity:
    """A body that is plain already."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()

    def feed(self, data: bytes) -> None:
        if len(data) <= PIECE_BYTES:
            self._waiting.append(data)
        else:
            self._waiting += (data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES))

    def read(self) -> bytes:
        return self._waiting.popleft() if self._waiting else b""

    def end(self) -> None:
        """May end anywhere."""


class _Inflater:
    """gzip of one or more members, and deflate with a zlib head or, as some send it, without."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._inflater = zlib.decompressobj(bits)
        self._input = memoryview(b"")
        self._started = False
        self._over = False  # what still comes belongs to nothing

    def feed(self, data: bytes) -> None:
        self._input = memoryview(bytes(self._input) + data if self._input else data)

    def read(self) -> bytes:
        if not self._started and not self._start():
            return b""
        while not self._inflater.eof or self._next_member():
            step = self._input[:_INFLATED_STEP]
            try:
                piece = self._inflater.decompress(step, PIECE_BYTES)
            except zlib.error as error:
                raise CodingError(str(error)) from error
            left = self._inflater.unused_data or self._inflater.unconsumed_tail
            self._input = self._input[len(step) - len(left) :]
            if piece or not (self._input or self._inflater.eof):
                return piece
        return b""

    def _start(self) -> bool:
        """Looks at the first two bytes; false when they are still to come."""
        if self._bits == _WINDOW_BITS["deflate"]:
            if len(self._input) < 2:
                return False
            if not _has_zlib_head(self._input[:2]):
                self._inflater = zlib.decompressobj(_RAW_DEFLATE)
        self._started = len(self._input) > 0
        return self._started

    def _next_member(self) -> bool:
        """Whether there is another member of a gzip body. What else comes behind the end is thrown away."""
        begins = bytes(self._input[:2])
        if self._over or self._bits == _WINDOW_BITS["deflate"] or not _GZIP_BEGINS.startswith(begins):
            self._over = True
            self._input = memoryview(b"")
            return False
        if len(begins) < len(_GZIP_BEGINS):
            return False
        self._inflater = zlib.decompressobj(self._bits)
        return True

    def end(self) -> None:
        if (self._started or self._input) and not self._inflater.eof:
            raise CodingError("it is cut short")


class _Brotli:
    def __init__(self) -> None:
        import brotli  # noqa: PLC0415

        self._inflater = brotli.Decompressor()
        self._error = brotli.error
        self._waiting: deque[bytes] = deque()
        self._started = False

    def feed(self, data: bytes) -> None:
        self._waiting.append(data)
        self._started = True

    def read(self) -> bytes:
        inflater = self._inflater
        while not inflater.is_finished():
            ready = inflater.can_accept_more_data()
            data = self._waiting.popleft() if ready and self._waiting else b""
            try:
                piece: bytes = inflater.process(data, output_buffer_limit=PIECE_BYTES)
            except self._error as error:
                raise CodingError(str(error)) from error
            if piece or (ready and not data):
                return piece
        self._waiting.clear()
        return b""

    def end(self) -> None:
        if self._started and not self._inflater.is_finished():
            raise CodingError("it is cut short")


class _Zstandard:
    """The library tells how much to take, not how much to give, so it is fed a few bytes at a time."""

    def __init__(self) -> None:
        from zstandard import ZstdDecompressor, ZstdError  # noqa: PLC0415

        self._decompressor = ZstdDecompressor(max_window_size=_ZSTANDARD_WINDOW)
        self._inflater = self._decompressor.decompressobj()
        self._error = ZstdError
        self._input = memoryview(b"")
        self._begun = False  # a frame has begun, and not ended

    def feed(self, data: bytes) -> None:
        self._input = memoryview(bytes(self._input) + data if self._input else data)

    def read(self) -> bytes:
        while self._input:
            step = self._input[:_ZSTANDARD_STEP]
            if not self._begun:
                self._inflater = self._decompressor.decompressobj()
                self._begun = True
            try:
                piece: bytes = self._inflater.decompress(step)
            except self._error as error:
                raise CodingError(str(error)) from error
            left = 0
            if self._inflater.eof:
                self._begun = False
                left = len(self._inflater.unused_data)
            self._input = self._input[len(step) - left :]
            if piece:
                return piece
        return b""

    def end(self) -> None:
        if self._begun:
            raise CodingError("it is cut short")
