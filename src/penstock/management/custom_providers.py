"""Custom providers of an account: list, add, look at, change and remove them (Cloudflare 3.15, 4.7).

Headers are sealed; only their names go out. A body that brings the mask back keeps the value, for as long as the
provider stays at its address: who may change it must not have it sent elsewhere. Where a provider may lead is
decided in `control/provider_rows.py` and `proxy/upstream/egress.py`; what goes over the wire is in
`custom_provider_shapes.py`.
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
from penstock.control.provider_rows import check_address, with_headers
from penstock.management.answer import Answer, listing, result
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
from penstock.management.endpoint import Ask, Endpoint, read_body, read_page, read_query
from penstock.management.problem import invalid, not_found
from penstock.management.resources import Desk
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.proxy.upstream.egress import check_guarded
from penstock.proxy.upstream.exchange import UpstreamError
from penstock.settings.gateway_secrets import MASK
from penstock.stores.control_store import Add, CustomProvider, Remove, Replace, Snapshot


def list_(desk: Desk, ask: Ask) -> Answer:
    query = read_query(ask, CustomProvidersQuery)
    page = read_page(ask, query.page, query.per_page)
    snapshot = desk.control_store(ask.caller).snapshot()
    found = [row for row in snapshot.custom_providers if row.account == ask.account and matches(row, query)]
    part = ordered(found, query.order_by)[page.offset : page.offset + page.per_page]
    return listing(_shown(desk, snapshot, part), page, len(found))


def create(desk: Desk, ask: Ask) -> Answer:
    body = read_body(ask, CustomProviderBody)
    _check_new(desk, body.slug, body.base_url)
    store = desk.control_store(ask.caller)
    row = CustomProvider(
        id=desk.clock.new_id(ask.now_us),
        account=ask.account,
        slug=body.slug,
        name=body.name,
        base_url=body.base_url,
        enable=body.enable,
        about=_about({}, body),
        created_us=ask.now_us,
        modified_us=ask.now_us,
    )
    if body.headers:
        row = _sealed(desk, store.snapshot(), row, _headers(body.headers, {}))
    store.apply([Add(row)])
    return result(_shown(desk, store.snapshot(), [row])[0])


def get(desk: Desk, ask: Ask) -> Answer:
    snapshot = desk.control_store(ask.caller).snapshot()
    return result(_shown(desk, snapshot, [_row(snapshot, ask)])[0])


def patch(desk: Desk, ask: Ask) -> Answer:
    body = read_body(ask, CustomProviderPatch)
    store = desk.control_store(ask.caller)
    snapshot = store.snapshot()
    old = _row(snapshot, ask)
    new = _changed(desk, snapshot, old, body, ask.now_us)
    store.apply([Replace(old, new)])
    return result(_shown(desk, store.snapshot(), [new])[0])


def delete(desk: Desk, ask: Ask) -> Answer:
    store = desk.control_store(ask.caller)
    snapshot = store.snapshot()
    row = _row(snapshot, ask)
    removed = _shown(desk, snapshot, [row])
    store.apply([Remove(row)])
    return result(removed[0])


# -- rows


def _row(snapshot: Snapshot, ask: Ask) -> CustomProvider:
    for row in snapshot.custom_providers:
        if (row.account, row.id) == (ask.account, ask.names["custom_provider_id"]):
            return row
    raise not_found("custom provider")


def _changed(
    desk: Desk, snapshot: Snapshot, old: CustomProvider, body: CustomProviderPatch, now_us: int
) -> CustomProvider:
    given = {name: getattr(body, name) for name in ("name", "slug", "base_url", "enable")}
    plain = {name: value for name, value in given.items() if value is not UNSET}
    new = msgspec.structs.replace(old, **plain, about=_about(old.about, body), modified_us=now_us)
    moved = new.base_url != old.base_url
    if moved or new.slug != old.slug:
        _check_new(desk, new.slug, new.base_url, trusted=old.allow_private and not moved)
        # What the operator allowed was the old address.
        new = msgspec.structs.replace(new, allow_private=old.allow_private and not moved)
    if isinstance(body.headers, UnsetType):
        return _resealed(desk, snapshot, old, new)
    kept = {} if moved or old.sealed_headers is None else opened_headers(desk.vault(snapshot), old)
    return _sealed(desk, snapshot, new, _headers(body.headers or "", kept))


def _resealed(desk: Desk, snapshot: Snapshot, old: CustomProvider, new: CustomProvider) -> CustomProvider:
    """With the headers there were. Sealed bytes are bound to the slug."""
    if old.sealed_headers is None:
        return new
    if new.base_url != old.base_url:
        raise invalid(
            "the headers were given for another base_url: send them, too, or null for none", "body", "headers"
        )
    if new.slug == old.slug:
        return new
    return _sealed(desk, snapshot, new, opened_headers(desk.vault(snapshot), old))


def _about(old: dict[str, object], body: CustomProviderBody | CustomProviderPatch) -> dict[str, object]:
    """What is kept for people; null takes it away."""
    given = {name: getattr(body, name) for name in ABOUT}
    merged = {**old, **{name: value for name, value in given.items() if value is not UNSET}}
    return {name: value for name, value in merged.items() if value is not None}


def _check_new(desk: Desk, slug: str, base_url: str, *, trusted: bool = False) -> None:
    """`trusted`: the operator has allowed this address, wherever it leads."""
    if f"{CUSTOM_PREFIX}{slug}" in desk.settings.providers:
        raise invalid(
            f"{CUSTOM_PREFIX}{slug} stands in penstock.toml: change it there, or take another slug",
            "body",
            "slug",
        )
    if trusted:
        return
    allow_private = desk.settings.server.allow_private_providers
    try:
        check_address(slug, base_url, allow_private=allow_private)
        url = urlsplit(base_url)
        if url.scheme not in ("https", "http"):
            raise ValueError(f"{base_url} is not an http(s) address")
        if not allow_private:
            check_guarded(url.hostname or "", is_socket=False)
    except (ValueError, UpstreamError) as error:
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


def _sealed(desk: Desk, snapshot: Snapshot, row: CustomProvider, headers: dict[str, str]) -> CustomProvider:
    if not headers:
        return msgspec.structs.replace(row, sealed_headers=None)
    try:
        text = headers_text(list(headers.items()))
    except ValueError as error:
        raise invalid(str(error), "body", "headers") from None
    return with_headers(row, text, desk.sealer(snapshot))


# -- what is shown


def _shown(desk: Desk, snapshot: Snapshot, rows: Sequence[CustomProvider]) -> list[CustomProviderAnswer]:
    vault = _vault(desk, snapshot) if any(row.sealed_headers is not None for row in rows) else None
    return [shown(row, vault) for row in rows]


def _vault(desk: Desk, snapshot: Snapshot) -> Vault | None:
    """None where the master key is missing: what is stored can be looked at and removed all the same."""
    try:
        return desk.vault(snapshot)
    except MasterKeyError:
        return None


_BASE = "/accounts/{account_id}/ai-gateway/custom-providers"
_ONE = f"{_BASE}/{{custom_provider_id}}"
_TAG = "AI Gateway Custom Providers"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="GET",
        path=_BASE,
        handler=list_,
        permission="read",
        scope="account",
        name="aig-config-list-custom-providers",
        summary="List the account's custom providers",
        tag=_TAG,
        query=CustomProvidersQuery,
        result=CustomProviderAnswer,
        is_list=True,
    ),
    Endpoint(
        method="POST",
        path=_BASE,
        handler=create,
        permission="edit",
        scope="account",
        name="aig-config-create-custom-providers",
        summary="Add a custom provider, called as `custom-{slug}`",
        tag=_TAG,
        body=CustomProviderBody,
        result=CustomProviderAnswer,
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        handler=get,
        permission="read",
        scope="account",
        name="aig-config-fetch-custom-providers",
        summary="One custom provider",
        tag=_TAG,
        result=CustomProviderAnswer,
    ),
    Endpoint(
        method="PATCH",
        path=_ONE,
        handler=patch,
        permission="edit",
        scope="account",
        name="aig-config-update-custom-providers",
        summary="Change a custom provider",
        tag=_TAG,
        body=CustomProviderPatch,
        result=CustomProviderAnswer,
    ),
    Endpoint(
        method="DELETE",
        path=_ONE,
        handler=delete,
        permission="edit",
        scope="account",
        name="aig-config-delete-custom-providers",
        summary="Remove a custom provider",
        tag=_TAG,
        result=CustomProviderAnswer,
    ),
)
