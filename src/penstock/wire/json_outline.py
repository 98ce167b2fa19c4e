"""Where the parts of a large JSON document stand, without making anything of them. Pure; a piece at a time.

A decoder makes an object for each member in one go, and the document is the caller's: 33 MB of small members hold up
everybody for seconds. Small documents are for the decoder; this is for the others. It does not check what lies inside
of a part.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import msgspec

from penstock.errors import BODY_TOO_LARGE, GatewayError
from penstock.pieces import Pieces
from penstock_common.check import values_in

SMALL_BYTES: Final = 131_072
"""Up to here a decoder is no burden, whatever the document is."""

MOST_PARTS: Final = 10_000
"""Members of an object, or elements of an array, whose places are told."""

_MOST_BRACKETS = 1_000_000
_MOST_VALUES = 1_000_000
_CHUNK = 65536
_A_STEP = 128  # over a bracket takes as long as looking at so many bytes
_A_PART = 1024  # telling one, likewise

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_NAME = re.compile(rb'"((?:[^"\\]++|\\.)*+)"[ \t\r\n]*+:[ \t\r\n]*+', re.DOTALL)
_INSIDE = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_SCALAR = re.compile(rb'[^ \t\r\n,\]}\[{"]++')

_text = msgspec.json.Decoder(str).decode


class Part(NamedTuple):
    """A member or an element: its name, empty in an array; where it begins, where its value begins and ends."""

    name: str
    begin: int
    start: int
    end: int


def outline(data: bytes) -> Pieces[list[Part]]:
    """The parts of an object or array, in order. Raises `ValueError` for what is none, or has more than can be told."""
    place = _skip(data, 0)
    opening = data[place : place + 1]
    closing = {b"{": b"}", b"[": b"]"}.get(opening)
    if closing is None:
        raise ValueError("it is neither an object nor an array")
    parts: list[Part] = []
    place = _skip(data, place + 1)
    while data[place : place + 1] != closing:
        begin = place
        if parts:
            begin = _skip(data, _after(data, place, b","))
        if len(parts) == MOST_PARTS:
            raise ValueError(f"it has more than {MOST_PARTS} parts")
        name, start = _named(data, begin) if opening == b"{" else ("", begin)
        end = yield from _value_end(data, start)
        parts.append(Part(name, begin, start, end))
        place = _skip(data, end)
        yield _A_PART
    if _skip(data, place + 1) != len(data):
        raise ValueError("there is something behind its end")
    return parts


def _skip(data: bytes, place: int) -> int:
    found = _SPACE.match(data, place, place + _CHUNK)
    end = place if found is None else found.end()
    if end == place + _CHUNK:
        raise ValueError("it has too much empty space in one place")
    return end


def _after(data: bytes, place: int, wanted: bytes) -> int:
    if data[place : place + 1] != wanted:
        raise ValueError(f"{wanted.decode()} is missing at byte {place}")
    return place + 1


def _named(data: bytes, place: int) -> tuple[str, int]:
    found = _NAME.match(data, place, place + _CHUNK)
    if found is None:
        raise ValueError(f"a member's name is missing at byte {place}")
    return _text(b'"%b"' % found[1]), found.end()


def _value_end(data: bytes, place: int) -> Pieces[int]:
    first = data[place : place + 1]
    if first == b'"':
        return (yield from _string_end(data, place + 1))
    if first in (b"{", b"["):
        return (yield from _container_end(data, place + 1))
    found = _SCALAR.match(data, place, place + _CHUNK)
    if found is None or found.end() == place + _CHUNK:
        raise ValueError(f"a value is missing at byte {place}")
    return found.end()


def _string_end(data: bytes, place: int) -> Pieces[int]:
    while True:
        found = _STRING.match(data, place, place + _CHUNK)
        end = place if found is None else found.end()
        if data[end : end + 1] == b'"':
            return end + 1
        if end == place or end >= len(data):
            raise ValueError("a string does not end")
        yield end - place
        place = end


def _container_end(data: bytes, place: int) -> Pieces[int]:
    depth = 1
    for count in range(_MOST_BRACKETS):
        found = _INSIDE.match(data, place, place + _CHUNK)
        end = place if found is None else found.end()
        if not count % 512 or end - place > _CHUNK // 2:
            yield end - place + 512 * _A_STEP
        place = end
        first = data[place : place + 1]
        if first in (b"{", b"["):
            depth += 1
            place += 1
        elif first in (b"}", b"]"):
            depth -= 1
            place += 1
            if not depth:
                return place
        elif first == b'"':
            place = yield from _string_end(data, place + 1)
        elif not first:
            raise ValueError("it is cut short")
    raise ValueError(f"a part of it has more than {_MOST_BRACKETS} brackets")


def readable(data: bytes) -> Pieces[None]:
    """Raises `GatewayError` 413 for a document of more values than can be read while others wait."""
    for values in values_in(data):
        if values > _MOST_VALUES:
            raise GatewayError(
                BODY_TOO_LARGE,
                f"a body that has to be read may have {_MOST_VALUES} values; send fewer, or larger ones",
            )
        yield 3 * _CHUNK
