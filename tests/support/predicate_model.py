"""Predicates asked of one call, without a ledger: what an engine's printing of them is compared with."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from penstock.stores import predicates as ask
from penstock.stores.ledger import CallRow
from support.ledger_model import text

_COLUMNS: dict[str, str] = {"cost": "cost_nano", "duration": "duration_us"}


def fits(predicate: ask.Predicate, row: CallRow) -> bool:
    match predicate:
        case ask.Always(fits=answer):
            return answer
        case ask.Not(of=one):
            return not fits(one, row)
        case ask.AnyOf(of=some):
            return any(fits(one, row) for one in some)
        case ask.Text(field, values, unknown, bare):
            own = getattr(row, field)
            return own in values or own.partition("/")[2] in bare if own else unknown
        case ask.Metadata(field, forms, unknown):
            own = [msgspec.json.encode(one).decode() for one in _metadata(row, field)]
            return bool({*own} & {*forms}) if own else unknown
        case ask.Flag(field, values):
            return getattr(row, field) in values
        case ask.Among(field, values, unknown):
            number = getattr(row, field)
            return unknown if number is None else Decimal(str(number)) in values
        case ask.Beyond(field, side, limit):
            number = getattr(row, field)
            return number is not None and (number < limit if side == "lt" else number > limit)
        case ask.Within(field, ranges, unknown):
            number = _number(row, field)
            return unknown if number is None else any(_inside(number, *one) for one in ranges)
        case ask.Began(spans):
            return any(_inside(row.created_us, since, until, 1) for since, until in spans)
        case _:
            return _of_texts(predicate, row)


def _of_texts(predicate: ask.Part | ask.Id | ask.IdPart | ask.EventId | ask.Search, row: CallRow) -> bool:
    match predicate:
        case ask.Part("metadata.key" | "metadata.value" as field, parts):
            return _contain([text(one) for one in _metadata(row, field)], *parts)
        case ask.Part(field, parts):
            return _contain([getattr(row, field)], *parts)
        case ask.Id(ids):
            return row.id in ids
        case ask.IdPart(field, parts):
            return _contain([getattr(row, field)], *parts)
        case ask.EventId(exact, ids):
            return row.event_id in exact or (row.event_id == row.id and row.id in ids)
        case ask.Search(part):
            told = (row.id, row.event_id, row.provider, row.model, row.path, row.user_agent)
            metadata = [*row.metadata, *map(text, row.metadata.values())]
            return _contain([*told, *metadata], part)


def _contain(texts: list[str | None], *parts: str) -> bool:
    return any(part in one.casefold() for one in texts if one for part in parts)


def _metadata(row: CallRow, field: ask.MetadataField) -> list[str | int | float | bool]:
    return [*(row.metadata if field == "metadata.key" else row.metadata.values())]


def _number(row: CallRow, field: str) -> int | None:
    if field == "tokens":
        return None if row.tokens_in is None or row.tokens_out is None else row.tokens_in + row.tokens_out
    number: int | None = getattr(row, _COLUMNS.get(field, field))
    return number


def _inside(number: int, least: int | None, most: int | None, beyond: int = 0) -> bool:
    return (least is None or least <= number) and (most is None or number <= most - beyond)
