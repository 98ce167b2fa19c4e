"""Predicates: what can be asked of a call, as a tree, in the units in which calls are kept. Pure.

They speak of columns as `CallRow` names them, of metadata and of numbers of many values under their `ledger.Key`, in
whole micro- and nano-units: what people may write in several ways is one way here. What a filter means as a predicate
is in `filters.py`; how calls that fit are found is the engine's, which prints predicates in its own language.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

MetadataField = Literal["metadata.key", "metadata.value"]


class Always(msgspec.Struct, frozen=True):
    """Every call, or none."""

    fits: bool


class Text(msgspec.Struct, frozen=True):
    """The text is one of these, letter by letter. `bare` are models of any provider, named without it."""

    field: str
    values: tuple[str, ...]
    unknown: bool = False  # or there is none; an empty one is none
    bare: tuple[str, ...] = ()


class Metadata(msgspec.Struct, frozen=True):
    """One of the call's own keys, or values, is one of these JSON texts: 1, 1.0 and "1" are three."""

    field: MetadataField
    forms: tuple[str, ...]
    unknown: bool = False  # or it has no metadata


class Part(msgspec.Struct, frozen=True):
    """The text contains one of these, which are in lower case; of a call's metadata any. What is unknown does not."""

    field: str  # a `MetadataField` among them
    parts: tuple[str, ...]


class Flag(msgspec.Struct, frozen=True):
    """The flag is one of these. No call is without."""

    field: str
    values: tuple[bool, ...]


class Among(msgspec.Struct, frozen=True):
    """The number is one of these; for numbers of which there are few."""

    field: str
    values: tuple[Decimal, ...]
    unknown: bool = False


class Beyond(msgspec.Struct, frozen=True):
    """The number is known, and less or greater than this."""

    field: str
    side: Literal["lt", "gt"]
    limit: Decimal


class Range(NamedTuple):
    """Whole numbers from `least` to `most`, both included. None: as far as they go."""

    least: int | None
    most: int | None


class Within(msgspec.Struct, frozen=True):
    """The number, in nano-dollars, microseconds or tokens, is in one of these. `tokens` are in and out, if both are."""

    field: str
    ranges: tuple[Range, ...]
    unknown: bool = False


class Moments(NamedTuple):
    """Microseconds from `since_us` up to `until_us`, which is not included. None: as far as they go."""

    since_us: int | None
    until_us: int | None


class Began(msgspec.Struct, frozen=True):
    """The call began in one of these spans."""

    spans: tuple[Moments, ...]


class Id(msgspec.Struct, frozen=True):
    """The call's id is one of these, which are in lower case."""

    ids: tuple[str, ...]


class IdPart(msgspec.Struct, frozen=True):
    """The id of the call, or of its event, contains one of these, which are in lower case."""

    field: Literal["id", "event_id"]
    parts: tuple[str, ...]


class EventId(msgspec.Struct, frozen=True):
    """The event's id is one of `exact`; or it is the call's own, and one of `ids`, which are in lower case."""

    exact: tuple[str, ...]
    ids: tuple[str, ...]


class Search(msgspec.Struct, frozen=True):
    """One of the texts that people look for contains this, which is in lower case (`ledger.Query.search`)."""

    part: str


class Not(msgspec.Struct, frozen=True):
    """Every other call."""

    of: Predicate


class AnyOf(msgspec.Struct, frozen=True):
    """Whatever fits one of these."""

    of: tuple[Predicate, ...]


Predicate = (
    Always | Text | Metadata | Part | Flag | Among | Beyond | Within | Began | Id | IdPart | EventId | Search
    | Not | AnyOf
)  # fmt: skip
