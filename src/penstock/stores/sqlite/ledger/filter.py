"""Predicates of a call printed as SQL: which calls fit (over `calls c`), which zones may hold one (over `zones z`).

Numbers stand in the SQL as they are, texts are named parameters; `:low` and `:high` bound the blocks that are
asked about, and `:shelves` lists theirs as JSON. Numbers and times are in `filter_numbers.py`, ids in
`filter_ids.py`, a whole `Query` is in `query.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from penstock.stores import predicates
from penstock.stores.filters import shown
from penstock.stores.sqlite.ledger.fields import FIELDS, PATH_NAME, UNKNOWN
from penstock.stores.sqlite.ledger.filter_ids import blobs, holding, keys_of, packed_ids, zones_of_events
from penstock.stores.sqlite.ledger.filter_numbers import began, not_within, within
from penstock.stores.sqlite.ledger.filter_sql import Test, Value, any_test, listed, zones_with

_METADATA: Final = ("metadata.key", "metadata.value")
_SEARCHED: Final = ("provider", "model", "user_agent", *_METADATA)
_FEW: Final = 4  # so many looks into a text cost no more than unpacking it
_to_json = msgspec.json.Encoder().encode
_SIGNS: Final = {"lt": "<", "gt": ">"}

_Counted = (
    predicates.Text
    | predicates.Metadata
    | predicates.Part
    | predicates.Flag
    | predicates.Among
    | predicates.Beyond
)


class _Values(NamedTuple):
    """Which values of a column fit: `numbers` for an IN; or `fits`, a condition with `{value}` in it."""

    column: str
    numbers: str | None
    fits: str


class Printer:
    """Prints predicates. `values` are the parameters that what was printed needs."""

    def __init__(self, db: sqlite3.Connection, places: Iterable[int]) -> None:
        self._db = db
        self._places = listed(places)
        self._names: dict[str, list[tuple[int, str]]] = {}  # of fields that several predicates look through
        self._folded: dict[str, list[tuple[int, str]]] = {}
        self.values: dict[str, Value] = {}

    def test(self, predicate: predicates.Predicate) -> Test:
        """Within a read transaction: names are looked up now."""
        match predicate:
            case predicates.Not(inner):
                return self._not(inner)
            case predicates.AnyOf(some):
                return any_test([self.test(one) for one in some])
            case predicates.Always(fits):
                return Test(str(int(fits)), str(int(fits)))
            case predicates.Within():
                return within(predicate)
            case predicates.Began():
                return began(predicate)
            case predicates.Id(ids):
                known = packed_ids(ids)
                return Test(f"c.id IN ({blobs(known)})", keys=keys_of(known))
            case predicates.IdPart("id", parts):
                return any_test([holding(part) for part in parts])
            case predicates.IdPart(_, parts):
                return any_test([*map(self._own_event, parts), self._events(parts)])
            case predicates.EventId():
                return self._event_ids(predicate)
            case predicates.Search(part):
                return self._search(part)
            case _:
                return self._zoned(predicate, negated=False)

    def _not(self, inner: predicates.Predicate) -> Test:
        match inner:
            case predicates.Always(fits):
                return self.test(predicates.Always(not fits))
            case predicates.Within():
                return not_within(inner)
            case _ if isinstance(inner, _Counted):
                return self._zoned(inner, negated=True)
            case _:
                return Test(f"NOT ({self.test(inner).rows})")

    # -- what zones count

    def _zoned(self, predicate: _Counted, *, negated: bool) -> Test:
        column, numbers, fits = self._fitting(predicate)
        # Zones count a call once for each of its metadata: only one at a time adds up.
        sure = column not in _METADATA or numbers is None or "," not in numbers
        if column in _METADATA and numbers is not None:
            rows = self._matches(column, numbers)
        else:
            rows = fits.format(value=f"coalesce(c.{column}, {UNKNOWN})")
        counted = (
            f"v.place IN ({self._places}) AND v.field = {FIELDS[column]} AND {fits.format(value='v.value')}"
        )
        if negated:
            same = "v.place = z.place AND v.shelf = z.shelf AND v.block = z.block"
            some = f"SELECT sum(v.calls) FROM zone_values v WHERE {counted} AND {same}"
            zones = f"z.calls > coalesce(({some}), 0)" if sure else None
            return Test(f"NOT {rows}", zones, counted if sure else None, others=True)
        return Test(rows, zones_with(counted), counted if sure else None)

    def _fitting(self, predicate: _Counted) -> _Values:
        match predicate:
            case predicates.Text(field):
                return _among(field, self._texts(predicate))
            case predicates.Metadata(field, forms, unknown):
                return _among(field, [UNKNOWN] * unknown + self._named(field, forms))
            case predicates.Part(field, parts):
                return _among(field, self._containing(field, parts))
            case predicates.Flag(field, values):
                return _among(field, map(int, values))
            case predicates.Among(field, given, unknown):
                return _among(field, [*given, *[UNKNOWN] * unknown])
            case predicates.Beyond(field, side, limit):
                return _Values(field, None, f"({{value}} > {UNKNOWN} AND {{value}} {_SIGNS[side]} {limit})")

    def _matches(self, field: str, numbers: str) -> str:
        """Whether a call has one of some names in a field."""
        if field not in _METADATA:
            return f"coalesce(c.{field}, {UNKNOWN}) IN ({numbers})"
        wanted = numbers.split(", ") if numbers else []
        unknown = "c.metadata IS NULL" if str(UNKNOWN) in wanted else "0"
        if len(wanted) <= _FEW:
            found = [f"coalesce(instr(c.metadata, ',{one},'), 0)" for one in wanted]
            return f"({' OR '.join([unknown, *found])})"
        each = f"SELECT 1 FROM json_each('[' || trim(c.metadata, ',') || ']') WHERE value IN ({numbers})"
        return f"({unknown} OR EXISTS ({each}))"

    # -- names

    def _texts(self, wanted: predicates.Text) -> list[int]:
        numbers = [UNKNOWN] * wanted.unknown + self._named(wanted.field, wanted.values)
        if wanted.bare:
            bare = frozenset(wanted.bare)
            numbers += [number for number, text in self._all(wanted.field) if text.partition("/")[2] in bare]
        return numbers

    def _named(self, field: str, texts: Iterable[str]) -> list[int]:
        sql = "SELECT id FROM names WHERE field = ? AND text = ?"
        rows = (self._db.execute(sql, (FIELDS[field], text)).fetchone() for text in texts)
        return [row[0] for row in rows if row]

    def _containing(self, field: str, parts: Iterable[str]) -> list[int]:
        wanted = tuple(dict.fromkeys(parts))
        return [number for number, text in self._all_folded(field) if any(part in text for part in wanted)]

    def _all_folded(self, field: str) -> list[tuple[int, str]]:
        """As people look for them."""
        found = self._folded.get(field)
        if found is None:
            read = shown if field in _METADATA else str
            found = [(number, read(text).casefold()) for number, text in self._all(field)]
            self._folded[field] = found
        return found

    def _all(self, field: str) -> list[tuple[int, str]]:
        found = self._names.get(field)
        if found is None:
            sql = "SELECT id, text FROM names WHERE field = ?"
            found = self._names[field] = self._db.execute(sql, (FIELDS[field],)).fetchall()
        return found

    # -- events, and what people look for

    def _event_ids(self, wanted: predicates.EventId) -> Test:
        known, events = packed_ids(wanted.ids), ", ".join(map(self._bound, wanted.exact))
        own = f"(c.event_id IS NULL AND c.id IN ({blobs(known)}))"
        of_events = f"SELECT key FROM calls WHERE event_id IN ({events})"
        return Test(
            f"(coalesce(c.event_id IN ({events}), 0) OR {own})", keys=f"{of_events} UNION {keys_of(known)}"
        )

    def _own_event(self, part: str) -> Test:
        """Calls whose event has their own id, which contains a part."""
        own = holding(part)
        return Test(f"(c.event_id IS NULL AND {own.rows})", own.zones)

    def _events(self, parts: Sequence[str]) -> Test:
        """Calls with an event's id of its own that contains one of some parts."""
        return Test(self._holds("c.event_id", parts), zones_of_events(self._holds("e.event_id", parts)))

    def _search(self, part: str) -> Test:
        found = [holding(part), self._events([part])]
        for field in _SEARCHED:
            numbers = listed(self._containing(field, [part]))
            found.append(Test(self._matches(field, numbers), self._zones(field, numbers)))
        usual = listed(self._containing("path", [part]))
        path = f"({PATH_NAME} IN ({usual}) OR {self._holds('c.path', [part])})"
        zones = self._zones("path", listed([usual, UNKNOWN] if usual else [UNKNOWN]))
        return any_test([*found, Test(f"coalesce({path}, 0)", zones)])

    def _zones(self, field: str, numbers: str) -> str:
        """Zones that count a call with one of some names in a field."""
        fits = f"v.place IN ({self._places}) AND v.field = {FIELDS[field]} AND v.value IN ({numbers})"
        return zones_with(fits)

    def _holds(self, sql: str, parts: Sequence[str]) -> str:
        """Asks once for all parts, however many there are."""
        return f"coalesce(holds({sql}, {self._bound(_to_json(parts).decode())}), 0)"

    def _bound(self, value: Value) -> str:
        name = f"value{len(self.values)}"
        self.values[name] = value
        return f":{name}"


def _among(column: str, numbers: Iterable[object]) -> _Values:
    wanted = listed(numbers)
    return _Values(column, wanted, f"{{value}} IN ({wanted})")
