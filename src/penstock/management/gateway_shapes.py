"""Gateways on the wire: what may be sent, and what is shown (Cloudflare 4.2).

Pure. Types, ranges and defaults are those of `settings.gateways`; which fields are secret, and how they are kept,
is in `settings.gateway_secrets` and `control.stored_gateways`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from penstock.control.catalog import Listed
from penstock.settings.gateway_fields import Fields, to_fields
from penstock.settings.gateway_secrets import masked
from penstock.settings.gateways import DEFAULT_GATEWAY, LONGEST_WINDOW, GatewayId, GatewaySettings, Technique
from penstock.settings.value_types import Count
from penstock.time_text import rfc3339


class GatewayUpdate(GatewaySettings, frozen=True, kw_only=True):
    """All fields of a gateway; one left out gets its default. What cannot be written is taken, and not looked at."""

    id: str | None = None
    """The gateway's id, which stays."""
    authentication: bool | UnsetType = UNSET  # type: ignore[assignment]  # left out: what is safe
    """Must callers show a token? Left out: only where the gateway listens beyond its own machine."""
    cache_invalidate_on_update: bool
    cache_ttl: Count | None
    collect_logs: bool
    rate_limiting_interval: Annotated[int, Meta(ge=0, le=LONGEST_WINDOW)] | None
    rate_limiting_limit: Count | None
    rate_limiting_technique: Technique | None = None  # type: ignore[assignment]  # clients send null, too
    """How the window moves; null is `fixed`."""
    account_id: str | None = None
    """Taken, and not looked at."""
    account_tag: str | None = None
    """Taken, and not looked at."""
    created_at: str | None = None
    """Taken, and not looked at."""
    internal: bool | None = None
    """Taken, and not looked at."""
    internal_id: str | None = None
    """Taken, and not looked at."""
    is_default: bool | None = None
    """Taken, and not looked at."""
    modified_at: str | None = None
    """Taken, and not looked at."""
    wholesale: bool | None = None
    """Taken, and not looked at."""


class GatewayCreate(GatewayUpdate, frozen=True, kw_only=True):
    """A new gateway."""

    id: GatewayId
    """What calls name it by."""


class GatewayAnswer(GatewaySettings, frozen=True, kw_only=True):
    """A gateway as it is shown: secrets masked. Times of one that is not stored are the beginning of 1970."""

    id: str
    """What calls name it by."""
    account_id: str
    """The account it belongs to."""
    account_tag: str
    """The account once more, as Cloudflare has it."""
    internal_id: str
    """An id that no other gateway ever has."""
    created_at: str
    """When it was made: RFC 3339, UTC."""
    modified_at: str
    """When it was last changed: RFC 3339, UTC."""
    is_default: bool
    """Is it the gateway called `default`?"""
    internal: bool
    """Always false."""
    wholesale: bool
    """Always false: no credits are resold here."""


GatewayShown = Annotated[dict[str, object], GatewayAnswer]
"""What inner objects do not have is left out, not null: clients tell their shapes apart by that."""


def to_write(body: GatewayUpdate, authentication: bool) -> Fields:
    """The fields that count of what was sent; `authentication` is that of a gateway that says nothing of it."""
    sent = to_fields(body)
    sent["rate_limiting_technique"] = body.rate_limiting_technique or "fixed"
    sent["authentication"] = authentication
    return {name: sent[name] for name in GatewaySettings.__struct_fields__}


def shown(listed: Listed) -> GatewayShown:
    """A gateway as it is shown."""
    stored = listed.stored
    created = 0 if stored is None else stored.created_us
    modified = 0 if stored is None else stored.modified_us
    fields = {name: _tidy(value) for name, value in masked(to_fields(listed.fields)).items()}
    return {
        "id": listed.id,
        **fields,
        "account_id": listed.account,
        "account_tag": listed.account,
        "internal_id": _internal_id(listed) if stored is None else stored.id,
        "created_at": rfc3339(created),
        "modified_at": rfc3339(modified),
        "is_default": listed.id == DEFAULT_GATEWAY,
        "internal": False,
        "wholesale": False,
    }


def _tidy(value: object) -> object:
    """Without what inner objects do not have."""
    if isinstance(value, dict):
        return {name: _tidy(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_tidy(item) for item in value]
    return value


def _internal_id(listed: Listed) -> str:
    """Of a gateway that is not stored: the same one at all times, in the form of a UUID."""
    digits = sha256(f"{listed.account}\0{listed.id}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
