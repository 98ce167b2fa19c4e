"""Custom providers of an account: list, add, look at, change and remove them (Cloudflare 3.15, 4.7).

Headers are sealed; only their names go out. A body that brings the mask back keeps the value, for as long as the
provider stays at its address: who may change it must not have it sent elsewhere. Where a provider may lead is
decided in `control/provider_rows.py`; what goes over the wire is in `custom_provider_shapes.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from penstock.access.master_key import MasterKeyError
from penstock.access.provider_secret import headers_text
from penstock.access.vault import Vault
from penstock.control.custom_providers import ABOUT
from penstock.control.provider_rows import OnlyIfAllowed, check_address, with_headers
from penstock.management.custom_provider_shapes import (
    CustomProviderAnswer,
    CustomProviderBody,
    CustomProviderPatch,
    CustomProvidersQuery,
    matches,
    opened_headers,
    ordered,
    shown,
)
from penstock.management.endpoint import delete, endpoints, get, patch, post
from penstock.management.paging import Listing
from penstock.management.problem import invalid, not_found
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.settings.gateway_secrets import MASK
from penstock.stores.control_store import Add, CustomProvider, Remove, Replace, Snapshot

_BASE = "/accounts/{account_id}/ai-gateway/custom-providers"
_ONE = f"{_BASE}/{{custom_provider_id}}"
_TAG = "AI Gateway Custom Providers"


@get(_BASE, "aig-config-list-custom-providers", permission="read", tag=_TAG)
def list_custom_providers(
    resources: Resources, request: Request, query: CustomProvidersQuery
) -> Listing[CustomProviderAnswer]:
    """List the account's custom providers."""
    snapshot = resources.snapshot()
    found = [
        row for row in snapshot.custom_providers if row.account == request.account and matches(row, query)
    ]
    part = query.part(ordered(found, query.order_by))
    return Listing(_shown(resources, snapshot, part), query, len(found))


@post(_BASE, "aig-config-create-custom-providers", permission="edit", tag=_TAG)
def create_custom_provider(
    resources: Resources, request: Request, body: CustomProviderBody
) -> CustomProviderAnswer:
    """Add a custom provider, called as `custom-{slug}`."""
    _check_new(resources, body.slug, body.base_url)
    store = resources.control_store(request.caller)
    row = CustomProvider(
        id=resources.clock.new_id(request.now_us),
        account=request.account,
        slug=body.slug,
        name=body.name,
        base_url=body.base_url,
        enable=body.enable,
        about=_about({}, body),
        created_us=request.now_us,
        modified_us=request.now_us,
    )
    if body.headers:
        row = _sealed(resources, store.snapshot(), row, _headers(body.headers, {}))
    store.apply([Add(row)])
    return _shown(resources, store.snapshot(), [row])[0]


@get(_ONE, "aig-config-fetch-custom-providers", permission="read", tag=_TAG)
def get_custom_provider(resources: Resources, request: Request) -> CustomProviderAnswer:
    """One custom provider."""
    snapshot = resources.snapshot()
    return _shown(resources, snapshot, [_row(snapshot, request)])[0]


@patch(_ONE, "aig-config-update-custom-providers", permission="edit", tag=_TAG)
def patch_custom_provider(
    resources: Resources, request: Request, body: CustomProviderPatch
) -> CustomProviderAnswer:
    """Change a custom provider."""
    store = resources.control_store(request.caller)
    snapshot = store.snapshot()
    old = _row(snapshot, request)
    new = _changed(resources, snapshot, old, body, request.now_us)
    store.apply([Replace(old, new)])
    return _shown(resources, store.snapshot(), [new])[0]


@delete(_ONE, "aig-config-delete-custom-providers", permission="edit", tag=_TAG)
def delete_custom_provider(resources: Resources, request: Request) -> CustomProviderAnswer:
    """Remove a custom provider."""
    store = resources.control_store(request.caller)
    snapshot = store.snapshot()
    row = _row(snapshot, request)
    removed = _shown(resources, snapshot, [row])
    store.apply([Remove(row)])
    return removed[0]


# -- rows


def _row(snapshot: Snapshot, request: Request) -> CustomProvider:
    for row in snapshot.custom_providers:
        if (row.account, row.id) == (request.account, request.names["custom_provider_id"]):
            return row
    raise not_found("custom provider")


def _changed(
    resources: Resources, snapshot: Snapshot, old: CustomProvider, body: CustomProviderPatch, now_us: int
) -> CustomProvider:
    given = {name: getattr(body, name) for name in ("name", "slug", "base_url", "enable")}
    plain = {name: value for name, value in given.items() if value is not UNSET}
    new = msgspec.structs.replace(old, **plain, about=_about(old.about, body), modified_us=now_us)
    moved = new.base_url != old.base_url
    if moved or new.slug != old.slug:
        _check_new(resources, new.slug, new.base_url, trusted=old.allow_private and not moved)
        # What the operator allowed was the old address.
        new = msgspec.structs.replace(new, allow_private=old.allow_private and not moved)
    if isinstance(body.headers, UnsetType):
        return _resealed(resources, snapshot, old, new)
    kept = {} if moved or old.sealed_headers is None else opened_headers(resources.vault(snapshot), old)
    return _sealed(resources, snapshot, new, _headers(body.headers or "", kept))


def _resealed(
    resources: Resources, snapshot: Snapshot, old: CustomProvider, new: CustomProvider
) -> CustomProvider:
    """With the headers there were. Sealed bytes are bound to the slug."""
    if old.sealed_headers is None:
        return new
    if new.base_url != old.base_url:
        raise invalid(
            "the headers were given for another base_url: send them, too, or null for none", "body", "headers"
        )
    if new.slug == old.slug:
        return new
    return _sealed(resources, snapshot, new, opened_headers(resources.vault(snapshot), old))


def _about(old: dict[str, object], body: CustomProviderBody | CustomProviderPatch) -> dict[str, object]:
    """What is kept for people; null takes it away."""
    given = {name: getattr(body, name) for name in ABOUT}
    merged = {**old, **{name: value for name, value in given.items() if value is not UNSET}}
    return {name: value for name, value in merged.items() if value is not None}


def _check_new(resources: Resources, slug: str, base_url: str, *, trusted: bool = False) -> None:
    """`trusted`: the operator has allowed this address, wherever it leads."""
    if f"{CUSTOM_PREFIX}{slug}" in resources.settings.providers:
        raise invalid(
            f"{CUSTOM_PREFIX}{slug} stands in penstock.toml: change it there, or take another slug",
            "body",
            "slug",
        )
    if trusted:
        return
    allow_private = resources.settings.server.allow_private_providers
    try:
        check_address(slug, base_url, allow_private=allow_private)
        url = urlsplit(base_url)
        if url.scheme not in ("https", "http"):
            raise ValueError(f"{base_url} is not an http(s) address")
    except OnlyIfAllowed as error:
        text = f"{error}: the operator's allow_private_providers would let it be used"
        raise invalid(text, "body", "base_url") from None
    except ValueError as error:
        raise invalid(str(error), "body", "base_url") from None


# -- headers


def _headers(text: str, kept: dict[str, str]) -> dict[str, str]:
    """Headers as they came, with the kept value wherever the mask stands."""
    try:
        given = msgspec.json.decode(text or "{}", type=dict[str, str])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise invalid("headers is not a JSON object of texts", "body", "headers") from None
    lost = [name for name, value in given.items() if value == MASK and name.lower() not in kept]
    if lost:
        raise invalid(
            f"{MASK} stands for a stored value, but there is none: give it", "body", "headers", lost[0]
        )
    return {name: kept[name.lower()] if value == MASK else value for name, value in given.items()}


def _sealed(
    resources: Resources, snapshot: Snapshot, row: CustomProvider, headers: dict[str, str]
) -> CustomProvider:
    if not headers:
        return msgspec.structs.replace(row, sealed_headers=None)
    try:
        text = headers_text(list(headers.items()))
    except ValueError as error:
        raise invalid(str(error), "body", "headers") from None
    return with_headers(row, text, resources.sealer(snapshot))


# -- what is shown


def _shown(
    resources: Resources, snapshot: Snapshot, rows: Sequence[CustomProvider]
) -> list[CustomProviderAnswer]:
    vault = _vault(resources, snapshot) if any(row.sealed_headers is not None for row in rows) else None
    return [shown(row, vault) for row in rows]


def _vault(resources: Resources, snapshot: Snapshot) -> Vault | None:
    """None where the master key is missing: what is stored can be looked at and removed all the same."""
    try:
        return resources.vault(snapshot)
    except MasterKeyError:
        return None


ENDPOINTS = endpoints(
    list_custom_providers,
    create_custom_provider,
    get_custom_provider,
    patch_custom_provider,
    delete_custom_provider,
)
