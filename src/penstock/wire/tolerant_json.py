"""JSON of which some part cannot be read: the parts that can, one by one.

A decoder gives up a document for a single `NaN` or half a surrogate pair in it, and a typed one for a number where a
text should be. This is for what is left then. It looks for the places of members and elements in steps of regular
expressions, makes sense of one part after the other, and tells which made none. Pure; the work is bounded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Hashable, Iterator
from functools import cache
from typing import Final, NamedTuple, TypeVar, cast, get_args, get_origin

import msgspec

UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError)
"""What reading may raise; deep nesting is a RecursionError."""

NONSENSE: Final = b"false"
"""Stands for what cannot be read: valid, and neither a count nor a text."""

_MOST_PARTS = 20_000  # of a document that are looked at
_MOST_STEPS = 200_000  # over brackets that are nested deeply
_DEEPEST = 12  # parts within each other that are looked at

_FILL = rb'[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+"'
_NESTED = rb"[\[{](?:%b)*+[\]}]" % _FILL
for _ in range(3):
    _NESTED = rb"[\[{](?:%b|%b)*+[\]}]" % (_FILL, _NESTED)
_CONTAINER = re.compile(_NESTED, re.DOTALL)
_INSIDE = re.compile(rb"(?:%b|%b)*+" % (_FILL, _NESTED), re.DOTALL)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(rb'[^\s,\]}\[{"]++')
_CUT_ESCAPE = re.compile(rb"(?<!\\)((?:\\\\)*)\\u[0-9a-fA-F]{0,3}\Z")
_BETWEEN = re.compile(rb"[\s,]*+")
_NAME = re.compile(rb'("(?:[^"\\]++|\\.)*+")\s*+:\s*+', re.DOTALL)
_SURE_NAME = re.compile(rb'(?<!\\)"[A-Za-z0-9_.$-]{1,64}"\s*+:\s*+')  # cannot be inside of a text

_to_raw = msgspec.json.Decoder(msgspec.Raw).decode
_to_number = msgspec.json.Decoder(float).decode
_to_text = msgspec.json.Decoder(str).decode
_to_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_to_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_T = TypeVar("_T")
_S = TypeVar("_S", bound=msgspec.Struct)


class Part(NamedTuple):
    """A member or an element: its name with its quotes, empty in an array, and its value. `None`: it is cut."""

    name: bytes
    value: bytes | None
    start: int


def parts(data: bytes, place: int = 0) -> Iterator[Part]:
    """The parts of the object or array that begins at a place, as far as there are some; the last may be cut.

    Raises `ValueError` where one is nested too deeply.
    """
    is_object = data[place : place + 1] == b"{"
    place += 1
    while True:
        place = _after(_BETWEEN, data, place)
        name = _NAME.match(data, place) if is_object else None
        start = place if name is None else name.end()
        if (name is None and is_object) or data[start : start + 1] in (b"", b"]", b"}"):
            return
        end = value_end(data, start)
        if end == start:
            return
        yield Part(b"" if name is None else name[1], data[start:end] if end > 0 else None, start)
        if end < 0:
            return
        place = end


def last_parts(tail: bytes) -> list[list[Part]]:
    """Of the last piece of a document the parts that stand in it whole: those of the outermost value first, then those
    of the last one inside of it, and so on. Raises `ValueError` where it does not end there, or nothing is sure.
    """
    sure = _SURE_NAME.search(tail, 1)
    if sure is None:
        raise ValueError("no member begins in it")
    levels: list[list[Part]] = [[]]
    place = sure.start()
    for _ in range(_MOST_PARTS):
        place = _after(_BETWEEN, tail, place)
        first = tail[place : place + 1]
        if not first:
            break
        if first in (b"}", b"]"):
            levels.append([])
            place += 1
            continue
        name = _NAME.match(tail, place)
        start = place if name is None else name.end()
        place = value_end(tail, start)
        if place <= start:
            raise ValueError("it does not end")
        levels[-1].append(Part(b"" if name is None else name[1], tail[start:place], start))
    else:
        raise ValueError("it has too many parts")
    if len(levels) < 2 or levels.pop():
        raise ValueError("it does not end")
    levels.reverse()
    return levels


def _after(pattern: re.Pattern[bytes], data: bytes, place: int) -> int:
    found = pattern.match(data, place)
    return place if found is None else found.end()


def value_end(data: bytes, place: int) -> int:
    """Where the value at a place ends; -1 where it is cut, its beginning where none is there. Raises `ValueError` where
    it is nested too deeply.
    """
    first = data[place : place + 1]
    if first == b'"':
        found = _STRING.match(data, place)
        return -1 if found is None else found.end()
    if first not in (b"{", b"["):
        return _after(_SCALAR, data, place)
    found = _CONTAINER.match(data, place)
    return _deep_end(data, place + 1) if found is None else found.end()


def _deep_end(data: bytes, place: int) -> int:
    depth = 1
    for _ in range(_MOST_STEPS):
        place = _after(_INSIDE, data, place)
        first = data[place : place + 1]
        if first in (b"", b'"'):
            return -1
        depth += 1 if first in (b"{", b"[") else -1
        place += 1
        if not depth:
            return place
    raise ValueError("it is nested too deeply")


def mended(data: bytes, wanted: frozenset[str] | None = None) -> bytes:
    """The document with `NONSENSE` for each part that cannot be read; of its own members only the `wanted` ones.

    Raises what `UNREADABLE` names for what is no document at all.
    """
    place = _after(_BETWEEN, data, 0)
    if data[place : place + 1] not in (b"{", b"["):
        raise ValueError("it is neither an object nor an array")
    return _mended(data, place, wanted, [_MOST_PARTS], _DEEPEST)


def _mended(data: bytes, place: int, wanted: frozenset[str] | None, left: list[int], deeper: int) -> bytes:
    is_object = data[place : place + 1] == b"{"
    found = []
    for part in parts(data, place):
        left[0] -= 1
        if left[0] < 0:
            raise ValueError("it has too many parts")
        name = _name(part.name) if is_object else ""
        if name is None or part.value is None or (wanted is not None and name not in wanted):
            continue
        value = _sound(part.value, left, deeper)
        found.append(part.name + b":" + value if is_object else value)
    return (b"{%b}" if is_object else b"[%b]") % b",".join(found)


def _name(quoted: bytes) -> str | None:
    try:
        return _to_text(quoted)
    except UNREADABLE:
        return None


def _sound(value: bytes, left: list[int], deeper: int) -> bytes:
    try:
        _to_raw(value)
    except UNREADABLE:
        pass
    else:
        return value
    if not deeper or value[:1] not in (b"{", b"["):
        return NONSENSE
    try:
        return _mended(value, 0, None, left, deeper - 1)
    except ValueError:
        return NONSENSE


def loose_texts(data: bytes, names: Collection[str]) -> Iterator[str]:
    """The texts of the members of some names, wherever they stand in a document that cannot be read, or in a piece of
    one. A text that is cut is given as far as it goes.
    """
    for found in _member_texts(frozenset(names)).finditer(data):
        quoted = b'"%b"' % _CUT_ESCAPE.sub(rb"\1", found[1])
        try:
            yield _to_text(quoted)
        except UNREADABLE:
            yield _loosely(quoted)


def _loosely(quoted: bytes) -> str:
    try:
        return str(json.loads(quoted, strict=False))  # takes halves of surrogate pairs, and ends of lines
    except ValueError:
        return quoted[1:-1].decode(errors="replace")


@cache
def _member_texts(names: frozenset[str]) -> re.Pattern[bytes]:
    any_name = "|".join(map(re.escape, sorted(names))).encode()
    return re.compile(rb'(?<!\\)"(?:%b)"\s*+:\s*+"((?:[^"\\]++|\\.)*+)' % any_name, re.DOTALL)


def as_utf_8(body: bytes) -> bytes:
    """A document in UTF-8, from the encoding that its first bytes tell, as `json.loads` does it.

    Raises ValueError for what is no text in that encoding.
    """
    encoding = json.detect_encoding(body)
    if encoding == "utf-8":
        return body
    return body.decode(encoding, "surrogatepass").encode("utf-8", "replace")


# -- typed


def read(kind: type[_T], data: bytes | msgspec.Raw) -> tuple[_T, frozenset[str]]:
    """A document of a type, and where in it something made no sense: names, with a dot between inner ones.

    What made none has its default. Raises what `UNREADABLE` names where nothing can be made of it.
    """
    try:
        return cast("_T", _decoder(cast("Hashable", kind)).decode(data)), _NOTHING
    except UNREADABLE:
        odd: set[str] = set()
        return cast("_T", _read(kind, mended(bytes(data)), "", odd)), frozenset(odd)


_NOTHING: frozenset[str] = frozenset()


@cache
def _decoder(kind: object) -> msgspec.json.Decoder[object]:
    return msgspec.json.Decoder(kind)


@cache
def _inner(kind: object) -> object:
    """The type itself, where None is allowed beside it, or it has bounds."""
    named = [one for one in get_args(kind) if one is not type(None)]
    if len(named) == len(get_args(kind)) or len(named) != 1:
        return kind
    return named[0]


def _read(kind: object, data: bytes | msgspec.Raw, path: str, odd: set[str]) -> object:
    kind = _inner(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(kind, data, path, odd)
    if get_origin(kind) is list:
        return list(_elements(get_args(kind)[0], data, path, odd))
    try:
        return _decoder(kind).decode(data)
    except UNREADABLE:
        number = _to_number(data)
        if not number.is_integer():
            raise
        return _decoder(kind).decode(b"%d" % int(number))  # 12.0 is 12


def _struct(kind: type[_S], data: bytes | msgspec.Raw, path: str, odd: set[str]) -> _S:
    said = _to_members(data)
    found = {}
    for field in msgspec.structs.fields(kind):
        raw = said.get(field.encode_name)
        if raw is None or bytes(raw) == b"null":
            continue
        inner = f"{path}{field.encode_name}"
        try:
            found[field.name] = _read(field.type, raw, f"{inner}.", odd)
        except UNREADABLE:
            odd.add(inner)
    try:
        return kind(**found)
    except TypeError:
        raise ValueError("something is missing") from None


def _elements(kind: object, data: bytes | msgspec.Raw, path: str, odd: set[str]) -> Iterator[object]:
    elements = _to_elements(data)
    if len(elements) > _MOST_PARTS:
        raise ValueError("it has too many elements")
    for raw in elements:
        try:
            yield _read(kind, raw, path, odd)
        except UNREADABLE:
            odd.add(path)
