"""What a token looks like on its way into the management API and out of it. An addition of our own.

The secret goes out once, with the answer that made it (`TokenMade`). What may be in the fields is decided in
`control/token_changes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from penstock.access.tokens import is_live
from penstock.control.limit_use import LimitUse
from penstock.control.token_changes import MOST_ACTIVE, MOST_DOLLARS, MOST_NUMBER
from penstock.control.token_use import TokenUse
from penstock.management.paging import Paging
from penstock.metadata import MetadataValue
from penstock.settings.gateways import LONGEST_WINDOW
from penstock.stores.control_store import Permission, RateLimit, SpendLimit, Technique, Token
from penstock.time_text import rfc3339

Dollars = Annotated[float, Meta(gt=0, le=MOST_DOLLARS)]
Seconds = Annotated[int, Meta(ge=1, le=LONGEST_WINDOW)]
State = Literal["live", "blocked", "ended"]


class RateLimitBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most so many requests in a time."""

    limit: Annotated[int, Meta(ge=1, le=MOST_NUMBER)]
    """So many requests."""
    interval: Seconds
    """In so many seconds."""
    technique: Technique = "fixed"
    """How the time moves: aligned to the clock, or the trailing one."""


class SpendLimitBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most so much money in a time."""

    limit: Dollars
    """So many US dollars."""
    window: Seconds
    """In so many seconds."""
    technique: Technique = "fixed"
    """How the time moves: aligned to the clock, or the trailing one."""


class TokenPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a token is to be another; what is left out stays, null takes it away."""

    name: str | UnsetType = UNSET
    """What people call it; no other new token may be called so."""
    note: str | UnsetType | None = UNSET
    """What people should know of it."""
    permissions: tuple[Permission, ...] | UnsetType = UNSET
    """What it may do."""
    gateways: tuple[str, ...] | UnsetType | None = UNSET
    """Only these gateways, as `gateway` or `account/gateway`; none: all."""
    providers: tuple[str, ...] | UnsetType | None = UNSET
    """Only these providers; none: all."""
    models: tuple[str, ...] | UnsetType | None = UNSET
    """Only these models, as `provider/model` or alone; `*` is anything but `/`. None: all."""
    operations: tuple[str, ...] | UnsetType | None = UNSET
    """Only these operations: kinds, names, or names with `*` for anything. None: all."""
    user: str | UnsetType | None = UNSET
    """Whose it is."""
    team: str | UnsetType | None = UNSET
    """Which team's it is."""
    metadata: dict[str, MetadataValue] | UnsetType | None = UNSET
    """Goes with each of its calls."""
    rate_limit: RateLimitBody | UnsetType | None = UNSET
    """At most so many requests."""
    spend_limit: SpendLimitBody | UnsetType | None = UNSET
    """At most so many US dollars."""
    max_estimate: Dollars | UnsetType | None = UNSET
    """What one order at Parallel may come to, in US dollars."""
    max_active: Annotated[int, Meta(ge=1, le=MOST_ACTIVE)] | UnsetType | None = UNSET
    """So many of its runs may be under way at once."""
    expires_at: str | UnsetType | None = UNSET
    """When it ends, in RFC 3339; null: never."""
    blocked: bool | UnsetType = UNSET
    """Whether nobody gets in with it for now."""


class TokenBody(TokenPatch, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new token."""

    name: str
    """What people call it; no other token may be called so."""
    permissions: tuple[Permission, ...] = ("run",)
    """What it may do."""


class RotateBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a token gets a new secret."""

    overlap: Annotated[int, Meta(ge=0, le=LONGEST_WINDOW)] = 0
    """So many seconds the old one stays good."""


class TokensQuery(Paging, frozen=True):
    """Which tokens."""

    search: str = ""
    """A part of the id, name, user, team or note, in any case."""
    user: str | None = None
    """Whose they are."""
    team: str | None = None
    """Which team's they are."""
    state: State | None = None
    """Whether they let anybody in."""


class Used(msgspec.Struct, frozen=True):
    """How a limit stands."""

    used: float
    """So much is used, what calls under way may cost included."""
    limit: float
    """Of so much."""
    left: float
    """So much is left."""
    resets_at: str
    """When its window begins to give room again: RFC 3339, UTC."""


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is shown: neither its secret nor a hash of it."""

    id: str
    """What stands between `pst_` and the next `_`; no secret."""
    name: str
    """What people call it."""
    note: str
    """What people should know of it."""
    state: State
    """Whether it lets anybody in."""
    permissions: tuple[Permission, ...]
    """What it may do."""
    accounts: tuple[str, ...]
    """Only these accounts; none: all."""
    gateways: tuple[str, ...]
    """Only these gateways; none: all."""
    providers: tuple[str, ...]
    """Only these providers; none: all."""
    models: tuple[str, ...]
    """Only these models; none: all."""
    operations: tuple[str, ...]
    """Only these operations; none: all."""
    user: str
    """Whose it is."""
    team: str
    """Which team's it is."""
    metadata: dict[str, MetadataValue]
    """Goes with each of its calls."""
    rate_limit: RateLimitBody | None
    """At most so many requests."""
    spend_limit: SpendLimitBody | None
    """At most so many US dollars."""
    max_estimate: float | None
    """What one order at Parallel may come to, in US dollars."""
    max_active: int | None
    """So many of its runs may be under way at once."""
    requests: Used | None
    """What is used of `rate_limit`; null where there is none, or it cannot be told now."""
    spend: Used | None
    """What is used of `spend_limit`; null where there is none, or it cannot be told now."""
    active: int | None
    """So many of its runs are under way; told where `max_active` is set."""
    last_used_at: str | None
    """In the hour that began then somebody last called with it; of longer ago than two days in the day, than a month in
    the month.
    """
    created_at: str
    """When it was made: RFC 3339, UTC."""
    expires_at: str | None
    """When it ends; null: never."""
    blocked: bool
    """Whether nobody gets in with it for now."""


class TokenMade(TokenAnswer, frozen=True, kw_only=True):
    """A token with its text, which is in this answer and in none after it."""

    token: str
    """What callers send: keep it safe."""


def state_of(token: Token, now_us: int) -> State:
    """Whether a token lets anybody in."""
    if token.blocked:
        return "blocked"
    return "live" if is_live(token, now_us) else "ended"


def shown(token: Token, use: TokenUse, now_us: int) -> TokenAnswer:
    """A token as it is answered."""
    return msgspec.convert(_fields(token, use, now_us), TokenAnswer, from_attributes=True)


def shown_once(token: Token, text: str, use: TokenUse, now_us: int) -> TokenMade:
    """The same with its secret."""
    fields = {**_fields(token, use, now_us), "token": text}
    return msgspec.convert(fields, TokenMade, from_attributes=True)


def _fields(token: Token, use: TokenUse, now_us: int) -> Mapping[str, object]:
    plain = {
        name: getattr(token, name)
        for name in TokenAnswer.__struct_fields__
        if name in Token.__struct_fields__
    }
    return {
        **plain,
        "state": state_of(token, now_us),
        "rate_limit": _rate(token.rate_limit),
        "spend_limit": _spend(token.spend_limit),
        "requests": _used(use.requests),
        "spend": _used(use.spend),
        "active": use.active,
        "last_used_at": None if use.last_us is None else rfc3339(use.last_us),
        "created_at": rfc3339(token.created_us),
        "expires_at": None if token.expires_us is None else rfc3339(token.expires_us),
    }


def _rate(limit: RateLimit | None) -> RateLimitBody | None:
    return None if limit is None else RateLimitBody(limit.limit, limit.interval, limit.technique)


def _spend(limit: SpendLimit | None) -> SpendLimitBody | None:
    return None if limit is None else SpendLimitBody(limit.limit, limit.window, limit.technique)


def _used(use: LimitUse | None) -> Used | None:
    return None if use is None else Used(use.used, use.limit, use.left, rfc3339(use.resets_us))
