"""A `Condition` as SQL: which calls fit (over `calls c`), and which zones may hold one (over `zones z`).

Numbers stand in the SQL as they are, texts are named parameters; `:low` and `:high` bound the blocks that are
asked about, and `:shelves` (put in as text) are theirs. Numbers and times are in `filter_numbers.py`, a
whole `Query` is in `query.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from penstock.stores.condition_values import as_text, flag, number, parts
from penstock.stores.ledger import FILTERED, Condition, UnfitCondition
from penstock.stores.sqlite.ledger.fields import FIELDS, PATH_NAME, UNKNOWN
from penstock.stores.sqlite.ledger.filter_ids import Ids, blobs, holding, ids_of, keys_of, zones_of_events
from penstock.stores.sqlite.ledger.keys import Span

Value = str | int | bytes

_COLUMNS: Final = {key: column.name for key, column in FILTERED.items()}
_FLAGS: Final = ("success", "cached", "authentication", "compatibilityMode")
_METADATA: Final = ("metadata.key", "metadata.value")
_FEW: Final = 4  # so many looks into a text cost no more than unpacking it
_SIGNS: Final = {"lt": "<", "gt": ">"}

_from_json = msgspec.json.Decoder(str | int | float | bool).decode


class Test(NamedTuple):
    """A condition. `zones` is None where any zone may hold a call that fits."""

    rows: str
    zones: str | None = None
    counted: str | None = None  # a condition over `zone_values v`: those that fit, as zones count them
    others: bool = False  # those that fit are all but the counted
    span: Span | None = None  # where calls that fit must be
    keys: str | None = None  # a query for the few keys of calls that may fit


class Filter:
    """Makes tests of conditions. `values` are the parameters that the tests need."""

    def __init__(self, db: sqlite3.Connection, places: Iterable[int]) -> None:
        self._db = db
        self._places = listed(places)
        self.values: dict[str, Value] = {}

    def names(self, condition: Condition) -> Test:
        """Of a field whose texts are names."""
        _no_order(condition)
        return self._among(condition, listed(self._numbers(condition)))

    def flags(self, condition: Condition) -> Test:
        """Of a field that is true or false."""
        _no_order(condition)
        _no_part(condition)
        return self._among(condition, listed(map(_stored_flag, flags_of(condition))))

    def few_numbers(self, condition: Condition) -> Test:
        """Of a number that has few values: status, feedback."""
        _no_part(condition)
        given = [number(condition, value) for value in condition.values]
        sign = _SIGNS.get(condition.operator)
        if sign is None:
            return self._among(condition, listed(UNKNOWN if value is None else value for value in given))
        bounds = " OR ".join(f"{{value}} {sign} {value}" for value in known(condition, given)) or "0"
        return self._counted(condition, f"({{value}} > {UNKNOWN} AND ({bounds}))", sure=True)

    def ids(self, condition: Condition) -> Test:
        """Of a call's id."""
        _no_order(condition)
        if condition.operator == "contains":
            return _any_of([holding(part) for part in parts(condition)])
        ids = ids_of(condition)
        if condition.operator == "neq":
            return Test(f"c.id NOT IN ({blobs(ids)})")
        return Test(f"c.id IN ({blobs(ids)})", keys=keys_of(ids))

    def event_ids(self, condition: Condition) -> Test:
        """Of an event's id, which is most often that of the call."""
        _no_order(condition)
        if condition.operator == "contains":
            found = [one for part in parts(condition) for one in (holding(part), self._events(part))]
            own = [Ids(f"(c.event_id IS NULL AND {one.rows})", one.zones) for one in found[::2]]
            return _any_of([*own, *found[1::2]])
        ids = ids_of(condition)
        events = ", ".join(self._bound(value) for value in condition.values if isinstance(value, str))
        rows = f"(coalesce(c.event_id IN ({events}), 0) OR (c.event_id IS NULL AND c.id IN ({blobs(ids)})))"
        if condition.operator == "neq":
            return Test(f"NOT {rows}")
        of_events = f"SELECT key FROM calls WHERE event_id IN ({events})"
        return Test(rows, keys=f"{of_events} UNION {keys_of(ids)}")

    def constant(self, condition: Condition, given: Iterable[object], value: bool | None) -> Test:
        """Of a field that is the same for every call."""
        _no_order(condition)
        if value is not None:
            _no_part(condition)
        fits = condition.operator != "contains" and (value in list(given)) != (condition.operator == "neq")
        return Test(str(int(fits)), str(int(fits)))

    def search(self, text: str) -> Test:
        """Part of any of the texts that people look for."""
        part = text.casefold()
        found = [holding(part), self._events(part)]
        for field in ("provider", "model", "user_agent", *_METADATA):
            numbers = listed(self._containing(field, [part]))
            found.append(Ids(self._matches(field, numbers), self._zones(field, numbers)))
        usual = listed(self._containing("path", [part]))
        path = f"({PATH_NAME} IN ({usual}) OR {self._holds('c.path', part)})"
        found.append(
            Ids(f"coalesce({path}, 0)", self._zones("path", listed([usual, UNKNOWN] if usual else [UNKNOWN])))
        )
        return _any_of(found)

    def _events(self, part: str) -> Ids:
        """Calls with an event's id of their own that contains a part."""
        holds = self._holds("e.event_id", part)
        return Ids(self._holds("c.event_id", part), zones_of_events(holds))

    def _zones(self, field: str, numbers: str) -> str:
        """Zones that count a call with one of some names in a field."""
        fits = f"v.place IN ({self._places}) AND v.field = {FIELDS[field]} AND v.value IN ({numbers})"
        return _zones_of(fits)

    def _among(self, condition: Condition, numbers: str) -> Test:
        # Zones count a call once for each of its metadata: only one at a time adds up.
        sure = condition.key not in _METADATA or "," not in numbers
        return self._counted(condition, f"{{value}} IN ({numbers})", sure=sure, numbers=numbers)

    def _counted(self, condition: Condition, fits: str, *, sure: bool, numbers: str | None = None) -> Test:
        """`fits` is the condition, with `{value}` in it."""
        column = _COLUMNS.get(condition.key, condition.key)
        if condition.key in _METADATA and numbers is not None:
            rows = self._matches(condition.key, numbers)
        else:
            rows = fits.format(value=f"coalesce(c.{column}, {UNKNOWN})")
        counted = (
            f"v.place IN ({self._places}) AND v.field = {FIELDS[column]} AND {fits.format(value='v.value')}"
        )
        if condition.operator == "neq":
            same = "v.place = z.place AND v.shelf = z.shelf AND v.block = z.block"
            some = f"SELECT sum(v.calls) FROM zone_values v WHERE {counted} AND {same}"
            zones = f"z.calls > coalesce(({some}), 0)" if sure else None
            return Test(f"NOT {rows}", zones, counted if sure else None, others=True)
        return Test(rows, _zones_of(counted), counted if sure else None)

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

    def _numbers(self, condition: Condition) -> list[int]:
        """The names that a condition is about."""
        if condition.operator == "contains":
            return self._containing(condition.key, parts(condition))
        texts = [as_text(value) for value in condition.values if value is not None]
        numbers = [UNKNOWN] * (None in condition.values)
        if condition.key in _METADATA:
            return numbers + self._named(condition.key, _json_forms(texts))
        numbers += [UNKNOWN] * ("" in texts)  # which is how such a field is kept when it is empty
        if condition.key == "model" and (bare := {text for text in texts if text and "/" not in text}):
            numbers += [number for number, text in self._all(condition.key) if text.partition("/")[2] in bare]
        return numbers + self._named(condition.key, texts)

    def _named(self, field: str, texts: Iterable[str]) -> list[int]:
        sql = "SELECT id FROM names WHERE field = ? AND text = ?"
        rows = (self._db.execute(sql, (FIELDS[field], text)).fetchone() for text in texts)
        return [row[0] for row in rows if row]

    def _containing(self, field: str, wanted: list[str]) -> list[int]:
        found = []
        for number_, text in self._all(field):
            shown = as_text(_from_json(text)) if field in _METADATA else text
            if any(part in shown.casefold() for part in wanted):
                found.append(number_)
        return found

    def _all(self, field: str) -> list[tuple[int, str]]:
        sql = "SELECT id, text FROM names WHERE field = ?"
        return self._db.execute(sql, (FIELDS[field],)).fetchall()

    def _holds(self, sql: str, part: str) -> str:
        return f"coalesce(holds({sql}, {self._bound(part)}), 0)"

    def _bound(self, value: Value) -> str:
        name = f"value{len(self.values)}"
        self.values[name] = value
        return f":{name}"


def value_test(column: str, value: int, places: str) -> Test:
    """Whether a call has one value, or `UNKNOWN`, in a column that zones count."""
    counted = f"v.place IN ({places}) AND v.field = {FIELDS[column]} AND v.value = {value}"
    return Test(f"coalesce(c.{column}, {UNKNOWN}) = {value}", _zones_of(counted), counted)


def known(condition: Condition, given: Iterable[object]) -> list[object]:
    """Values to compare with. Raises `UnfitCondition` where one is unknown."""
    found = list(given)
    if None in found:
        raise UnfitCondition(f"`{condition.operator}` wants a value for {condition.key}, not null")
    return found


def listed(numbers: Iterable[object]) -> str:
    """For an IN."""
    return ", ".join(map(str, numbers))


def flags_of(condition: Condition) -> list[bool | None]:
    """The values as flags."""
    return [flag(condition, value) for value in condition.values]


def _zones_of(counted: str) -> str:
    within = f"{counted} AND v.shelf IN (:shelves) AND v.block >= :low AND v.block < :high"
    return f"(z.place, z.block) IN (SELECT v.place, v.block FROM zone_values v WHERE {within})"


def _no_order(condition: Condition) -> None:
    if condition.operator in _SIGNS:
        raise UnfitCondition(
            f"`{condition.operator}` is for numbers and times, and {condition.key} is neither"
        )


def _no_part(condition: Condition) -> None:
    if condition.operator == "contains":
        raise UnfitCondition(f"`contains` is for texts, and {condition.key} is none")


def _stored_flag(value: bool | None) -> int:
    return UNKNOWN if value is None else int(value)


def _any_of(found: Sequence[Ids]) -> Test:
    zones = [one.zones for one in found if one.zones is not None]
    return Test(
        f"({' OR '.join(one.rows for one in found) or '0'})",
        f"({' OR '.join(zones) or '0'})" if len(zones) == len(found) else None,
    )


def _json_forms(texts: Iterable[str]) -> list[str]:
    """How values that read like these may stand in JSON: as a text, a number, true."""
    forms = []
    for text in texts:
        forms.append(msgspec.json.encode(text).decode())
        forms += [form for form in (text, f"{text}.0") if _reads_as(form, text)]
    return forms


def _reads_as(form: str, text: str) -> bool:
    try:
        value = _from_json(form)
    except msgspec.MsgspecError:
        return False
    return not isinstance(value, str) and as_text(value) == text
