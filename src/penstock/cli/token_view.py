"""Tokens as lines, facts and JSON. Pure; neither secrets nor their hashes are in any of them."""

from __future__ import annotations

import msgspec

from penstock.access.tokens import is_live
from penstock.cli.durations import duration_text
from penstock.cli.output import Cell
from penstock.cli.render import time_text
from penstock.stores.control_store import Token
from penstock.time_text import rfc3339

HEADINGS = ("ID", "NAME", "MAY", "WHERE", "CREATED", "EXPIRES", "LIMITS")


def line(token: Token, now_us: int) -> list[Cell]:
    """The fields of a token, in the order of `HEADINGS`."""
    return [
        Cell(token.id),
        Cell(token.name),
        Cell(", ".join(token.permissions) or "nothing"),
        Cell(_where(token)),
        Cell(time_text(token.created_us), "dim"),
        _expires(token, now_us),
        Cell(_limits(token) or "-"),
    ]


def facts(token: Token, now_us: int) -> list[tuple[str, Cell]]:
    """All that is known of a token."""
    named = [
        ("id", Cell(token.id)),
        ("name", Cell(token.name)),
        ("may", Cell(", ".join(token.permissions) or "nothing")),
        ("where", Cell(_where(token))),
        ("providers", Cell(", ".join(token.providers) or "all")),
        ("models", Cell(", ".join(token.models) or "all")),
        ("limits", Cell(_limits(token) or "none")),
        ("user", Cell(token.user)),
        ("team", Cell(token.team)),
        ("metadata", Cell(msgspec.json.encode(token.metadata).decode() if token.metadata else "")),
        ("created", Cell(time_text(token.created_us))),
        ("expires", _expires(token, now_us)),
        ("secrets", Cell(_secrets(token, now_us))),
    ]
    return [(name, cell) for name, cell in named if cell.text]


def record(token: Token, now_us: int) -> dict[str, object]:
    """A token as a JSON object; times as RFC 3339."""
    return {
        "id": token.id,
        "name": token.name,
        "permissions": token.permissions,
        "accounts": token.accounts,
        "gateways": token.gateways,
        "providers": token.providers,
        "models": token.models,
        "user": token.user,
        "team": token.team,
        "rate_limit": token.rate_limit,
        "spend_limit": token.spend_limit,
        "max_estimate": token.max_estimate,
        "max_active": token.max_active,
        "metadata": token.metadata,
        "created_at": rfc3339(token.created_us),
        "expires_at": None if token.expires_us is None else rfc3339(token.expires_us),
        "live": is_live(token, now_us),
    }


def _where(token: Token) -> str:
    parts = [f"account {account}" for account in token.accounts]
    parts += [f"gateway {gateway}" for gateway in token.gateways]
    return ", ".join(parts) or "everywhere"


def _expires(token: Token, now_us: int) -> Cell:
    if token.expires_us is None:
        return Cell("never")
    ended = token.expires_us <= now_us
    return Cell(f"{time_text(token.expires_us)}{' (ended)' * ended}", "red" if ended else "")


def _limits(token: Token) -> str:
    parts = []
    if (rate := token.rate_limit) is not None:
        parts.append(f"{rate.limit} requests/{duration_text(rate.interval)}{_sliding(rate.technique)}")
    if (spend := token.spend_limit) is not None:
        parts.append(f"${spend.limit:g}/{duration_text(spend.window)}{_sliding(spend.technique)}")
    if token.max_estimate is not None:
        parts.append(f"${token.max_estimate:g} an order")
    if token.max_active is not None:
        parts.append(f"{token.max_active} runs at once")
    return ", ".join(parts)


def _sliding(technique: str) -> str:
    return " sliding" if technique == "sliding" else ""


def _secrets(token: Token, now_us: int) -> str:
    live = [known for known in token.secrets if known.expires_us is None or known.expires_us > now_us]
    ends = [f"until {time_text(known.expires_us)}" for known in live if known.expires_us is not None]
    return f"{len(live)}" + (f" ({len(ends)} of them only {', '.join(ends)})" if ends else "")
