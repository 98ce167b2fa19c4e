"""What a request says of its operation: the flags that make another thing of it, and the model it names.

An operation knows the places; here they are looked at: members of a JSON body, fields of a form, the query, headers.
Pure. A body that cannot be read tells nothing, and one that may hide a flag is taken to have it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec

from penstock.providers.base import HeaderLookup
from penstock.providers.operation import Cacheable, Effect, Flag, Operation
from penstock.wire.multipart import fields, is_form

_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)  # deep nesting is a RecursionError
_BOM = b"\xef\xbb\xbf"
_ABSENT = msgspec.Raw()
_NULL = b"null"
_MOST_ITEMS = 1000  # of a list whose members name a model each
_LONGEST_NAME = 256
_SEVERAL = "several"
_OUTSIDE = ("query:", "header:")  # places that are at hand whatever the body is
_TRUE = frozenset({"true", "1", "yes", "y", "on", "t"})  # in forms and queries, as servers commonly read them

_MODEL_FIRST = re.compile(rb'\s*\{\s*"model"\s*:\s*("(?:[^"\\]|\\.){1,256}")')
_ESCAPED = b"\\u00"  # a letter that is written so may hide a name
_USUAL = ("body:model",)


class _Question(msgspec.Struct, gc=False):
    model: str | None = None


_to_question = msgspec.json.Decoder(_Question).decode
_to_text = msgspec.json.Decoder(str).decode
_to_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_to_scalar = msgspec.json.Decoder(str | int | float | bool).decode


class Request(NamedTuple):
    """A request as far as it is at hand. `query` has no `?`; `body` is plain, None where it is not at hand."""

    query: str
    header: HeaderLookup
    content_type: str
    body: bytes | None
    is_cut: bool = False  # there is more of the body


def flagged(operation: Operation, request: Request) -> Operation:
    """What the request is, with all that it says."""
    if not operation.flags:
        return operation
    if request.body is not None and not request.is_cut and speaks_of_none(operation, request.body):
        return operation
    said = _Said(request, [place.partition("=")[0] for flag in operation.flags for place in flag.when])
    for flag in operation.flags:
        is_free = flag.becomes is Effect.READ
        if all(said.holds(place, beyond_doubt=is_free) for place in flag.when):
            return operation.flagged(flag)
    hidden = {flag.cacheable for flag in operation.flags if said.may_hide(flag)}
    if hidden:
        is_refused = Cacheable.REFUSED in hidden
        return replace(operation, cacheable=Cacheable.REFUSED if is_refused else Cacheable.NEVER)
    return operation


def may_hide_order(operation: Operation, request: Request) -> bool:
    """Whether a body that is not at hand, or cannot be read, may make an order of the request."""
    flags = [flag for flag in operation.flags if flag.becomes is Effect.ORDER]
    if not flags:
        return False
    said = _Said(request, [place.partition("=")[0] for flag in flags for place in flag.when])
    return any(said.may_hide(flag) for flag in flags)


def named_model(operation: Operation, request: Request) -> str | None:
    """The model that a request names, by the word of its provider; None where it names none.

    For products that are told apart by something else than a model, that stands in its place (`search-advanced`).
    """
    if operation.models == _USUAL and not operation.product:
        return _usual_model(request)
    said = _Said(request, operation.models)
    found = next(
        (name for place in operation.models for name in said.values(place, names=True) if name), None
    )
    if found is not None and len(found) > _LONGEST_NAME:
        return None
    if not operation.product:
        return found
    word = found or operation.default
    return f"{operation.product}-{word}" if word else operation.product


def is_done_once(operation: Operation, request: Request) -> bool:
    """Whether a request has the key by which its provider does what it orders once, however often it is sent."""
    return bool(operation.once) and any(_Said(request, (operation.once,)).values(operation.once, names=True))


def said_at(request: Request, places: Sequence[str], *, texts: bool = False) -> dict[str, list[str]]:
    """What a request says at some places: texts, and else numbers and flags as JSON spells them; nothing where it is
    not at hand.
    """
    said = _Said(request, places)
    return {place: said.values(place, names=texts) for place in places}


def speaks_of_none(operation: Operation, body: bytes) -> bool:
    """Whether no flag can be set, since its member is nowhere in the body: what nearly all requests are."""
    if operation.flag_marks is None:
        return False
    for mark in operation.flag_marks:
        if body.find(mark) >= 0:
            return False
    return body.find(_ESCAPED) < 0


def _usual_model(request: Request) -> str | None:
    """The model of a JSON body that is called so."""
    body = request.body
    if not body:
        return None
    if not body.startswith(b"{"):
        if is_form(request.content_type):
            return None
        body = body.lstrip().removeprefix(_BOM)
    try:
        if request.is_cut:
            first = _MODEL_FIRST.match(body)
            name = _to_text(first[1]) if first else None
        else:
            name = _to_question(body).model
    except _UNREADABLE:
        return None
    return name if name and len(name) <= _LONGEST_NAME else None


class _Said:
    """A request, read once for some places."""

    def __init__(self, request: Request, places: Sequence[str]) -> None:
        self._request = request
        names = tuple(sorted({_first(place) for place in places if place.startswith("body:")}))
        self._is_readable = True
        self._members: Mapping[str, msgspec.Raw] = {}
        if names and request.body and not is_form(request.content_type):
            self._read(request.body.lstrip().removeprefix(_BOM), names)

    def _read(self, body: bytes, names: tuple[str, ...]) -> None:
        try:
            told = None if self._request.is_cut else _decoder(names)(body)
        except _UNREADABLE:
            told = None
        if told is not None:
            self._members = dict(zip(names, msgspec.structs.astuple(told), strict=True))
            return
        self._is_readable = not body.startswith(b"{")
        if self._request.is_cut and "model" in names and (first := _MODEL_FIRST.match(body)):
            self._members = {"model": msgspec.Raw(first[1])}

    def holds(self, place: str, *, beyond_doubt: bool) -> bool:
        """Whether a place of a flag says what the flag wants; beyond doubt, if nothing there says otherwise."""
        place, equals, wanted = place.partition("=")
        values = self.values(place)
        if not equals:
            return bool(values)
        if beyond_doubt:
            return set(values) == {wanted}
        if wanted == "true" and not place.startswith("body:"):
            return any(value.strip().lower() in _TRUE for value in values)
        return wanted in values

    def may_hide(self, flag: Flag) -> bool:
        """Whether what a flag wants may stand in a body that is not at hand, or cannot be read."""
        inside = [place for place in flag.when if not place.startswith(_OUTSIDE)]
        outside = (place for place in flag.when if place.startswith(_OUTSIDE))
        if not inside or not all(self.holds(place, beyond_doubt=False) for place in outside):
            return False
        body = self._request.body
        if body is None or self._request.is_cut:
            return True
        return not self._is_readable and any(f'"{_first(place)}"'.encode() in body for place in inside)

    def values(self, place: str, *, names: bool = False) -> list[str]:
        """What stands at a place: texts, and numbers and flags as JSON spells them; of `names` only texts."""
        where, _, name = place.partition(":")
        request = self._request
        if where == "query":
            return [value for key, value in parse_qsl(request.query, keep_blank_values=True) if key == name]
        if where == "header":
            value = request.header(name)
            return [] if value is None else [value]
        if where == "form" and request.body and is_form(request.content_type):
            name, _, rest = name.partition(".")  # the rest of it is in a JSON document
            told = [value for key, value in fields(request.body, request.content_type) if key == name]
            if not rest:
                return told
            members = [_member(msgspec.Raw(value.encode()), rest) for value in told]
            return [found for member in members for found in _inside(member, rest, names=names)]
        if where != "body":
            return []
        return _inside(self._members.get(_first(place), _ABSENT), name, names=names)


def _first(place: str) -> str:
    """The member of the body that a place begins with: `inputs` of `body:inputs[].processor`."""
    return place.partition(":")[2].partition("=")[0].partition(".")[0].removesuffix("[]")


def _inside(raw: msgspec.Raw, path: str, *, names: bool) -> list[str]:
    """The scalars at the rest of a place: an object or a list counts as an empty text, null as nothing."""
    first, _, rest = path.partition(".")
    try:
        items = _to_items(raw)[:_MOST_ITEMS] if first.endswith("[]") and raw else [raw]
    except _UNREADABLE:
        return []
    items = [item for item in items if item and bytes(item) != _NULL]
    if not rest:
        return [_scalar(item) for item in items if not names or bytes(item).startswith(b'"')]
    found = {value for item in items for value in _inside(_member(item, rest), rest, names=names)}
    return [_SEVERAL] if len(found) > 1 else list(found)


def _member(raw: msgspec.Raw, path: str) -> msgspec.Raw:
    try:
        told: tuple[msgspec.Raw, ...] = msgspec.structs.astuple(_decoder((_first(":" + path),))(raw))
    except _UNREADABLE:
        return _ABSENT
    return told[0]


def _scalar(raw: msgspec.Raw) -> str:
    try:
        value = _to_scalar(raw)
    except _UNREADABLE:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else bytes(raw).decode()


@lru_cache(maxsize=64)
def _decoder(names: tuple[str, ...]) -> Callable[[bytes | msgspec.Raw], msgspec.Struct]:
    """For some members of an object; there are as many such decoders as the tables have rows that differ in them."""
    places = [
        (f"at_{index}", msgspec.Raw, msgspec.field(name=name, default=_ABSENT))
        for index, name in enumerate(names)
    ]
    return msgspec.json.Decoder(msgspec.defstruct("Members", places, gc=False)).decode
