"""Calls and bodies as text for people: the lines of a listing, the page of one call.

Pure: values in, text out, colour as a style name beside it. What cannot be printed is dealt with in `output.py`;
here it counts as wide as it will be.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from penstock.calls.wording import Wording, plain
from penstock.cli.listing import Column, Columns
from penstock.cli.output import Cell
from penstock.pricing.units import to_usd
from penstock.stores.ledger import CallRow

_WORDING: Final = Wording(
    lambda column: column.wire.replace("_", " "),
    {
        "moment": lambda moment: time_text(moment, precise=True),
        "duration": lambda microseconds: duration(microseconds),
        "money": lambda nano: nano and f"${to_usd(nano):.6f}",
        "flag": lambda flag: "yes" * flag,
    },
)


_WITH_DATE, _WITH_METHOD = 150, 100  # characters of a line that has room for it


def columns(width: int | None) -> Columns[CallRow]:
    """Those of a listing. What tells calls apart stays on the narrowest terminal, and is cut there if it must be."""
    dated = width is None or width >= _WITH_DATE
    method = width is None or width >= _WITH_METHOD
    return (
        Column("TIME", 20 if dated else 9, lambda row: Cell(_when(row, dated=dated), "dim")),
        Column("ID", 12, lambda row: Cell(row.id.rpartition("-")[2], "dim"), room=100),
        Column("STATUS", 6, lambda row: Cell(status(row), status_style(row)), least=13),
        Column("PROVIDER", 8, lambda row: Cell(row.provider or "-"), room=112),
        Column("MODEL", 16, lambda row: Cell((row.model or "-").removeprefix(f"{row.provider}/")), least=8),
        Column("OPERATION", 22, lambda row: Cell(_operation(row)), least=10),
        Column("COST", 9, lambda row: Cell(_brief_cost(row)), right=True),
        Column("DURATION", 8, lambda row: Cell(duration(row.duration_us)), right=True),
        Column("TOKENS", 7, lambda row: Cell(tokens(row)), right=True, room=128),
        Column("FIRST", 8, lambda row: Cell(duration(row.first_byte_us)), right=True, room=160),
        Column("SIZE", 8, lambda row: Cell(size(row.response_size)), right=True, room=170),
        Column("PATH", 0, lambda row: Cell(f"{row.method} {row.path}" if method else row.path), least=10),
    )


def facts(row: CallRow) -> list[tuple[str, Cell]]:
    """What is known of one call, but for its bodies."""
    told = {
        "id": Cell(row.id),
        "event": Cell("" if row.event_id == row.id else row.event_id),
        "time": Cell(time_text(row.created_us, precise=True)),
        "status": Cell(status(row), status_style(row)),
        "error": Cell(_error(row), "red"),
        "account": Cell(row.account),
        "gateway": Cell(row.gateway),
        "provider": Cell(row.provider),
        "model": Cell(row.model or ""),
        "request": Cell(f"{row.method} {row.path}"),
        "operation": Cell(row.operation),
        "kind": Cell(" / ".join(filter(None, (row.request_type, row.model_type)))),
        "duration": Cell(duration(row.duration_us)),
        "first byte": Cell(duration(row.first_byte_us)),
        "tokens": Cell(_usage(row)),
        "cost": Cell(cost(row)),
        "cache": Cell("answered without asking the provider" if row.cached else ""),
        "attempts": Cell(str(row.attempts) if row.attempts > 1 else ""),
        "stored key": Cell(row.stored_key),
        "token": Cell(" ".join(filter(None, (row.token, row.user, row.team)))),
        "step": Cell(str(row.step) if row.step else ""),
        "metadata": Cell(msgspec.json.encode(row.metadata).decode() if row.metadata else ""),
        "controls": Cell(", ".join(f"{name}: {value}" for name, value in row.controls.items())),
        "user agent": Cell(row.user_agent),
    }
    told |= {name: Cell(str(plain(get(row)) or "")) for name, get in _WORDING.later(told).items()}
    return [(name, cell) for name, cell in told.items() if cell.text]


def cost(row: CallRow) -> str:
    """What a call has cost, and by whose price."""
    if row.cost_nano is None:
        return "unknown"
    text = f"${to_usd(row.cost_nano):.6f}"
    return f"{text} ({row.price_source})" if row.price_source else text


def body_title(name: str, content_type: str, encoding: str, whole: int, *, cut: bool) -> str:
    """The line above a body."""
    parts = [
        content_type or "no content type",
        encoding,
        size(whole),
        "CUT: only its beginning was kept" * cut,
    ]
    return f"{name} ({', '.join(filter(None, parts))})"


def time_text(time_us: int, *, precise: bool = False) -> str:
    """A time as all commands have it: `2026-11-28 07:14:09Z`, UTC (docs/decisions/0063)."""
    fraction = f".{time_us % 1_000_000 // 1000:03d}" if precise else ""
    return f"{datetime.fromtimestamp(time_us // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}{fraction}Z"


def duration(microseconds: int | None) -> str:
    """A time span with a unit that fits."""
    if microseconds is None:
        return "-"
    if microseconds < 10_000:
        return f"{microseconds / 1000:.1f} ms"
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.0f} ms"
    seconds = microseconds / 1_000_000
    return f"{seconds:.2f} s" if seconds < 60 else f"{int(seconds // 60)}m{int(seconds % 60):02d}s"


def size(count: int) -> str:
    """A number of bytes with a unit that fits."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1000:.1f} kB"
    return f"{count / 1_000_000:.1f} MB"


def tokens(row: CallRow) -> str:
    """Tokens in and out; a dash for what is unknown, and ~ before what is estimated."""
    if row.tokens_in is None and row.tokens_out is None:
        return "-"
    return f"{'~' * row.estimated}{_or_dash(row.tokens_in)}/{_or_dash(row.tokens_out)}"


def status(row: CallRow) -> str:
    """The status code, and how the call ended when that was not in order."""
    told = ("complete", "refused")  # a refusal's status says it all
    return (
        str(row.status_code) if row.outcome in told else f"{row.status_code} {row.outcome.replace('_', ' ')}"
    )


def status_style(row: CallRow) -> str:
    """Green for success, yellow for what the client could change, red for the rest."""
    if row.success:
        return "green"
    return "yellow" if 400 <= row.status_code < 500 or row.outcome == "abandoned" else "red"


def _when(row: CallRow, *, dated: bool) -> str:
    text = time_text(row.created_us)
    return text if dated else text.partition(" ")[2]


def _brief_cost(row: CallRow) -> str:
    """As many digits as tell small calls apart; a dash for unknown, `~` for what is not certain yet."""
    if row.cost_nano is None:
        return "-"
    usd = to_usd(row.cost_nano)
    text = f"${usd:.6f}" if 0 < usd < 1 else f"${usd:.2f}"
    return f"{'~' * row.estimated}{text}"


def _operation(row: CallRow) -> str:
    return row.operation.removeprefix(f"{row.provider}.") or "-"


def _or_dash(count: int | None) -> str:
    return "-" if count is None else str(count)


def _usage(row: CallRow) -> str:
    if row.usage_metadata is None:
        return ""
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in row.usage_metadata.items())


def _error(row: CallRow) -> str:
    code = "" if row.error_code is None else f"{row.error_code} "
    return (code + row.error_detail).strip()
