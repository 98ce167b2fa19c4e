"""Bodies without their content-encoding: in one go, or as they come.

Pure, with a bound on what a small body may grow to: `plain` on the whole, a `Decoder` on each piece, which it makes
only when asked for it. Both undo a list of codings from its end (RFC 9110, 8.4). Brotli and Zstandard are loaded when
the first such body comes: most answers have gzip or nothing.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, Protocol

MAX_PLAIN_BYTES = 32 * 1024 * 1024  # what a compressed body may grow to
PIECE_BYTES = 65536  # of a decoder's pieces; Brotli's and Zstandard's may be somewhat larger

_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RAW_DEFLATE = -15
_GZIP_BEGINS = b"\x1f\x8b"
_MOST_CODINGS = 4  # of one body
_MOST_PARTS = 20_000  # members or frames that one body may be made of, to be undone in one go
_MOST_HIDDEN = 4 * 1024 * 1024  # bytes between two codings that come to nothing
_INFLATED_STEP = 4096  # bytes of what came; what is left of them is copied each time
_LARGE_STEP = 65536  # where all of it is at hand
_ZSTANDARD_STEP = 32  # bytes; no more than ten blocks, each of at most 128 KiB, begin or end in so many
_LARGE_ZSTANDARD_STEP = 256
_ZSTANDARD_WINDOW = 8 * 1024 * 1024  # RFC 9659


def codings(encoding: str) -> list[str]:
    """The names in the value of a Content-Encoding that mean something, the one to be undone first at the front."""
    names = [name.strip().lower() for name in encoding.split(",")] if encoding else []
    return [name for name in reversed(names) if name not in ("", "identity")]


def plain(body: bytes, encoding: str, limit: int = MAX_PLAIN_BYTES) -> bytes | None:
    """The body without its content-encoding; None where that is unknown, broken, or grows past `limit`."""
    if not encoding:
        return body
    names = codings(encoding)
    if len(names) > _MOST_CODINGS:
        return None
    data: bytes | None = body
    for name in names:
        data = None if data is None else _in_one_go(data, name, limit)
    return data


def _in_one_go(body: bytes, name: str, limit: int) -> bytes | None:
    pieces, left = list[bytes](), limit
    try:
        for piece in unpacked(body, name):
            left -= len(piece)
            if left < 0:
                return None
            pieces.append(piece)
    except CodingError:
        return None
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def unpacked(body: bytes, encoding: str) -> Iterator[bytes]:
    """A body that is all at hand, piece by piece. Raises `CodingError`, also where it is made of too many parts."""
    reading = _decoder(encoding, is_whole=True)
    reading.feed(body)
    while piece := reading.read():
        yield piece
    reading.end()


def beginning(body: bytes, encoding: str, most: int) -> bytes | None:
    """The first `most` bytes of a body without its content-encoding, and no work on what is behind them; None where it
    is unknown, or broken before that.
    """
    pieces, size = list[bytes](), 0
    try:
        for piece in unpacked(body if codings(encoding) else body[:most], encoding):
            pieces.append(piece)
            size += len(piece)
            if size >= most:
                break
    except CodingError:
        return None
    return b"".join(pieces)[:most]


def ends(
    body: bytes, encoding: str, most: int, end: int, limit: int = MAX_PLAIN_BYTES
) -> tuple[bytes, bytes] | None:
    """The body without its content-encoding, and nothing; of one with more than `most` bytes, so many first ones and
    about `end` last ones. None as for `plain`.
    """
    first, last, size = list[bytes](), bytearray(), 0
    is_cut = False
    try:
        for piece in unpacked(body, encoding):
            size += len(piece)
            if size > limit:
                return None
            if size <= most:
                first.append(piece)
                continue
            last += piece
            if len(last) > 2 * end:
                del last[:-end]
                is_cut = True
    except CodingError:
        return None
    return (b"".join(first), bytes(last)) if is_cut else (b"".join((*first, last)), b"")


class Undone(NamedTuple):
    """The first bytes of a body without its content-encoding, the last ones behind them, and how many there are."""

    first: bytes
    last: bytes
    size: int


def undone(body: bytes, encoding: str, most: int, limit: int) -> Undone:
    """A body without its content-encoding as far as that can be undone: it may be cut, or broken. `most` first bytes;
    of one that grows past `limit` no more are counted.
    """
    first, last, size = list[bytes](), bytearray(), 0
    try:
        for piece in unpacked(body, encoding):
            if size < most:
                first.append(piece[: most - size])
            last += piece[max(0, most - size) :]
            size += len(piece)
            if len(last) > 2 * PIECE_BYTES:
                del last[:-PIECE_BYTES]
            if size >= limit:
                break
    except CodingError:
        pass  # what came before it is sound
    return Undone(b"".join(first), bytes(last), size)


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
    return _decoder(encoding, is_whole=False)


def _decoder(encoding: str, *, is_whole: bool) -> Decoder:
    names = codings(encoding)
    if not names:
        return _Identity()
    if len(names) > _MOST_CODINGS:
        return _Unknown(encoding)
    found = _of_one(names[0], is_whole=is_whole)
    for name in names[1:]:
        found = _Both(found, _of_one(name, is_whole=is_whole))
    return found


def _of_one(name: str, *, is_whole: bool) -> Decoder:
    parts = _MOST_PARTS if is_whole else 0
    if name in _WINDOW_BITS:
        return _Inflater(_WINDOW_BITS[name], _LARGE_STEP if is_whole else _INFLATED_STEP, parts)
    if name == "br":
        return _Brotli()
    if name == "zstd":
        return _Zstandard(_LARGE_ZSTANDARD_STEP if is_whole else _ZSTANDARD_STEP, parts)
    return _Unknown(name)


class _Both:
    """Undoes two codings, the outer one first."""

    def __init__(self, outer: Decoder, inner: Decoder) -> None:
        self._outer = outer
        self._inner = inner

    def feed(self, data: bytes) -> None:
        self._outer.feed(data)

    def read(self) -> bytes:
        hidden = 0
        while not (piece := self._inner.read()):
            between = self._outer.read()
            hidden += len(between)
            if hidden > _MOST_HIDDEN:
                raise CodingError("it is much and comes to nothing")
            if not between:
                return b""
            self._inner.feed(between)
        return piece

    def end(self) -> None:
        self._outer.end()
        self._inner.end()


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


def _has_zlib_head(begins: bytes | memoryview) -> bool:
    """Whether deflate comes as it should; some send it without its wrapper."""
    first, second = begins
    return first & 0x0F == zlib.DEFLATED and not (first << 8 | second) % 31


class _Inflater:
    """gzip of one or more members, and deflate with a zlib head or, as some send it, without.

    It takes `step` bytes at a time. `most`: members there may be of a body that is at hand, which may end anywhere: it
    may be the first part of one. 0: it comes, and there may be any number.
    """

    def __init__(self, bits: int, step: int, most: int) -> None:
        self._bits = bits
        self._step = step
        self._most = most
        self._parts = 1
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
            step = self._input[: self._step]
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
        self._parts += 1
        if self._parts == self._most:
            raise CodingError("it has too many members")
        self._inflater = zlib.decompressobj(self._bits)
        return True

    def end(self) -> None:
        if not self._most and (self._started or self._input) and not self._inflater.eof:
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
    """The library tells how much to take, not how much to give, so it is fed a few bytes, `step`, at a time.

    `most`: frames there may be of a body that is at hand. 0: it comes, and there may be any number.
    """

    def __init__(self, step: int, most: int) -> None:
        from zstandard import ZstdDecompressor, ZstdError  # noqa: PLC0415

        self._decompressor = ZstdDecompressor(max_window_size=_ZSTANDARD_WINDOW)
        self._inflater = self._decompressor.decompressobj()
        self._error = ZstdError
        self._input = memoryview(b"")
        self._begun = False  # a frame has begun, and not ended
        self._step = step
        self._most = most
        self._parts = 0

    def feed(self, data: bytes) -> None:
        self._input = memoryview(bytes(self._input) + data if self._input else data)

    def read(self) -> bytes:
        while self._input:
            step = self._input[: self._step]
            if not self._begun:
                self._inflater = self._decompressor.decompressobj()
                self._begun = True
                self._parts += 1
                if self._parts == self._most:
                    raise CodingError("it has too many frames")
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
