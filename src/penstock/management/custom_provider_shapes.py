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
from penstock.calls.log_record import rfc3339
from penstock.control.custom_providers import ABOUT, About, Name, Position, Text
from penstock.management.paging import Paging
from penstock.management.problem import invalid
from penstock.settings.gateway_secrets import MASK
from penstock.stores.control_store import CustomProvider

Slug = Annotated[
    str,
    Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}\Z", description="up to 63 lower-case letters, digits, - and _"),
]
Url = Annotated[str, Meta(min_length=1, max_length=2048)]

_ORDERS: Final = ("name", "slug", "position", "created_at", "modified_at")


class CustomProviderBody(About, frozen=True, kw_only=True):
    """A new custom provider. `headers` is the text of a JSON object."""

    name: Name
    slug: Slug
    base_url: Url
    enable: bool = False
    headers: Text | None = None


class CustomProviderPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed; what is not named stays as it is."""

    name: Name | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    base_url: Url | UnsetType = UNSET
    enable: bool | UnsetType = UNSET
    headers: Text | UnsetType | None = UNSET
    beta: bool | UnsetType | None = UNSET
    description: Text | UnsetType | None = UNSET
    link: Text | UnsetType | None = UNSET
    curl_example: Text | UnsetType | None = UNSET
    js_example: Text | UnsetType | None = UNSET
    position: Position | UnsetType | None = UNSET


class CustomProviderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A custom provider as it is shown. `headers` is None also where they cannot be opened."""

    id: str
    account_id: str
    account_tag: str
    name: str
    slug: str
    base_url: str
    enable: bool
    headers: str | None
    beta: bool | None = None
    description: str | None = None
    link: str | None = None
    curl_example: str | None = None
    js_example: str | None = None
    position: int | None = None
    logo: None = None
    created_at: str
    modified_at: str


class CustomProvidersQuery(Paging, frozen=True, kw_only=True):
    """Which custom providers, and in which order: `name ASC`."""

    enable: bool | None = None
    beta: bool | None = None
    search: str = ""
    order_by: str = ""


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
