"""A call as a row of the SQLite ledger: made out of a `NewCall`, and read back as a `CallRow`.

Texts that come again and again are numbers (`names.py`). Bodies are rows of their own.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from penstock.journal.record import Event, Outcome
from penstock.metadata import MetadataValue
from penstock.stores.ledger import Bodies, CallRow, NewCall
from penstock.stores.rollup_counts import succeeded
from penstock.stores.sqlite.ledger.fields import TEXTS
from penstock.stores.sqlite.ledger.keys import created_us, unpacked
from penstock.stores.sqlite.ledger.names import Names, texts

Value = str | int | float | bytes | None

# What `sqlite3` gives for a row: its own typing has Any here, and `calls` is where that ends.
Row = tuple[Any, ...]

_COLUMNS: Final = (
    "key", "id", "arrival", "place", "provider", "model", "model_type", "request_type", "request_content_type",
    "response_content_type", "user_agent", "token", "user", "status_code", "success", "cached",
    "authenticated", "compat", "cost_nano", "duration_us", "tokens_in", "tokens_out", "metadata", "event_id",
    "path", "method", "outcome", "step", "first_byte_us", "usage_metadata", "price_source", "custom_cost",
    "attempts", "stored_key", "team", "request_size", "response_size", "request_encoding",
    "response_encoding", "controls", "error_code", "error_detail", "trail",
)  # fmt: skip
INSERT: Final = (
    f"INSERT INTO calls ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "
    "ON CONFLICT (key) DO NOTHING"
)
INSERT_BODIES: Final = "INSERT INTO bodies VALUES (?, ?, ?, ?)"
COLUMNS: Final = ", ".join(f"c.{name}" for name in (*_COLUMNS, "feedback", "score"))
"""What `calls` wants of each row of `calls c`."""

REQUEST_CUT, RESPONSE_CUT, REQUEST_DEFLATED, RESPONSE_DEFLATED = 1, 2, 4, 8

_COMPRESS_FROM: Final = (
    4096  # bytes; below it, compressing costs more than storing both bodies and saves under 2 kB
)
_MOST_METADATA: Final = 50_000
_MOST_PATH: Final = 80
_MOST_DIGITS: Final = 8  # in one part of a path: a model may have a date in it
_PATH: Final = _COLUMNS.index("path")
_METADATA: Final = _COLUMNS.index("metadata")
_IN_ROW: Final = [field for field in TEXTS if field in _COLUMNS and field != "path"]
_NAMED: Final = tuple(map(_COLUMNS.index, _IN_ROW))

_OUTCOMES: Final = {int(outcome): outcome.name.lower() for outcome in Outcome}
_to_json = msgspec.json.Encoder().encode
_to_usage = msgspec.json.Decoder(dict[str, int | str]).decode
_to_controls = msgspec.json.Decoder(dict[str, str]).decode
_to_value = msgspec.json.Decoder(MetadataValue).decode
_pack = msgspec.msgpack.Encoder().encode
_to_trail = msgspec.msgpack.Decoder(tuple[Event, ...]).decode


class RowMaker:
    """Makes rows. Within a transaction: new names are stored with it."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._known = [names.known[field] for field in _IN_ROW]
        self._metadata: dict[bytes, str] = {}

    def row(self, call: NewCall, key: int, packed_id: bytes, arrival: int) -> tuple[Value, ...]:
        """The values of `INSERT`."""
        try:
            return self._row(call, key, packed_id, arrival)
        except KeyError:
            self._learn(call)
            return self._row(call, key, packed_id, arrival)

    def place(self, call: NewCall) -> int:
        """The number of a call's place."""
        return self._names.place(call.record.account, call.record.gateway)

    def metadata(self, metadata: dict[str, MetadataValue]) -> str | None:
        """Numbers of keys and values in turn, each between commas, so that one can be looked for as text."""
        if not metadata:
            return None
        told = _to_json(metadata)
        text = self._metadata.get(told)
        if text is None:
            if len(self._metadata) > _MOST_METADATA:
                self._metadata.clear()
            text = self._metadata[told] = self._numbers(metadata)
        return text

    def _numbers(self, metadata: dict[str, MetadataValue]) -> str:
        numbers = []
        for key, value in metadata.items():
            # As JSON, for 1, "1" and true are not the same.
            numbers.append(self._names.number("metadata.key", _to_json(key).decode()))
            numbers.append(self._names.number("metadata.value", _to_json(value).decode()))
        return f",{','.join(map(str, numbers))},"

    def _path(self, path: str) -> int | str | None:
        """A number for a path that others have, too; the path itself where it has ids or a query in it."""
        known = self._names.known["path"]
        if path in known:
            return known[path]
        return self._names.number("path", path) if _is_usual(path) else path

    def _learn(self, call: NewCall) -> None:
        """Numbers for all texts of a call."""
        for field, text in _texts(call):
            if text is not None:
                self._names.number(field, text)

    def _row(self, call: NewCall, key: int, packed_id: bytes, arrival: int) -> tuple[Value, ...]:
        record, derived = call.record, call.derived
        provider, model, model_type, request_type, asked, answered, *rest = self._known
        agent, token, user, method, source, stored_key, team, asked_encoding, answered_encoding = rest
        return (
            key,
            packed_id,
            arrival,
            self._names.place(record.account, record.gateway),
            provider[record.provider],
            model[derived.model],
            model_type[derived.model_type],
            request_type[derived.request_type],
            asked[record.request_type],
            answered[record.response_type],
            agent[record.user_agent],
            token[record.token],
            user[record.user],
            record.status,
            succeeded(record),
            record.cached,
            record.authenticated,
            record.compat,
            derived.cost_nano,
            record.duration_us,
            derived.tokens_in,
            derived.tokens_out,
            self.metadata(record.metadata),
            None if record.event_id == record.id else record.event_id,
            self._path(record.path),
            method[record.method],
            record.outcome,
            record.step,
            record.first_byte_us,
            derived.usage,
            source[derived.price_source],
            derived.custom_cost,
            record.attempts,
            stored_key[record.stored_key],
            team[record.team],
            record.request_size,
            record.response_size,
            asked_encoding[record.request_encoding],
            answered_encoding[record.response_encoding],
            _to_json(record.controls).decode() if record.controls else None,
            record.error_code,
            record.error_detail or None,
            _pack(record.trail) if record.trail else None,
        )


def body_row(call: NewCall, key: int) -> tuple[Value, ...]:
    """The values of `INSERT_BODIES`."""
    record = call.record
    request = _compressed(call.request, record.request_encoding)
    response = _compressed(call.response, record.response_encoding)
    form = record.request_cut * REQUEST_CUT | record.response_cut * RESPONSE_CUT
    form |= (request is not None) * REQUEST_DEFLATED | (response is not None) * RESPONSE_DEFLATED
    return (
        key,
        form,
        call.request if request is None else request,
        call.response if response is None else response,
    )


def bodies(form: int, request: bytes, response: bytes) -> Bodies:
    """The bodies of a row."""
    return Bodies(
        zlib.decompress(request) if form & REQUEST_DEFLATED else request,
        zlib.decompress(response) if form & RESPONSE_DEFLATED else response,
        bool(form & REQUEST_CUT),
        bool(form & RESPONSE_CUT),
    )


def calls(db: sqlite3.Connection, rows: Sequence[Row], places: dict[int, tuple[str, str]]) -> list[CallRow]:
    """The calls of some rows of `COLUMNS`."""
    numbers = {row[column] for row in rows for column in _NAMED}
    metadata = [_split(row[_METADATA]) for row in rows]
    numbers.update(row[_PATH] for row in rows if isinstance(row[_PATH], int))
    numbers.update(number for pairs in metadata for number in pairs)
    numbers.discard(None)
    names: dict[int | None, str] = {None: "", **dict(texts(db, numbers).items())}
    return [_call(row, names, places, pairs) for row, pairs in zip(rows, metadata, strict=True)]


def _split(metadata: str | None) -> list[int]:
    return [] if metadata is None else list(map(int, metadata[1:-1].split(",")))


def _call(
    row: Row, names: dict[int | None, str], places: dict[int, tuple[str, str]], pairs: Sequence[int]
) -> CallRow:
    (
        key, packed_id, arrival, place, provider, model, model_type, request_type, request_content_type,
        response_content_type, user_agent, token, user, status_code, success, cached, authenticated, compat,
        cost_nano, duration_us, tokens_in, tokens_out, _, event_id, path, method, outcome, step,
        first_byte_us, usage, price_source, custom_cost, attempts, stored_key, team, request_size,
        response_size, request_encoding, response_encoding, controls, error_code, error_detail, trail,
        feedback, score,
    ) = row  # fmt: skip
    account, gateway = places[place]
    call_id = unpacked(packed_id)
    return CallRow(
        arrival, call_id, call_id if event_id is None else event_id, created_us(key), account, gateway,
        names[provider], names[model] or None, names[model_type] or None, names[request_type] or None,
        names[method], _path(path, names), status_code, _OUTCOMES.get(outcome, "unknown"), bool(success),
        bool(cached), step, bool(compat), bool(authenticated), duration_us, first_byte_us, tokens_in, tokens_out,
        None if usage is None else _to_usage(usage), cost_nano, names[price_source] or None,
        bool(custom_cost), attempts, names[stored_key], names[token], names[user], names[team],
        request_size, response_size, names[request_content_type], names[response_content_type],
        names[request_encoding], names[response_encoding], names[user_agent],
        {_to_value(names[name]): _to_value(names[value]) for name, value in _pairs(pairs)},
        {} if controls is None else _to_controls(controls), feedback, score, error_code,
        error_detail or "", () if trail is None else _to_trail(trail),
    )  # fmt: skip


def _path(path: int | str | None, names: dict[int | None, str]) -> str:
    return path if isinstance(path, str) else names[path]


def _pairs(numbers: Sequence[int]) -> Iterable[tuple[int, int]]:
    return zip(numbers[::2], numbers[1::2], strict=True)


def _compressed(body: bytes, encoding: str) -> bytes | None:
    """None where it is better left as it is. What is content-encoded is small already."""
    if len(body) < _COMPRESS_FROM or encoding:
        return None
    packed = zlib.compress(body, 1)
    return packed if len(packed) < len(body) else None


def _is_usual(path: str) -> bool:
    if len(path) > _MOST_PATH or "?" in path:
        return False
    return all(sum(map(str.isdigit, part)) <= _MOST_DIGITS for part in path.split("/"))


def _texts(call: NewCall) -> list[tuple[str, str | None]]:
    record, derived = call.record, call.derived
    return [
        ("provider", record.provider),
        ("model", derived.model),
        ("model_type", derived.model_type),
        ("request_type", derived.request_type),
        ("request_content_type", record.request_type),
        ("response_content_type", record.response_type),
        ("user_agent", record.user_agent),
        ("token", record.token),
        ("user", record.user),
        ("method", record.method),
        ("price_source", derived.price_source),
        ("stored_key", record.stored_key),
        ("team", record.team),
        ("request_encoding", record.request_encoding),
        ("response_encoding", record.response_encoding),
    ]
