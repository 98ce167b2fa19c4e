"""From settings and directory to a `World`: every gateway with the hooks of its policies, every provider.

The only place that knows which policies there are and when one is off. Made anew at each change of either;
opens no stores and serves nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from penstock.access.provider_secret import headers_of
from penstock.access.vault import SealBroken, Vault
from penstock.clock import Clock
from penstock.control.catalog import Catalog, Listed
from penstock.pricing.price_book import PriceBook
from penstock.providers.base import ExtraHeaders
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.providers.registry import Registry
from penstock.proxy.call import Admit, Gateway, Identify
from penstock.proxy.policies.auth import Authentication
from penstock.proxy.policies.cors import Cors
from penstock.proxy.policies.rate_limit import RateLimit, rate_claim
from penstock.proxy.policies.retry import gateway_rules
from penstock.proxy.policies.spend_limit import SpendLimits, compiled
from penstock.proxy.policies.stored_keys import DEFAULT_ALIAS, StoredKey, StoredKeys
from penstock.proxy.policies.stream_usage import StreamUsage
from penstock.proxy.routing import DEFAULT_GATEWAY, World
from penstock.settings import ConfigError, GatewaySettings, Settings
from penstock.settings.check import Problem
from penstock.stores.control_store import CustomProvider, ProviderKey, Snapshot
from penstock.stores.counters import Counters

log = logging.getLogger("penstock.assembly")


@dataclass(frozen=True, slots=True)
class Shared:
    """What policies work with. `public`: strangers can reach this gateway."""

    counters: Counters
    book: PriceBook
    clock: Clock
    public: bool


def build_registry(settings: Settings) -> Registry:
    """The providers of the configuration file. Raises `ConfigError`."""
    return _registry(settings, {}, {}, ())


def build_world(
    settings: Settings, snapshot: Snapshot, catalog: Catalog, vault: Vault | None, shared: Shared
) -> World:
    """Compiles gateways and providers for serving. Raises `ConfigError`."""
    gateways = {
        (one.account, one.id): _gateway(settings, one.account, one.id, one.fields, snapshot, vault, shared)
        for one in _served(catalog, public=shared.public)
    }
    made = {
        (account, DEFAULT_GATEWAY): _made_default(settings, account, snapshot, vault, shared)
        for account in sorted({*catalog.accounts, *settings.accounts} - _accounts_with_default(catalog))
    }
    return World(
        gateways, build_registry(settings), _registries(settings, snapshot, vault), snapshot.version, made
    )


# -- gateways


def _served(catalog: Catalog, *, public: bool) -> Iterable[Listed]:
    """All gateways but those that would serve strangers. One of the file would have been refused before."""
    for stored, reason in catalog.left_out:
        log.error("gateway %s/%s of the directory is not served: %s", stored.account, stored.gateway, reason)
    for one in catalog:
        if one.lost_secrets:
            log.error(
                "gateway %s sends nothing to receivers of its own: its secrets cannot be opened", one.name
            )
        if public and not one.fields.authentication and one.source != "file":
            log.error(
                "gateway %s is not served: it asks nobody for a token, and strangers can reach this address; "
                "set `authentication` on it",
                one.name,
            )
        else:
            yield one


def _gateway(
    settings: Settings,
    account: str,
    name: str,
    fields: GatewaySettings,
    snapshot: Snapshot,
    vault: Vault | None,
    shared: Shared,
) -> Gateway:
    keys = _stored_keys(account, name, snapshot, vault)
    return Gateway(
        account,
        name,
        fields.collect_logs,
        _identify(settings, snapshot, fields),
        _admit(account, name, fields, snapshot, shared),
        fields.cache_ttl or 0,
        sha256(repr(fields).encode()).hexdigest()[:16] if fields.cache_invalidate_on_update else "",
        gateway_rules(fields.retry_max_attempts, fields.retry_delay, fields.retry_backoff),
        StoredKeys(keys) if keys else None,
        fields.byok_only,
        _spending(account, name, fields, snapshot, shared),
        bool(fields.otel),
        forward_cookies=fields.forward_cookies,
        request_hooks=(StreamUsage(shared.clock, always=fields.stream_usage == "ask"),),
    )


def _accounts_with_default(catalog: Catalog) -> set[str]:
    """One that is not served is there all the same: its limits must not be got round."""
    places = [*catalog.gateways, *((row.account, row.gateway) for row, _ in catalog.left_out)]
    return {account for account, gateway in places if gateway == DEFAULT_GATEWAY}


def _made_default(
    settings: Settings, account: str, snapshot: Snapshot, vault: Vault | None, shared: Shared
) -> Gateway:
    """The `default` of an account that has set up none, as Cloudflare makes it for an authenticated call."""
    fields = GatewaySettings(authentication=True)
    made = _gateway(settings, account, DEFAULT_GATEWAY, fields, snapshot, vault, shared)
    return replace(made, identify=_identify(settings, snapshot))


def _identify(
    settings: Settings, snapshot: Snapshot, fields: GatewaySettings | None = None
) -> tuple[Identify, ...]:
    """The door. Without `fields` it is that of an account's `default` that nobody has set up."""
    # Also where nobody has to show a token: one that is shown all the same must not go to the provider.
    admin = settings.admin_token or ""
    door = Authentication(
        snapshot.tokens,
        admin,
        settings.server.own_hosts,
        required=fields is None or fields.authentication,
        made_for_callers=fields is None,
    )
    if fields is None or not fields.cors_origins:
        return (door.identify,)
    return (Cors(fields.cors_origins).identify, door.identify)


def _admit(
    account: str, name: str, fields: GatewaySettings, snapshot: Snapshot, shared: Shared
) -> tuple[Admit, ...]:
    own = None
    if fields.rate_limiting_limit and fields.rate_limiting_interval:
        own = rate_claim(
            f"rate {account}\x1f{name}".encode(),
            fields.rate_limiting_limit,
            fields.rate_limiting_interval,
            fields.rate_limiting_technique,
        )
    if own is None and all(token.rate_limit is None for token in snapshot.tokens):
        return ()
    return (RateLimit(own, shared.counters, shared.clock).admit,)


def limits_spending(catalog: Catalog, snapshot: Snapshot) -> bool:
    """Whether anything anywhere limits what calls may cost."""
    limits = (one.fields.spend_limits for one in catalog)
    return any(limit is not None and limit.enabled for limit in limits) or any(
        token.spend_limit is not None for token in snapshot.tokens
    )


def _spending(
    account: str, name: str, fields: GatewaySettings, snapshot: Snapshot, shared: Shared
) -> SpendLimits | None:
    limits = fields.spend_limits
    rules = [
        compiled(rule, index)
        for index, rule in enumerate(limits.rules if limits is not None and limits.enabled else ())
        if rule.enabled
    ]
    if not rules and all(token.spend_limit is None for token in snapshot.tokens):
        return None
    return SpendLimits(account, name, rules, shared.counters, shared.book, shared.clock)


def _stored_keys(account: str, gateway: str, snapshot: Snapshot, vault: Vault | None) -> list[StoredKey]:
    """The gateway's keys; the account's for an alias, or a default one, that the gateway has none for."""
    if vault is None:
        return []
    theirs = [key for key in snapshot.provider_keys if key.account == account]
    own = [key for key in theirs if key.gateway == gateway]
    named = {(key.provider, key.alias) for key in own}
    settled = {key.provider for key in own if key.is_default or key.alias == DEFAULT_ALIAS}
    shared = [key for key in theirs if key.gateway == "" and (key.provider, key.alias) not in named]
    opened = ((key, _open(vault, key)) for key in (*own, *shared))
    return [
        StoredKey(
            key.id,
            key.provider,
            key.alias,
            secret,
            key.hosts,
            key.is_default and (key.gateway != "" or key.provider not in settled),
        )
        for key, secret in opened
        if secret is not None
    ]


def _open(vault: Vault, key: ProviderKey) -> bytes | None:
    try:
        return vault.open(key.sealed, key.seal_context)
    except SealBroken as error:
        log.error("the stored key %s of %s is not used: %s", key.id, key.provider, error)
        return None


# -- providers


def _registries(settings: Settings, snapshot: Snapshot, vault: Vault | None) -> dict[str, Registry]:
    """A registry for each account with custom providers of its own. A wrong one is left out, and said."""
    found: dict[str, Registry] = {}
    for account in {provider.account for provider in snapshot.custom_providers}:
        urls: dict[str, str] = {}
        guarded: list[str] = []
        headers: dict[str, ExtraHeaders] = {}
        for provider in snapshot.custom_providers:
            if provider.account != account or not provider.enable:
                continue
            slug = CUSTOM_PREFIX + provider.slug
            try:
                headers[slug] = _headers(provider, vault)
                Registry({slug: provider.base_url})
            except (SealBroken, ValueError) as error:
                log.error("the custom provider %s is not used: %s", slug, error)
            else:
                urls[slug] = provider.base_url
                if not (provider.allow_private or settings.server.allow_private_providers):
                    guarded.append(slug)
        found[account] = _registry(settings, urls, headers, guarded)
    return found


def _headers(provider: CustomProvider, vault: Vault | None) -> ExtraHeaders:
    if provider.sealed_headers is None:
        return ()
    if vault is None:
        raise SealBroken("its headers are sealed, and the master key is missing")
    return headers_of(vault.open(provider.sealed_headers, provider.seal_context))


def _registry(
    settings: Settings, urls: Mapping[str, str], headers: Mapping[str, ExtraHeaders], guarded: Sequence[str]
) -> Registry:
    """The file's providers and some more; the file's own go first."""
    theirs = {slug: provider.base_url for slug, provider in settings.providers.items()}
    extra = {
        slug: tuple((name.lower(), value) for name, value in provider.headers.items())
        for slug, provider in settings.providers.items()
    }
    try:
        return Registry(
            {**urls, **theirs},
            headers={**headers, **extra},
            guarded=[slug for slug in guarded if slug not in theirs],
        )
    except ValueError as error:
        raise ConfigError([Problem(None, None, str(error))]) from error
