"""The form of a token: its fields as texts, out of a token or out of what was sent, and what a form asks for.

Pure. What may be in a field is decided by the management API, which gets what `wanted` makes of a form.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.management.reading import Pairs
from penstock.management.token_shapes import TokenAnswer
from penstock.pages.dashboard.forms import (
    Length,
    every,
    joined,
    length,
    metadata,
    metadata_lines,
    number,
    seconds,
    words,
)
from penstock.pages.dashboard.operation_choices import kinds_of, names_of
from penstock.pages.dashboard.page import first

_TEXTS: Final = (
    "name", "note", "user", "team", "gateways", "providers", "models", "operations", "metadata", "rate", "spend",
    "max_estimate", "max_active", "expires",
)  # fmt: skip
_MINUTE: Final = 16  # characters of 2026-11-30T15:41


class TokenForm(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the form."""

    name: str = ""
    note: str = ""
    user: str = ""
    team: str = ""
    permissions: tuple[str, ...] = ("run",)
    gateways: str = ""
    providers: str = ""
    models: str = ""
    kinds: tuple[str, ...] = ()  # of operations
    operations: str = ""  # by their names
    metadata: str = ""
    rate: str = ""
    rate_time: Length = Length("1", "minutes")
    spend: str = ""
    spend_time: Length = Length("1", "days")
    rate_sliding: bool = False
    spend_sliding: bool = False
    max_estimate: str = ""
    max_active: str = ""
    expires: str = ""


EMPTY: Final = TokenForm()
"""That of a new token."""


def form_of(token: TokenAnswer) -> TokenForm:
    """The form that asks for a token as it is."""
    rate, spend = token.rate_limit, token.spend_limit
    return TokenForm(
        name=token.name,
        note=token.note,
        user=token.user,
        team=token.team,
        permissions=token.permissions,
        gateways=joined(token.gateways),
        providers=joined(token.providers),
        models=joined(token.models),
        kinds=kinds_of(token.operations),
        operations=joined(names_of(token.operations)),
        metadata=metadata_lines(token.metadata),
        rate="" if rate is None else str(rate.limit),
        rate_time=EMPTY.rate_time if rate is None else length(rate.interval),
        spend="" if spend is None else f"{spend.limit:.15g}",
        spend_time=EMPTY.spend_time if spend is None else length(spend.window),
        rate_sliding=rate is not None and rate.technique == "sliding",
        spend_sliding=spend is not None and spend.technique == "sliding",
        max_estimate="" if token.max_estimate is None else f"{token.max_estimate:.15g}",
        max_active="" if token.max_active is None else str(token.max_active),
        expires="" if token.expires_at is None else token.expires_at[:_MINUTE],
    )


def given_form(form: Pairs) -> TokenForm:
    """What was sent, to be looked at once more."""
    plain = {name: first(form, name) for name in TokenForm.__struct_fields__}
    return TokenForm(
        **{name: plain[name] for name in _TEXTS},
        kinds=tuple(every(form, "kinds")),
        permissions=tuple(every(form, "permissions")),
        rate_time=Length(first(form, "rate_time"), first(form, "rate_time_unit")),
        spend_time=Length(first(form, "spend_time"), first(form, "spend_time_unit")),
        rate_sliding=first(form, "rate_sliding") == "yes",
        spend_sliding=first(form, "spend_sliding") == "yes",
    )


def wanted(form: Pairs) -> dict[str, object]:
    """The body for the management API that a form asks for: all of its fields, what is empty as nothing."""
    rate, spend = number(first(form, "rate")), number(first(form, "spend"))
    expires = first(form, "expires")
    return {
        "name": first(form, "name"),
        "note": first(form, "note"),
        "user": first(form, "user"),
        "team": first(form, "team"),
        "permissions": every(form, "permissions"),
        "gateways": words(first(form, "gateways")),
        "providers": words(first(form, "providers")),
        "models": words(first(form, "models")),
        "operations": [*every(form, "kinds"), *words(first(form, "operations"))],
        "metadata": metadata(first(form, "metadata")),
        "rate_limit": None
        if rate is None
        else {"limit": rate, "interval": seconds(form, "rate_time"), "technique": _technique(form, "rate")},
        "spend_limit": None
        if spend is None
        else {"limit": spend, "window": seconds(form, "spend_time"), "technique": _technique(form, "spend")},
        "max_estimate": number(first(form, "max_estimate")),
        "max_active": number(first(form, "max_active")),
        "expires_at": expires or None,
    }


def _technique(form: Pairs, name: str) -> str:
    return "sliding" if first(form, f"{name}_sliding") == "yes" else "fixed"
