"""The list of calls: filtered by what stands in the address, newest first, and as a file.

What may stand there is in `analytics/call_choice.py`, the same as the options of `penstock logs`. Pages go back in time
by where the last one ended, so that the hundredth is as quick as the first.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlencode

import msgspec

from penstock.analytics.call_choice import WORDS, chosen_calls, is_word
from penstock.analytics.no_calls import why_none
from penstock.analytics.parameters import BadParameter
from penstock.calls.log_record import LogRecord, log_record
from penstock.management.open_ledger import reading
from penstock.management.problem import invalid, not_found
from penstock.management.resources import Resources
from penstock.pages.dashboard.cutting import brief
from penstock.pages.dashboard.lists import (
    BEFORE,
    Chip,
    Place,
    address,
    chips,
    filters,
    is_from_form,
    place_behind,
    read_place,
)
from penstock.pages.dashboard.page import FILE, Done, Download, Visit, page, pages
from penstock.pricing.units import to_usd
from penstock.stores.ledger import CallRow, LedgerReader, Query

_COLUMN: Final = "column"
_PAGE: Final = 50
_BATCH: Final = 1000
MOST_EXPORTED: Final = 100_000
"""Rows of a file."""

_CELL: Final = 160  # characters of a path, or of a word of metadata

Level = str  # of a row: `good`, `warn`, `bad`

COLUMNS: Final[Mapping[str, str]] = {
    "time": "Time",
    "status": "Status",
    "operation": "Operation",
    "model": "Model",
    "tokens": "Tokens",
    "cost": "Cost",
    "duration": "Duration",
    "first_byte": "First byte",
    "gateway": "Gateway",
    "user": "User",
    "token": "Token",
    "metadata": "Metadata",
    "path": "Path",
    "size": "Size",
}
"""What a row can show, and how that is headed."""

LOOKED_AT: Final = 300_000
"""Calls that a page looks at one by one, where its filters are ones of which nothing is counted."""

_COUNTED: Final = 50_000
"""The same, to tell how many there are in all."""

_SHOWN: Final = ("time", "status", "operation", "model", "tokens", "cost", "duration", "path")


class Row(msgspec.Struct, frozen=True):
    """A call in a list. Money in USD, times in milliseconds; None is unknown."""

    id: str
    created_us: int
    level: Level
    status: str
    operation: str
    provider: str
    model: str
    tokens_in: int | None
    tokens_out: int | None
    estimated: bool
    cost: float | None
    duration: float
    first_byte: float | None
    gateway: str
    user: str
    token: str
    metadata: dict[str, str]
    path: str
    size: int
    cached: bool


class Logs(msgspec.Struct, frozen=True):
    """`older` and `newest` are addresses, empty where there is nothing there. `total` None: it was not counted."""

    rows: tuple[Row, ...]
    chips: tuple[Chip, ...]
    columns: tuple[str, ...]
    all_columns: dict[str, str]
    total: int | None
    looked_at: int  # calls, one by one, where there are older ones that were not looked at; else 0
    older: str
    newest: str
    wrong: str
    none: str  # why there are none, where a word of the filters is the reason
    words: tuple[str, ...]
    query: str


@page("/accounts/{account}/logs", "logs.html", permission="metadata_read", title="Logs")
def logs(resources: Resources, visit: Visit) -> Logs | Done:
    """The calls that the address asks for; with a value that cannot be, none, and what is wrong with it."""
    given, kept = filters(visit.query, is_word), _columns(visit)
    if is_from_form(visit.query):
        return Done(address([*given, *kept]))
    wrong = ""
    try:
        where = chosen(visit)
    except BadParameter as error:
        where, wrong = None, str(error)
    found = _Found() if where is None else _found(resources, visit, where)
    columns = tuple(name for name in COLUMNS if (_COLUMN, name) in kept) or _SHOWN
    return Logs(
        rows=tuple(map(row_of, found.rows)),
        chips=tuple(chips(given, kept)),
        columns=columns,
        all_columns=dict(COLUMNS),
        total=found.total,
        looked_at=LOOKED_AT if found.is_cut else 0,
        older=address([*given, *kept, (BEFORE, found.behind)]) if found.behind else "",
        newest=address([*given, *kept]) if visit.given(BEFORE) else "",
        wrong=wrong,
        none="" if where is None or found.rows or found.is_cut else _why_none(resources, visit, given),
        words=tuple(word for word in WORDS if word not in ("since", "until")),
        query=urlencode(given),
    )


@page("/accounts/{account}/logs.csv", FILE, permission="metadata_read", title="Logs")
def logs_csv(resources: Resources, visit: Visit) -> Download:
    """The calls as a table for spreadsheets, the newest first."""
    return Download("penstock-logs.csv", "text/csv; charset=utf-8", _csv(_exported(resources, visit)))


@page("/accounts/{account}/logs.ndjson", FILE, permission="metadata_read", title="Logs")
def logs_ndjson(resources: Resources, visit: Visit) -> Download:
    """The calls as log records, one a line."""
    lines = (msgspec.json.encode(record) + b"\n" for record in _exported(resources, visit))
    return Download("penstock-logs.ndjson", "application/x-ndjson", lines)


def chosen(visit: Visit) -> Query:
    """Which calls the address asks for, of those that may be seen. Raises `BadParameter`, `ManagementError` 404."""
    return _narrowed(chosen_calls(visit.query, visit.account, visit.now_us).query, visit)


def _narrowed(query: Query, visit: Visit) -> Query:
    allowed = visit.caller.gateways("metadata_read", visit.account)
    if allowed is None:
        return query
    gateways = tuple(one for one in query.gateways or allowed if one in allowed)
    if not gateways:
        raise not_found("gateway")
    return msgspec.structs.replace(query, gateways=gateways)


def _why_none(resources: Resources, visit: Visit, given: Sequence[tuple[str, str]]) -> str:
    """A sentence; empty where no word is the reason."""
    seen = _narrowed(Query(account=visit.account), visit)
    with reading(resources) as ledger:
        text = "" if ledger is None or not given else why_none(ledger, given, None, seen).text
    return text[:1].upper() + text[1:]


def _columns(visit: Visit) -> list[tuple[str, str]]:
    """The columns that the address asks for; none where these are the usual ones."""
    kept = [pair for pair in visit.query if pair[0] == _COLUMN and pair[1] in COLUMNS]
    return [] if tuple(name for _, name in kept) == _SHOWN else kept


def row_of(row: CallRow) -> Row:
    """A call as lists show it."""
    told = ("complete", "refused")  # a refusal's status says it all
    ended = "" if row.outcome in told else f" {row.outcome.replace('_', ' ')}"
    return Row(
        id=row.id,
        created_us=row.created_us,
        level=level(row),
        status=f"{row.status_code}{ended}",
        operation=row.operation.removeprefix(f"{row.provider}."),
        provider=row.provider,
        model=(row.model or "").removeprefix(f"{row.provider}/"),
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        estimated=row.estimated,
        cost=None if row.cost_nano is None else to_usd(row.cost_nano),
        duration=row.duration_us / 1000,
        first_byte=None if row.first_byte_us is None else row.first_byte_us / 1000,
        gateway=row.gateway,
        user=row.user,
        token=row.token,
        metadata={brief(name, _CELL): brief(str(value), _CELL) for name, value in row.metadata.items()},
        path=brief(f"{row.method} {row.path}", _CELL),
        size=row.response_size,
        cached=row.cached,
    )


def level(row: CallRow) -> Level:
    """Good, or what the client could change, or what went wrong."""
    if row.success:
        return "good"
    return "warn" if 400 <= row.status_code < 500 or row.outcome == "abandoned" else "bad"


# -- reading


class _Found(NamedTuple):
    """A page; where the next one begins, empty where there is none; how many there are in all, None where they were not
    counted; and whether there are calls that were not looked at, though the page has room.
    """

    rows: Sequence[CallRow] = ()
    behind: str = ""
    total: int | None = 0
    is_cut: bool = False


def _found(resources: Resources, visit: Visit, where: Query) -> _Found:
    place = _began(visit)
    near = msgspec.structs.replace(where, until_us=place.until(where.until_us))
    with reading(resources) as ledger:
        if ledger is None:
            return _Found()
        rows, looked_to = ledger.newest(near, _PAGE + 1, place.skipped, LOOKED_AT)
        moments = [row.created_us for row in rows[:_PAGE]]
        if len(rows) > _PAGE:
            return _Found(rows[:_PAGE], place_behind(moments, place), ledger.count(where, effort=_COUNTED))
        if looked_to is not None:
            return _Found(rows, place_behind(moments, place, looked_to), None, is_cut=True)
        if place == Place(None, 0):
            return _Found(rows, "", len(rows))  # these are all: to count them would cost the same again
        return _Found(rows, "", ledger.count(where, effort=_COUNTED))


def _began(visit: Visit) -> Place:
    return read_place(visit.given(BEFORE))


def _batch(ledger: LedgerReader, where: Query, place: Place, limit: int) -> list[CallRow]:
    where = msgspec.structs.replace(where, until_us=place.until(where.until_us))
    return ledger.calls(where, limit, offset=place.skipped)


def _exported(resources: Resources, visit: Visit) -> Iterator[LogRecord]:
    """Batch by batch, each with a reader of its own: who takes them slowly holds no ledger open."""
    try:
        where = chosen(visit)
    except BadParameter as error:
        raise invalid(str(error), "query", error.parameter) from None
    return _records(resources, where)


def _records(resources: Resources, where: Query) -> Iterator[LogRecord]:
    place, left = Place(None, 0), MOST_EXPORTED
    while left > 0:
        with reading(resources) as ledger:
            rows = [] if ledger is None else _batch(ledger, where, place, min(_BATCH, left))
        yield from map(log_record, rows)
        left -= len(rows)
        if len(rows) < _BATCH:
            return
        place = read_place(place_behind([row.created_us for row in rows], place))


# -- a table for spreadsheets

_CSV: Final = (
    "id", "created_at", "gateway", "provider", "model", "operation", "method", "path", "status_code", "outcome",
    "success", "cached", "duration", "tokens_in", "tokens_out", "cost", "price_source", "token", "user", "team",
    "error_code", "error_detail", "provider_error",
)  # fmt: skip
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a formula of a cell, also in the full width of East Asian keyboards."""


def _csv(records: Iterator[LogRecord]) -> Iterator[bytes]:
    yield _line([*_CSV, "metadata"])
    for record in records:
        metadata = msgspec.json.encode(record.metadata).decode() if record.metadata else ""
        yield _line([*(getattr(record, name) for name in _CSV), metadata])


def _line(values: Sequence[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow([_cell(value) for value in values])
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: object) -> object:
    """Text that a spreadsheet would take for a formula is marked as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


PAGES = pages(logs, logs_csv, logs_ndjson)
