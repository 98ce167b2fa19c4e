"""Custom providers on the wire: what may be sent, what is shown, and in which order (Cloudflare 4.7).

Nothing is stored here. Of headers, which may hold credentials, only the names are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from penstock.access.provider_secret import headers_of
from penstock.access.vault import SealBroken, Vault
from penstock.control.custom_providers import ABOUT, About, Name, Position, Text
from penstock.management.paging import Paging
from penstock.management.problem import invalid
from penstock.settings.gateway_secrets import MASK
from penstock.stores.control_store import CustomProvider
from penstock.time_text import rfc3339

Slug = Annotated[
    str,
    Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}\Z", description="up to 63 lower-case letters, digits, - and _"),
]
Url = Annotated[str, Meta(min_length=1, max_length=2048)]

_ORDERS: Final = ("name", "slug", "position", "created_at", "modified_at")


class CustomProviderBody(About, frozen=True, kw_only=True):
    """A new custom provider. `headers` is the text of a JSON object."""

    name: Name
    """What people call it."""
    slug: Slug
    """Calls name it `custom-{slug}`."""
    base_url: Url
    """Where its calls go."""
    enable: bool = False
    """Can it be called?"""
    headers: Text | None = None
    """Sent with every call: the text of a JSON object. They are sealed."""


class CustomProviderPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed; what is not named stays as it is."""

    name: Name | UnsetType = UNSET
    """What people call it."""
    slug: Slug | UnsetType = UNSET
    """Calls name it `custom-{slug}`."""
    base_url: Url | UnsetType = UNSET
    """Where its calls go."""
    enable: bool | UnsetType = UNSET
    """Can it be called?"""
    headers: Text | UnsetType | None = UNSET
    """Sent with every call: the text of a JSON object; null for none. A masked value stays what it was."""
    beta: bool | UnsetType | None = UNSET
    """Is it a trial?"""
    description: Text | UnsetType | None = UNSET
    """What it is."""
    link: Text | UnsetType | None = UNSET
    """Where people read more."""
    curl_example: Text | UnsetType | None = UNSET
    """A call of it with curl."""
    js_example: Text | UnsetType | None = UNSET
    """A call of it in JavaScript."""
    position: Position | UnsetType | None = UNSET
    """Its place in lists; the lowest comes first."""


class CustomProviderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A custom provider as it is shown. `headers` is None also where they cannot be opened."""

    id: str
    """What the API knows it by."""
    account_id: str
    """The account it belongs to."""
    account_tag: str
    """The account once more, as Cloudflare has it."""
    name: str
    """What people call it."""
    slug: str
    """Calls name it `custom-{slug}`."""
    base_url: str
    """Where its calls go."""
    enable: bool
    """Can it be called?"""
    headers: str | None
    """The names of its headers, with masks for values: the text of a JSON object."""
    beta: bool | None = None
    """Is it a trial?"""
    description: str | None = None
    """What it is."""
    link: str | None = None
    """Where people read more."""
    curl_example: str | None = None
    """A call of it with curl."""
    js_example: str | None = None
    """A call of it in JavaScript."""
    position: int | None = None
    """Its place in lists; the lowest comes first."""
    logo: None = None
    """Always null."""
    created_at: str
    """When it was made: RFC 3339, UTC."""
    modified_at: str
    """When it was last changed: RFC 3339, UTC."""


class CustomProvidersQuery(Paging, frozen=True, kw_only=True):
    """Which custom providers, and in which order: `name ASC`."""

    enable: bool | None = None
    """Only those that can be called, or not."""
    beta: bool | None = None
    """Only trials, or none."""
    search: str = ""
    """A part of id, name or slug."""
    order_by: str = ""
    """`name`, `slug`, `position`, `created_at` or `modified_at`, then `ASC` or `DESC`."""


def shown(row: CustomProvider, vault: Vault | None) -> CustomProviderAnswer:
    """As it is shown; without a vault its headers are not."""
    about = {name: row.about.get(name) for name in ABOUT}
    return msgspec.convert(
        {
            **about,
            "id": row.id,
            "account_id": row.account,
            "account_tag": row.account,
            "name": row.name,
            "slug": row.slug,
            "base_url": row.base_url,
            "enable": row.enable,
            "headers": _names(vault, row),
            "created_at": rfc3339(row.created_us),
            "modified_at": rfc3339(row.modified_us),
        },
        CustomProviderAnswer,
    )


def opened_headers(vault: Vault, row: CustomProvider) -> dict[str, str]:
    """Names in lower case and values. Raises `SealBroken`."""
    if row.sealed_headers is None:
        return {}
    try:
        return dict(headers_of(vault.open(row.sealed_headers, row.seal_context)))
    except ValueError as error:
        raise SealBroken(str(error)) from None


def _names(vault: Vault | None, row: CustomProvider) -> str | None:
    """The headers as the text of a JSON object, the mask in place of each value."""
    if vault is None or row.sealed_headers is None:
        return None
    try:
        names = opened_headers(vault, row)
    except SealBroken:
        return None
    return msgspec.json.encode(dict.fromkeys(names, MASK)).decode()


def matches(row: CustomProvider, query: CustomProvidersQuery) -> bool:
    """Whether it was asked for."""
    search = query.search.lower()
    return (
        query.enable in (None, row.enable)
        and query.beta in (None, bool(row.about.get("beta")))
        and any(search in text.lower() for text in (row.id, row.name, row.slug))
    )


def ordered(rows: Sequence[CustomProvider], order_by: str) -> list[CustomProvider]:
    """Oldest first where nothing is said. Raises `ManagementError` 400."""
    field, _, direction = order_by.partition(" ")
    if not order_by:
        return list(rows)
    if field not in _ORDERS or direction.upper() not in ("", "ASC", "DESC"):
        raise invalid(f"order_by must be one of {', '.join(_ORDERS)}, then ASC or DESC", "query", "order_by")
    return sorted(rows, key=lambda row: _rank(row, field), reverse=direction.upper() == "DESC")


def _rank(row: CustomProvider, field: str) -> tuple[str, int]:
    match field:
        case "name":
            return row.name.lower(), 0
        case "slug":
            return row.slug, 0
        case "created_at":
            return "", row.created_us
        case "modified_at":
            return "", row.modified_us
    position = row.about.get("position")
    return "", position if isinstance(position, int) else 0
