"""Gateways as lines, facts and JSON. Pure; no secret of theirs is in any of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from penstock.cli.durations import duration_text
from penstock.cli.output import Cell
from penstock.cli.render import time_text
from penstock.control.catalog import Listed
from penstock.control.limit_use import LimitShown
from penstock.control.limit_words import room_text, short_text
from penstock.settings.gateway_fields import set_fields, to_fields
from penstock.settings.gateway_secrets import masked
from penstock.time_text import rfc3339

HEADINGS = ("GATEWAY", "FROM", "TOKEN", "CACHE", "LIMITS", "OTHER FIELDS")

_MOST_LIMITS = 2  # in a line
_SHOWN = {
    "authentication",
    "cache_ttl",
    "rate_limiting_interval",
    "rate_limiting_limit",
    "rate_limiting_technique",
    "spend_limits",
}
_COLOURS = {"directory": "green", "built-in": "dim"}


def line(one: Listed, limits: Sequence[LimitShown]) -> list[Cell]:
    """The fields of a gateway, in the order of `HEADINGS`."""
    fields = one.fields
    others = [name for name in set_fields(fields) if name not in _SHOWN]
    return [
        Cell(one.name),
        Cell(one.source, _COLOURS.get(one.source, "")),
        Cell("needed", "") if fields.authentication else Cell("not asked", "yellow"),
        Cell(duration_text(fields.cache_ttl) if fields.cache_ttl else "-"),
        Cell(short_text(limits, _MOST_LIMITS) or "-"),
        Cell(", ".join(others) or "-"),
    ]


def facts(one: Listed, limits: Sequence[LimitShown], now_us: int) -> list[tuple[str, Cell]]:
    """Where it comes from, how its limits stand, and every field that differs from its default."""
    found = [("gateway", Cell(one.name)), ("from", Cell(one.source))]
    if one.stored is not None:
        found.append(("created", Cell(time_text(one.stored.created_us))))
        found.append(("modified", Cell(time_text(one.stored.modified_us))))
    found += [(f"limit: {limit.name}", Cell(_standing(limit, now_us))) for limit in limits]
    for name, value in masked(set_fields(one.fields)).items():
        found.append((name, Cell(msgspec.json.encode(value).decode())))
    if one.lost_secrets:
        found.append(("secrets", Cell("cannot be opened: otel and stripe send nothing", "red")))
    return found


def record(one: Listed, limits: Sequence[LimitShown]) -> dict[str, object]:
    """A gateway as a JSON object, in the words of Cloudflare 4.2, with its source and its limits; secrets masked."""
    times: dict[str, object] = {}
    if one.stored is not None:
        times = {
            "internal_id": one.stored.id,
            "created_at": rfc3339(one.stored.created_us),
            "modified_at": rfc3339(one.stored.modified_us),
        }
    return {
        "id": one.id,
        "account_id": one.account,
        "source": one.source,
        **times,
        **masked(to_fields(one.fields)),
        "limits": limits,
    }


def _standing(limit: LimitShown, now_us: int) -> str:
    """`$41.20 of $50 a day (82 %), resets in 3 h, of user ada`."""
    only = f"only {limit.only}" if limit.only else ""
    apart = f"each {', '.join(limit.apart)} has its own" if limit.apart else ""
    return ", ".join(filter(None, (short_text([limit], 1), room_text(limit, now_us), only, apart)))
