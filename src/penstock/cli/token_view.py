"""Tokens as lines, facts and JSON. Pure; neither secrets nor their hashes are in any of them."""

from __future__ import annotations

import msgspec

from penstock.access.tokens import is_live
from penstock.cli.output import Cell
from penstock.cli.render import time_text
from penstock.control.limit_use import LimitUse
from penstock.control.limit_words import short_text
from penstock.control.token_use import TokenUse, shown_token_limits
from penstock.stores.control_store import Token
from penstock.time_text import rfc3339

_ALL_LIMITS = 9

HEADINGS = ("ID", "NAME", "USER", "TEAM", "MAY", "WHERE", "EXPIRES", "LIMITS", "LAST USED")
SHORTENED = (1, 2, 3, 4, 5, 7)
"""Of these columns the beginning and the end are enough, where lines are short."""


def line(token: Token, use: TokenUse, now_us: int) -> list[Cell]:
    """The fields of a token, in the order of `HEADINGS`."""
    return [
        Cell(token.id),
        Cell(token.name),
        Cell(token.user or "-"),
        Cell(token.team or "-"),
        Cell(", ".join(token.permissions) or "nothing"),
        Cell(_where(token)),
        _expires(token, now_us),
        Cell(_limits(token, use) or "-"),
        Cell(_last(use), "dim"),
    ]


def facts(token: Token, use: TokenUse, now_us: int) -> list[tuple[str, Cell]]:
    """All that is known of a token."""
    named = [
        ("id", Cell(token.id)),
        ("name", Cell(token.name)),
        ("note", Cell(token.note)),
        ("may", Cell(", ".join(token.permissions) or "nothing")),
        ("where", Cell(_where(token))),
        ("providers", Cell(", ".join(token.providers) or "all")),
        ("models", Cell(", ".join(token.models) or "all")),
        ("operations", Cell(", ".join(token.operations) or "all")),
        ("limits", Cell(_limits(token, use) or "none")),
        ("resets", Cell(_resets(use))),
        ("user", Cell(token.user)),
        ("team", Cell(token.team)),
        ("metadata", Cell(msgspec.json.encode(token.metadata).decode() if token.metadata else "")),
        ("created", Cell(time_text(token.created_us))),
        ("last used", Cell(_last(use))),
        ("expires", _expires(token, now_us)),
        ("secrets", Cell(_secrets(token, now_us))),
    ]
    return [(name, cell) for name, cell in named if cell.text]


def record(token: Token, use: TokenUse, now_us: int) -> dict[str, object]:
    """A token as a JSON object; times as RFC 3339."""
    return {
        "id": token.id,
        "name": token.name,
        "note": token.note,
        "permissions": token.permissions,
        "accounts": token.accounts,
        "gateways": token.gateways,
        "providers": token.providers,
        "models": token.models,
        "operations": token.operations,
        "user": token.user,
        "team": token.team,
        "rate_limit": token.rate_limit,
        "spend_limit": token.spend_limit,
        "max_estimate": token.max_estimate,
        "max_active": token.max_active,
        "metadata": token.metadata,
        "requests": _used(use.requests),
        "spend": _used(use.spend),
        "active": use.active,
        "created_at": rfc3339(token.created_us),
        "last_used_at": None if use.last_us is None else rfc3339(use.last_us),
        "expires_at": None if token.expires_us is None else rfc3339(token.expires_us),
        "blocked": token.blocked,
        "live": is_live(token, now_us),
    }


def _where(token: Token) -> str:
    parts = [f"account {account}" for account in token.accounts]
    parts += [f"gateway {gateway}" for gateway in token.gateways]
    return ", ".join(parts) or "everywhere"


def _expires(token: Token, now_us: int) -> Cell:
    if token.blocked:
        return Cell("blocked", "red")
    if token.expires_us is None:
        return Cell("never")
    ended = token.expires_us <= now_us
    return Cell(f"{time_text(token.expires_us)}{' (ended)' * ended}", "red" if ended else "")


def _limits(token: Token, use: TokenUse) -> str:
    """Each limit, with what is used of it where that is known."""
    told = short_text(shown_token_limits(token, use), _ALL_LIMITS)
    order = "" if token.max_estimate is None else f"${token.max_estimate:g} an order"
    return "; ".join(filter(None, (told, order)))


def _resets(use: TokenUse) -> str:
    """When limits of which something is used give room again."""
    told = (("requests", use.requests), ("spend", use.spend))
    return ", ".join(
        f"{name} {time_text(one.resets_us)}" for name, one in told if one is not None and one.used
    )


def _last(use: TokenUse) -> str:
    return "-" if use.last_us is None else time_text(use.last_us)


def _used(use: LimitUse | None) -> dict[str, object] | None:
    if use is None:
        return None
    return {"used": use.used, "limit": use.limit, "left": use.left, "resets_at": rfc3339(use.resets_us)}


def _secrets(token: Token, now_us: int) -> str:
    live = [known for known in token.secrets if known.expires_us is None or known.expires_us > now_us]
    ends = [f"until {time_text(known.expires_us)}" for known in live if known.expires_us is not None]
    return f"{len(live)}" + (f" ({len(ends)} of them only {', '.join(ends)})" if ends else "")
