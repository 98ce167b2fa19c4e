"""Amazon's binary event streams as they come: messages of headers and a payload, checked and bounded (dialects, A5).

A message is total length, length of the headers, a checksum of these (three big-endian u32), headers, payload, and a
checksum of all before. What its payload means is for the dialects.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from penstock.wire.sse import MAX_EVENT_BYTES

_HEAD: Final = struct.Struct(">III")
_CHECKSUM_BYTES: Final = 4
_TEXT: Final = 7
_SIZED: Final = (6, _TEXT)  # kinds of values with their length in front
_WIDTHS: Final[Mapping[int, int]] = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


class BadFrame(Exception):
    """Bytes that are no message, or one of more than `MAX_EVENT_BYTES`. Nothing behind them can be read."""


class Frame(msgspec.Struct, frozen=True):
    """One message."""

    headers: Mapping[str, str]  # as far as they are texts: `:message-type`, `:event-type`, `:exception-type`
    payload: bytes


class FrameSplitter:
    """Cuts a stream into its messages."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting = bytearray()

    @property
    def held(self) -> int:
        """Bytes of a message that is not whole yet."""
        return len(self._waiting)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The messages that end in these bytes. Raises `BadFrame`, after those before it."""
        waiting = self._waiting
        waiting += data
        start = 0
        try:
            while (total := _total(waiting, start)) and len(waiting) >= start + total:
                yield _frame(bytes(waiting[start : start + total]))
                start += total
        finally:
            del waiting[:start]


def _total(waiting: bytearray, start: int) -> int:
    """The length of the message that begins there; 0 where that is not known yet."""
    if len(waiting) < start + _HEAD.size:
        return 0
    total, headers, checksum = _HEAD.unpack_from(waiting, start)
    if zlib.crc32(waiting[start : start + 8]) != checksum:
        raise BadFrame("a checksum is wrong")
    if total > MAX_EVENT_BYTES:
        raise BadFrame("a message is too long")
    if total < _HEAD.size + headers + _CHECKSUM_BYTES:
        raise BadFrame("the lengths of a message are wrong")
    return int(total)


def _frame(message: bytes) -> Frame:
    if zlib.crc32(message[:-_CHECKSUM_BYTES]) != int.from_bytes(message[-_CHECKSUM_BYTES:], "big"):
        raise BadFrame("a checksum is wrong")
    begin = _HEAD.size + int.from_bytes(message[4:8], "big")
    return Frame(_headers(message[_HEAD.size : begin]), message[begin:-_CHECKSUM_BYTES])


def _headers(block: bytes) -> Mapping[str, str]:
    found: dict[str, str] = {}
    place = 0
    try:
        while place < len(block):
            name_end = place + 1 + block[place]
            name, kind = block[place + 1 : name_end], block[name_end]
            begin = name_end + 1
            if kind in _SIZED:
                begin += 2
                place = begin + int.from_bytes(block[begin - 2 : begin], "big")
            else:
                place = begin + _WIDTHS[kind]
            if kind == _TEXT:
                found[name.decode("latin-1")] = block[begin:place].decode(errors="replace")
    except (IndexError, KeyError):
        raise BadFrame("the headers of a message are wrong") from None
    return found
