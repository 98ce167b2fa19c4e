"""What a batch of calls adds to the roll-ups, counted in memory.

Pure, and written for speed: one pass in which a call costs a few additions of whole numbers. Which names exist,
and how much of a day is kept, is the engine's affair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from penstock.journal.record import CallRecord, Outcome, is_success
from penstock.metadata import MetadataValue
from penstock.pricing.call_cost import is_estimate
from penstock.stores.ledger import Derived, NewCall
from penstock.stores.rollups import METADATA, OTHERS, TOKEN_KEYS
from penstock.stores.sketch import UNITS, bucket_of

MINUTE_US: Final = 60_000_000
_HOUR_US = 60 * MINUTE_US
_LANE_BITS = 80  # no sum of a batch is as large
_LANE = (1 << _LANE_BITS) - 1
_LANES = 14
(
    _ERROR, _CACHED, _LIMITED, _TOKENS_IN, _TOKENS_OUT, _CACHED_IN, _CACHED_OUT, _UNPRICED, _COST,
    _ESTIMATED, _ESTIMATED_IN, _ESTIMATED_OUT, _ESTIMATED_COST,
) = range(_LANE_BITS, _LANE_BITS * _LANES, _LANE_BITS)  # fmt: skip
_MAX_VALUE_CHARS = 256
_LIMITS = frozenset((2003, 2045))
_REFUSED = int(Outcome.REFUSED)
_to_json = msgspec.json.Encoder().encode


class Cell(NamedTuple):
    """One value of each dimension; `model` is "" where there is none."""

    account: str
    gateway: str
    provider: str
    model: str
    operation: str
    status: int
    cached: bool
    rate_limited: bool
    error: bool


class Caller(NamedTuple):
    """A caller key of one gateway."""

    account: str
    gateway: str
    key: str


Packed = int
"""All sums as one whole number, so that adding them all is one addition: see `unpacked`."""


class CellSums(NamedTuple):
    """What a cell's calls add up to, and the lanes of their sketches."""

    sums: Packed
    duration: int
    first_byte: int


class Counts(NamedTuple):
    """By the minute and cell, and by the hour and whoever called. Times are whole minutes of the epoch."""

    cells: Mapping[tuple[int, Cell], CellSums]
    callers: Mapping[tuple[int, Caller], Mapping[str, Packed]]  # by value


def is_unpriced(status: int, cost_nano: int | None) -> bool:
    """Whether a call may have cost something that is not known."""
    return cost_nano is None and 200 <= status < 300


def estimated_nano(cost_nano: int | None, price_source: str | None) -> int:
    """What of a call's cost is not certain: it goes by tokens that nobody told, or its run is still to end."""
    return cost_nano or 0 if is_estimate(price_source) else 0


def is_rate_limited(status: int, *, refused: bool, error_code: int | None) -> bool:
    """Whether the gateway itself refused the call for a limit."""
    return refused and status == 429 and error_code in _LIMITS


def metadata_text(value: MetadataValue) -> str:
    """A value of metadata as text: numbers and true and false as in JSON."""
    if not isinstance(value, str):
        return _to_json(value).decode()
    return value if len(value) <= _MAX_VALUE_CHARS else OTHERS


def added(first: CellSums, second: CellSums) -> CellSums:
    """The sums of both."""
    return CellSums(first[0] + second[0], first[1] + second[1], first[2] + second[2])


def unpacked(sums: Packed) -> list[int]:
    """The numbers, in this order.

    requests, errors, cached, rate_limited, tokens_in, tokens_out, cached_tokens_in, cached_tokens_out, unpriced,
    cost_nano, estimated, estimated_tokens_in, estimated_tokens_out, estimated_cost_nano.
    """
    if sums >> _ESTIMATED == 0:  # as a rule
        return [(sums >> shift) & _LANE for shift in range(0, _ESTIMATED, _LANE_BITS)] + [0, 0, 0, 0]
    return [(sums >> shift) & _LANE for shift in range(0, _LANE_BITS * _LANES, _LANE_BITS)]


def counted(calls: Sequence[NewCall]) -> Counts:
    """What these calls add up to."""
    cells: dict[_RawCell, list[int]] = {}
    by_token: dict[_Token, Packed] = {}
    by_metadata: dict[_Name, dict[str, Packed]] = {}
    for call in calls:
        record, derived = call[0], call[1]
        found = _cell(cells, record, derived)
        sums = found[0] + _amounts(record, derived)
        found[1] += sums
        found[2] += UNITS[bucket_of(record.duration_us)]
        if record.first_byte_us is not None:
            found[3] += UNITS[bucket_of(record.first_byte_us)]
        hour = record.created_us // _HOUR_US * 60
        if record.token or record.user or record.team:
            token = (hour, record.account, record.gateway, record.token, record.user, record.team)
            by_token[token] = by_token.get(token, 0) + sums
        for name, value in record.metadata.items():
            values = by_metadata.setdefault((hour, record.account, record.gateway, name), {})
            text = metadata_text(value)
            values[text] = values.get(text, 0) + sums
    return Counts(_cells(cells), _callers(by_token, by_metadata))


_RawCell = tuple[int, str, str, str, str | None, str, int, bool, int, int | None]
"""minute, account, gateway, provider, model, operation, status, cached, outcome, error code."""

_Token = tuple[int, str, str, str, str, str]
"""hour, account, gateway, token, user, team."""

_Name = tuple[int, str, str, str]
"""hour, account, gateway, name of metadata."""


def _cell(cells: dict[_RawCell, list[int]], record: CallRecord, derived: Derived) -> list[int]:
    """What one of its calls counts without its amounts, then the three `CellSums`."""
    key = (
        record.created_us // MINUTE_US,
        record.account,
        record.gateway,
        record.provider,
        derived.model,
        derived.operation,
        record.status,
        record.cached,
        record.outcome,
        record.error_code,
    )
    found = cells.get(key)
    if found is None:
        flags = (record.cached << _CACHED) + (_limited(key) << _LIMITED) + (_failed(key) << _ERROR)
        found = cells[key] = [1 + flags, 0, 0, 0]
    return found


def _amounts(record: CallRecord, derived: Derived) -> Packed:
    tokens_in, tokens_out, cost = derived.tokens_in or 0, derived.tokens_out or 0, derived.cost_nano
    sums = (tokens_in << _TOKENS_IN) + (tokens_out << _TOKENS_OUT)
    if record.cached:
        sums += (tokens_in << _CACHED_IN) + (tokens_out << _CACHED_OUT)
    if derived.estimated:
        sums += _estimates(derived)
    if cost is not None:
        sums += cost << _COST
        return sums + (cost << _ESTIMATED_COST) if is_estimate(derived.price_source) else sums
    return sums + (is_unpriced(record.status, cost) << _UNPRICED)


def _estimates(derived: Derived) -> Packed:
    tokens = (derived.estimated_in << _ESTIMATED_IN) + (derived.estimated_out << _ESTIMATED_OUT)
    return (1 << _ESTIMATED) + tokens


def _limited(key: _RawCell) -> bool:
    *_, status, _, outcome, error_code = key
    return is_rate_limited(status, refused=outcome == _REFUSED, error_code=error_code)


def _failed(key: _RawCell) -> bool:
    *_, status, _, outcome, _ = key
    return not is_success(status, outcome)


def _cells(raw: Mapping[_RawCell, list[int]]) -> dict[tuple[int, Cell], CellSums]:
    found: dict[tuple[int, Cell], CellSums] = {}
    for key, (_, *sums) in raw.items():
        minute, account, gateway, provider, model, operation, status, cached, *_ = key
        flags = (cached, _limited(key), _failed(key))
        cell = Cell(account, gateway, provider, model or "", operation, status, *flags)
        known = found.get((minute, cell))
        found[minute, cell] = CellSums(*sums) if known is None else added(known, CellSums(*sums))
    return found


def _callers(
    by_token: Mapping[_Token, Packed], by_metadata: Mapping[_Name, dict[str, Packed]]
) -> dict[tuple[int, Caller], dict[str, Packed]]:
    found = {
        (hour, Caller(account, gateway, METADATA + name)): values
        for (hour, account, gateway, name), values in by_metadata.items()
        if name
    }
    for (hour, account, gateway, *named), sums in by_token.items():
        for key, text in zip(TOKEN_KEYS, named, strict=True):
            if text:
                values = found.setdefault((hour, Caller(account, gateway, key)), {})
                values[text] = values.get(text, 0) + sums
    return found
