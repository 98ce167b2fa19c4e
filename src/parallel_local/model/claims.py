"""Reading what the model wrote: JSON somewhere in a text, whatever stands around it. Pure.

Lenient about the text, strict about types: an item of the wrong form is left out, the others stay. Nothing that is
read here has been checked against a document.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec

_LONGEST_TEXT = 500_000
_MOST_STARTS = 40
_MOST_ITEMS = 300
_MOST_QUOTES = 10
_LONGEST_QUERY = 300
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)

Item = TypeVar("Item", bound=msgspec.Struct)


class Unreadable(Exception):
    """There is no JSON of the wanted form in what the model wrote."""


class Quote(msgspec.Struct, frozen=True):
    """Words that the model says stand in the excerpt `id`."""

    id: int
    quote: str


class Claim(msgspec.Struct, frozen=True):
    """One statement of an answer."""

    text: str
    quotes: list[object] = []
    section: str | None = None

    def quoted(self) -> list[Quote]:
        """The quotes that have the right form."""
        return _items(self.quotes, Quote)[:_MOST_QUOTES]


class FieldClaim(msgspec.Struct, frozen=True):
    """The value of one field."""

    field: str
    value: object = None
    quotes: list[object] = []

    def quoted(self) -> list[Quote]:
        """The quotes that have the right form."""
        return _items(self.quotes, Quote)[:_MOST_QUOTES]


class Verdict(msgspec.Struct, frozen=True):
    """Whether a candidate meets a condition."""

    candidate: int
    condition: str
    met: bool
    quotes: list[object] = []

    def quoted(self) -> list[Quote]:
        """The quotes that have the right form."""
        return _items(self.quotes, Quote)[:_MOST_QUOTES]


class Nomination(msgspec.Struct, frozen=True):
    """A thing of the wanted kind."""

    name: str
    quotes: list[object] = []

    def quoted(self) -> list[Quote]:
        """The quotes that have the right form."""
        return _items(self.quotes, Quote)[:_MOST_QUOTES]


class Answered(msgspec.Struct, frozen=True):
    """An answer in claims; `found` is false where the model says that the excerpts do not tell."""

    found: bool
    claims: list[Claim]


def queries(text: str, most: int) -> list[str]:
    """The search queries in an answer, each once."""
    listed = _list(_object(text, "queries"), "queries")
    kept = [" ".join(one.split())[:_LONGEST_QUERY] for one in listed if isinstance(one, str)]
    return list(dict.fromkeys(one for one in kept if one))[:most]


def claims(text: str) -> Answered:
    """The claims of an answer. Raises `Unreadable`."""
    whole = _object(text, "claims")
    found = _items(_list(whole, "claims"), Claim)
    return Answered(whole.get("found") is not False or bool(found), found)


def field_claims(text: str, names: frozenset[str]) -> list[FieldClaim]:
    """The values of an answer; also from one that maps names to values. Raises `Unreadable`."""
    whole = _object(text, "fields")
    stated = whole["fields"]
    listed: list[object]
    if isinstance(stated, dict):
        listed = [{"field": name, **_entry(value)} for name, value in stated.items()]
    else:
        listed = _list(whole, "fields")
    return [claim for claim in _items(listed, FieldClaim) if claim.field in names]


def verdicts(text: str) -> list[Verdict]:
    """The verdicts of an answer. Raises `Unreadable`."""
    return _items(_list(_object(text, "verdicts"), "verdicts"), Verdict)


def nominations(text: str) -> list[Nomination]:
    """The candidates that an answer names. Raises `Unreadable`."""
    return _items(_list(_object(text, "candidates"), "candidates"), Nomination)


def _entry(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) and "value" in value else {"value": value}


def _object(text: str, key: str) -> Mapping[str, object]:
    """The first JSON object of a text that has a key. Raises `Unreadable`."""
    for found in _objects(_THOUGHT.sub(" ", text[:_LONGEST_TEXT])):
        if key in found:
            return found
    raise Unreadable


def _objects(text: str) -> Iterator[Mapping[str, object]]:
    """Objects that stand in a text, outermost first; those in a broken one are tried too, but not for ever."""
    decoder = json.JSONDecoder()
    start = text.find("{")
    for _ in range(_MOST_STARTS):
        if start < 0:
            return
        end = start + 1
        try:
            found, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            pass
        else:
            if isinstance(found, dict):
                yield found
        start = text.find("{", end)


def _list(whole: Mapping[str, object], key: str) -> list[object]:
    found = whole.get(key)
    if not isinstance(found, list):
        raise Unreadable
    return found[:_MOST_ITEMS]


def _items(listed: list[object], type_: type[Item]) -> list[Item]:
    """The items of the right form. A number may be written as a text, and the other way round."""
    kept: list[Item] = []
    for one in listed:
        try:
            kept.append(msgspec.convert(one, type_, strict=False))
        except (msgspec.ValidationError, RecursionError):
            continue
    return kept
