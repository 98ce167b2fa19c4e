"""Provider configs of a gateway: its stored keys of providers (Cloudflare 3.13, 4.5).

A secret comes in, is sealed, and never goes out again. There is no store of secrets beside these: a secret's id is
what the client calls it, or the config's. The paths are those of gateways, and show their keys; with `""` in place of a
gateway, which no path has, the same functions are for the keys of all gateways of an account.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from penstock.access.provider_secret import checked_secret
from penstock.control.no_effect import in_key
from penstock.control.provider_rows import check_hosts, fitting, provider_slug, with_secret
from penstock.management.endpoint import delete, endpoints, get, post, put
from penstock.management.paging import Listing, Paging, page_of
from penstock.management.paths import need_gateway
from penstock.management.problem import invalid, not_found
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.settings.server import HostName
from penstock.stores.control_store import Add, Need, ProviderKey, Remove, Replace, Snapshot
from penstock.time_text import rfc3339

_BASE = "/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/provider_configs"
_ONE = f"{_BASE}/{{provider_config_id}}"
_TAG = "AI Gateway Provider Configs"


_MOST: Final = 2**53 - 1

Alias = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f]{1,200}\Z", description="up to 200 characters, none of them a control one"
    ),
]
SecretId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z", description="up to 64 letters, digits, _ and -")
]
Limit = Annotated[int, Meta(ge=1, le=_MOST)]
Slug = Annotated[str, Meta(min_length=1, max_length=64)]
Hosts = Annotated[tuple[HostName, ...], Meta(max_length=100)]
GivenSecret = Annotated[
    str,
    Meta(max_length=64 * 1024, description="up to 65536 characters", extra={"secret": True}),
]


class ProviderConfigBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to store. `hosts` is our own: where it may go, for providers whose address callers choose."""

    alias: Alias
    """What callers pick it by; in a gateway each has another."""
    default_config: bool
    """Is it used where a call names none?"""
    provider_slug: Slug
    """The provider it is for."""
    secret: GivenSecret | None = None
    """The key. It is sealed, and never goes out again."""
    secret_id: SecretId | None = None
    """What to call the secret; there is no other store of secrets."""
    rate_limit: Limit | None = None
    """Calls in a period; left out, any number."""
    rate_limit_period: Limit = 60
    """Seconds of a period."""
    hosts: Hosts = ()
    """Where it may go, for providers whose address callers choose."""


class ProviderConfigUpdate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed, the secret first of all; what is not named stays as it is."""

    secret: GivenSecret | UnsetType = UNSET
    """The key. It is sealed, and never goes out again."""
    alias: Alias | UnsetType = UNSET
    """What callers pick it by."""
    default_config: bool | UnsetType = UNSET
    """Is it used where a call names none?"""
    rate_limit: Limit | UnsetType | None = UNSET
    """Calls in a period; null is any number."""
    rate_limit_period: Limit | UnsetType = UNSET
    """Seconds of a period."""
    hosts: Hosts | UnsetType = UNSET
    """Where it may go, for providers whose address callers choose."""


class ProviderConfigAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A stored key as it is shown."""

    id: str
    """What the API knows it by."""
    alias: str
    """What callers pick it by."""
    default_config: bool
    """Is it used where a call names none?"""
    gateway_id: str
    """The gateway it is for."""
    modified_at: str
    """When it was last changed: RFC 3339, UTC."""
    provider_slug: str
    """The provider it is for."""
    secret_id: str
    """What the secret is called."""
    secret_preview: str
    """A few characters to know the key by."""
    rate_limit: int | None
    """Calls in a period; null is any number."""
    rate_limit_period: int
    """Seconds of a period."""
    hosts: tuple[str, ...]
    """Where it may go."""


@get(_BASE, "aig-config-list-providers", permission="read", tag=_TAG)
def list_provider_configs(
    resources: Resources, request: Request, query: Paging
) -> Listing[ProviderConfigAnswer]:
    """List the gateway's stored keys."""
    _need(resources, request)
    snapshot = resources.snapshot()
    keys = [key for key in snapshot.provider_keys if _is_here(key, request)]
    for key in query.part(keys):
        _say_in_vain(request, key)
    return page_of([_shown(key) for key in keys], query)


@post(_BASE, "aig-config-create-providers", permission="edit", tag=_TAG)
def create_provider_config(
    resources: Resources, request: Request, body: ProviderConfigBody
) -> ProviderConfigAnswer:
    """Store a provider's key for this gateway."""
    need = _need(resources, request)
    provider = _slug(body.provider_slug)
    _check_hosts(provider, body.hosts)
    if body.secret is None:
        raise invalid(
            "there is no store of secrets here to find a secret_id in: give the secret", "body", "secret"
        )
    key = ProviderKey(
        id=resources.clock.new_id(request.now_us),
        account=request.account,
        gateway=request.gateway,
        provider=provider,
        alias=body.alias,
        is_default=body.default_config,
        sealed=b"",
        preview="",
        hosts=tuple(dict.fromkeys(body.hosts)),
        rate_limit=body.rate_limit,
        rate_limit_period=body.rate_limit_period,
        secret_id=body.secret_id or "",
        created_us=request.now_us,
        modified_us=request.now_us,
    )
    store = resources.control_store(request.caller)
    key = _sealed(resources, store.snapshot(), key, body.secret)
    store.apply([*need, Add(key)])
    _say_in_vain(request, key)
    return _shown(key)


@put(_ONE, "aig-config-update-providers", permission="edit", tag=_TAG)
def update_provider_config(
    resources: Resources, request: Request, body: ProviderConfigUpdate
) -> ProviderConfigAnswer:
    """Put another secret in a stored key's place."""
    store = resources.control_store(request.caller)
    snapshot = store.snapshot()
    old = _key(snapshot, request)
    new = msgspec.structs.replace(old, **_plain(body), modified_us=request.now_us)
    _check_hosts(new.provider, new.hosts)
    if not isinstance(body.secret, UnsetType):
        new = _sealed(resources, snapshot, new, body.secret)
    store.apply([Replace(old, new)])
    _say_in_vain(request, new)
    return _shown(new)


@delete(_ONE, "aig-config-delete-providers", permission="edit", tag=_TAG)
def delete_provider_config(resources: Resources, request: Request) -> ProviderConfigAnswer:
    """Remove a stored key."""
    store = resources.control_store(request.caller)
    key = _key(store.snapshot(), request)
    store.apply([Remove(key)])
    return _shown(key)


def _say_in_vain(request: Request, key: ProviderKey) -> None:
    for one in in_key(key):
        request.say(f"key {key.alias} of {key.provider}: {one.sentence}", one.field)


def _key(snapshot: Snapshot, request: Request) -> ProviderKey:
    for key in snapshot.provider_keys:
        if key.id == request.names["provider_config_id"] and _is_here(key, request):
            return key
    raise not_found("provider config")


def _need(resources: Resources, request: Request) -> tuple[Need | Add, ...]:
    """What goes before a change. Raises `ManagementError` 404."""
    return need_gateway(resources, request) if request.gateway else ()


def _is_here(key: ProviderKey, request: Request) -> bool:
    return (key.account, key.gateway) == (request.account, request.gateway)


def _plain(body: ProviderConfigUpdate) -> dict[str, object]:
    """The fields to change, but for the secret."""
    given = {
        "alias": body.alias,
        "is_default": body.default_config,
        "rate_limit": body.rate_limit,
        "rate_limit_period": body.rate_limit_period,
        "hosts": body.hosts,
    }
    return {name: value for name, value in given.items() if value is not UNSET}


def _slug(name: str) -> str:
    try:
        return provider_slug(name)
    except ValueError as error:
        raise invalid(str(error), "body", "provider_slug") from None


def _check_hosts(provider: str, hosts: tuple[str, ...]) -> None:
    try:
        check_hosts(provider, hosts)
    except ValueError as error:
        raise invalid(str(error), "body", "hosts") from None


def _sealed(resources: Resources, snapshot: Snapshot, key: ProviderKey, secret: str) -> ProviderKey:
    try:
        plain = fitting(key.provider, checked_secret(secret.encode()))
    except ValueError as error:
        raise invalid(str(error), "body", "secret") from None
    return with_secret(key, plain, resources.sealer(snapshot))


def _shown(key: ProviderKey) -> ProviderConfigAnswer:
    return ProviderConfigAnswer(
        id=key.id,
        alias=key.alias,
        default_config=key.is_default,
        gateway_id=key.gateway,
        modified_at=rfc3339(key.modified_us),
        provider_slug=key.provider,
        secret_id=key.secret_id or key.id,
        secret_preview=key.preview,
        rate_limit=key.rate_limit,
        rate_limit_period=key.rate_limit_period,
        hosts=key.hosts,
    )


ENDPOINTS = endpoints(
    list_provider_configs, create_provider_config, update_provider_config, delete_provider_config
)
