"""A `Filter` as SQL conditions on the table `calls`.

Pure text and values. Written so that SQLite walks one index newest first and stops at the limit, instead of
gathering and sorting everything that fits.
"""

from __future__ import annotations

from collections.abc import Sequence

from penstock.stores.ledger import Filter

Value = str | int
Condition = tuple[str, list[Value]]

_BARE_MODEL = "substr(model, instr(model, '/') + 1) = ?"


def conditions(where: Filter) -> Condition:
    """The text to stand behind WHERE, and its values."""
    parts = [
        _one_of("account", where.accounts),
        _one_of("gateway", where.gateways),
        _one_of("provider", where.providers),
        _models(where.models),
        _statuses(where),
        *_times(where),
    ]
    held = [part for part in parts if part[0]]
    text = " AND ".join(f"({text})" for text, _ in held) or "1"
    return text, [value for _, values in held for value in values]


def _one_of(column: str, values: Sequence[str]) -> Condition:
    if not values:
        return "", []
    if len(values) == 1:
        return f"{column} = ?", [*values]
    # The `+` keeps SQLite from using the column's index, which would mean to sort all that it finds.
    return f"+{column} IN ({', '.join('?' * len(values))})", [*values]


def _models(models: Sequence[str]) -> Condition:
    if len(models) == 1 and "/" in models[0]:
        return "model = ?", [*models]
    return " OR ".join("+model = ?" if "/" in model else _BARE_MODEL for model in models), [*models]


def _statuses(where: Filter) -> Condition:
    """A status from 400 up implies failure, and saying so lets the small index of failures serve."""
    alternatives = ["status_code BETWEEN ? AND ?" for _ in where.statuses]
    values: list[Value] = [bound for status in where.statuses for bound in status]
    if where.failed:
        alternatives.append("success = 0")
    text = " OR ".join(alternatives)
    if alternatives and all(status.low >= 400 for status in where.statuses):
        text = f"success = 0 AND ({text})"
    return text, values


def _times(where: Filter) -> list[Condition]:
    bounds: list[Condition] = []
    if where.since_us is not None:
        bounds.append(("created_us >= ?", [where.since_us]))
    if where.until_us is not None:
        bounds.append(("created_us < ?", [where.until_us]))
    return bounds
