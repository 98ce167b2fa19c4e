"""The parameter `filters` of a query, in all the ways that clients write it (Cloudflare 4.1).

Gives plain JSON, one object a filter. Whether a filter makes sense is the business of
`control/log_filters.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from penstock.management.log_filters.columns import from_columns
from penstock.management.problem import invalid

Pairs = Sequence[tuple[str, str]]

# filters · filters[] · filters[0] · filters.key · filters[key] · filters[0][value][] · filters.0.value.1 …
_NAME = re.compile(
    r"filters(?:\[(?P<bracketed>\d{0,6})\]|\.(?P<dotted>\d{1,6}))?"
    r"(?:\.(?P<field>\w+)|\[(?P<bracketed_field>\w+)\])?(?:\[\d{0,6}\]|\.\d{1,6})?"
)
_FIELDS = ("key", "operator", "value")


class _Piece(NamedTuple):
    """One parameter. `number` is None, and `field` empty, where the name has none."""

    number: int | None
    field: str
    value: str


class _Group:
    """A filter whose fields come one by one."""

    def __init__(self) -> None:
        self.fields: dict[str, object] = {}
        self.values: list[str | None] = []
        self._last = ""

    def ends_before(self, field: str) -> bool:
        """Whether this field belongs to the next filter: it is here already, and not as one more value."""
        if field == "value":
            return bool(self.values) and self._last != "value"
        return field in self.fields

    def add(self, field: str, value: str) -> None:
        """One more field, or one more value. The empty value is how clients write null."""
        self._last = field
        if field == "value":
            self.values.append(value or None)
        else:
            self.fields[field] = value

    def whole(self) -> dict[str, object]:
        """As JSON. Without any value: null, which some clients leave out."""
        return {**self.fields, "value": self.values or [None]}


def split_filters(query: Pairs) -> tuple[list[object], Pairs]:
    """The filters of a query, and what else is in it. Raises `ManagementError` 400."""
    pieces: list[_Piece] = []
    rest: list[tuple[str, str]] = []
    for name, value in query:
        match = _NAME.fullmatch(name) if name.startswith("filters") else None
        if match is None:
            rest.append((name, value))
        else:
            pieces.append(_piece(match, value))
    numbered = any(piece.number is not None for piece in pieces)
    return list(_by_number(pieces) if numbered else _in_order(pieces)), rest


def _piece(match: re.Match[str], value: str) -> _Piece:
    index = match["bracketed"] or match["dotted"]
    field = match["field"] or match["bracketed_field"] or ""
    if field and field not in _FIELDS:
        raise invalid(f"a filter has no {field!r}, only key, operator and value", "query", match[0])
    return _Piece(int(index) if index else None, field, value)


def _by_number(pieces: Iterable[_Piece]) -> Iterator[object]:
    groups: dict[int, list[_Piece]] = {}
    for piece in pieces:
        groups.setdefault(piece.number or 0, []).append(piece)
    for number in sorted(groups):
        yield from _in_order(groups[number])


def _in_order(pieces: Sequence[_Piece]) -> Iterator[object]:
    """Filters without numbers."""
    for piece in pieces:
        if not piece.field:
            yield from _from_json(piece.value)
    fields = [piece for piece in pieces if piece.field]
    runs = [field for field, _ in groupby(piece.field for piece in fields)]
    if runs.count("key") == runs.count("operator") == 1 and runs.count("value") <= 1:
        yield from from_columns(*(_column(fields, name) for name in _FIELDS))
    else:
        yield from _in_groups(fields)


def _column(fields: Iterable[_Piece], name: str) -> list[str]:
    # The empty value is how some clients write null, where others write nothing.
    return [piece.value for piece in fields if piece.field == name and (piece.value or name != "value")]


def _in_groups(fields: Iterable[_Piece]) -> Iterator[object]:
    """Filters one after the other, told apart by where a field comes again."""
    group = _Group()
    for piece in fields:
        if group.ends_before(piece.field):
            yield group.whole()
            group = _Group()
        group.add(piece.field, piece.value)
    if group.fields or group.values:
        yield group.whole()


def _from_json(text: str) -> list[object]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise invalid(f"filters is not JSON: {error}", "query", "filters") from None
    return found if isinstance(found, list) else [found]
