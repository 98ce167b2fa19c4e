"""The ledger's questions answered by looking at every call: what the engine is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from penstock.pricing.units import to_usd
from penstock.stores.ledger import CallRow, Condition, Extremes, Order, Query, Scalar

_TEXTS = {
    "provider", "model", "model_type", "request_type", "request_content_type", "response_content_type",
    "user_agent", "token", "user", "id", "event_id",
}  # fmt: skip


def chosen(rows: Iterable[CallRow], where: Query) -> list[CallRow]:
    """Newest first."""
    return sorted((row for row in rows if fits(row, where)), key=lambda row: row.created_us, reverse=True)


def fits(row: CallRow, where: Query) -> bool:
    return (
        where.account in (None, row.account)
        and (not where.gateways or row.gateway in where.gateways)
        and all(any(holds(row, condition) for condition in group) for group in where.conditions if group)
        and (where.since_us is None or row.created_us >= where.since_us)
        and (where.until_us is None or row.created_us < where.until_us)
        and _found(row, where.search.casefold())
    )


def holds(row: CallRow, condition: Condition) -> bool:
    if condition.key in ("metadata.key", "metadata.value"):
        own: Sequence[Scalar] = [
            *(row.metadata if condition.key == "metadata.key" else row.metadata.values())
        ]
    else:
        own = [_shown(row, condition.key)]
    limits = [_ms(value) if condition.key == "created_at" else value for value in condition.values]
    values = list(map(text, limits))
    if condition.operator == "contains":
        return any(
            value in text(one).casefold()
            for one in own
            if one is not None
            for value in map(str.casefold, values)
        )
    if condition.operator in ("eq", "neq") and condition.key.startswith("metadata"):
        known = {text(value) for value in limits if value is not None}
        found_any = None in limits if not own else bool({text(one) for one in own} & known)
        return found_any == (condition.operator == "eq")
    if condition.operator in ("eq", "neq"):
        found = {text(one) for one in own} or {""}
        if condition.key == "model" and "/" in str(own[0]):
            found.add(str(own[0]).partition("/")[2])
        return bool(found & set(values)) == (condition.operator == "eq")
    (value,) = own
    if value is None:
        return False
    if condition.operator == "lt":
        return any(value < limit for limit in limits)  # type: ignore[operator]
    return any(value > limit for limit in limits)  # type: ignore[operator]


def text(value: Scalar) -> str:
    """What is unknown is like what is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def in_order(rows: Iterable[CallRow], order: Order) -> list[CallRow]:
    newest = sorted(rows, key=lambda row: row.created_us, reverse=True)
    field: Callable[[CallRow], Scalar] = {
        "created_at": lambda row: row.created_us,
        "cost": lambda row: row.cost_nano,
        "duration": lambda row: row.duration_us,
    }.get(order.by, lambda row: getattr(row, order.by) if getattr(row, order.by) != "" else None)
    known = [row for row in newest if field(row) is not None]
    known.sort(key=field, reverse=order.descending)  # type: ignore[arg-type]
    if order.descending:
        known.sort(key=lambda row: row.created_us, reverse=True)
        known.sort(key=field, reverse=True)  # type: ignore[arg-type]
    return [*known, *(row for row in newest if field(row) is None)]


def extremes(rows: Sequence[CallRow]) -> Extremes:
    both = [(row.tokens_in, row.tokens_out) for row in rows]
    tokens = [a + b for a, b in both if a is not None and b is not None]
    return Extremes(
        _ends(row.cost_nano for row in rows),
        _ends(row.duration_us for row in rows),
        _ends(row.tokens_in for row in rows),
        _ends(row.tokens_out for row in rows),
        _ends(tokens),
    )


def _ends(values: Iterable[int | None]) -> tuple[int, int] | None:
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else None


def _shown(row: CallRow, key: str) -> Scalar:
    """A field as the wire shows it; times as whole milliseconds."""
    if key == "created_at":
        return row.created_us // 1000
    if key == "cost":
        return None if row.cost_nano is None else to_usd(row.cost_nano)
    if key == "duration":
        return round(row.duration_us / 1000)
    if key == "tokens":
        return None if row.tokens_in is None or row.tokens_out is None else row.tokens_in + row.tokens_out
    if key in ("wholesale", "dlp_action"):
        return False if key == "wholesale" else None
    renamed = {"authentication": "authenticated", "compatibilityMode": "compat"}
    value: Scalar = getattr(row, renamed.get(key, key))
    return None if value == "" else value


def _found(row: CallRow, part: str) -> bool:
    told = [row.id, row.event_id, row.provider, row.model or "", row.path, row.user_agent]
    metadata = [*row.metadata, *map(text, row.metadata.values())]
    return any(part in one.casefold() for one in (*told, *metadata))


def _ms(value: Scalar) -> Scalar:
    return round(datetime.fromisoformat(value).timestamp() * 1000) if isinstance(value, str) else None


def rfc3339(created_ms: int) -> str:
    return datetime.fromtimestamp(created_ms / 1000, UTC).isoformat(timespec="milliseconds")
