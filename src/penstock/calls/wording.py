"""How an output words a call's columns: under what names, in what units.

An output lays out for itself what it has always told, in the order and the words of whoever reads it. A column that
came later, and that it does not mention, it tells by its wording, after the rest. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeVar, cast, get_type_hints

import msgspec

from penstock.metadata import MetadataValue
from penstock.pricing.units import to_usd
from penstock.stores.call_columns import Column, Kind
from penstock.stores.ledger import CALL_COLUMNS, CallRow

Record = TypeVar("Record", bound=msgspec.Struct)

# What it gives is as the field declares it, of which fields there are many: Any, as in `msgspec.structs.asdict`.
Get = Callable[[CallRow], Any]
Word = Callable[..., object]
"""From a column's value to that of an output; its annotation is the type of a later field."""

_to_json: Final = msgspec.json.Encoder().encode


class Wording(NamedTuple):
    """Names and words of one output. A kind without a word is told as it is."""

    name: Callable[[Column], str]
    words: Mapping[Kind, Word]
    columns: Sequence[Column] = CALL_COLUMNS

    def getters(self, record: type[msgspec.Struct], own: Mapping[str, Get]) -> dict[str, Get]:
        """For the fields of a record, what takes each out of a row: a column of that name, or what is given."""
        known = {**{self.name(column): self._getter(column) for column in self.columns}, **own}
        return {name: known[name] for name in record.__struct_fields__ if name in known}

    def later(self, told: Container[str]) -> dict[str, Get]:
        """The same for columns that came later; without those of the names that are told already."""
        return {self.name(column): self._getter(column) for column in self._later(told)}

    def with_later(self, record: type[Record]) -> type[Record]:
        """For a class: with fields for columns that came later, after those that it declares."""
        fields = [(self.name(column), self._type(column)) for column in self._later(record.__struct_fields__)]
        if not fields:
            return record
        more = msgspec.defstruct(
            record.__name__,
            fields,
            bases=(record,),
            module=record.__module__,
            namespace={"__doc__": record.__doc__},
            frozen=True,
            kw_only=True,
        )
        return cast(type[Record], more)

    def _later(self, told: Container[str]) -> list[Column]:
        return [column for column in self.columns if column.is_later and self.name(column) not in told]

    def _getter(self, column: Column) -> Get:
        get, word = attrgetter(column.name), self.words.get(column.kind)
        return get if word is None else lambda row: word(get(row))

    def _type(self, column: Column) -> object:
        word = self.words.get(column.kind)
        return column.hint if word is None else get_type_hints(word)["return"]


def usd(nano: int | None) -> float | None:
    """Dollars."""
    return None if nano is None else to_usd(nano)


def milliseconds(microseconds: int | None) -> float | None:
    """Not rounded."""
    return None if microseconds is None else microseconds / 1000


def plain(value: object) -> MetadataValue | None:
    """A value as text, number or flag; None where there is nothing to tell."""
    if isinstance(value, str | int | float):
        return None if value == "" else value
    return _to_json(value).decode() if value else None
