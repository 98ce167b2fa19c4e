"""From settings and directory to a `World`: every gateway with the hooks of its policies, every provider.

The only place that knows which policies there are and when one is off. Made anew at each change of either;
opens no stores and serves nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from penstock.access.limit_counters import gateway_rate_key
from penstock.access.provider_secret import headers_of
from penstock.access.vault import SealBroken, Vault
from penstock.clock import Clock
from penstock.control.catalog import Catalog, Listed
from penstock.control.model_aliases import account_aliases
from penstock.pricing.known_models import KnownModels
from penstock.pricing.price_book import PriceBook
from penstock.providers.base import ExtraHeaders
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.providers.model_aliases import ModelAliases, faults
from penstock.providers.registry import Registry
from penstock.providers.signing import EnvironmentKeys
from penstock.proxy.call import Admit, Gateway, RequestHook
from penstock.proxy.policies.auth import Authentication
from penstock.proxy.policies.cors import Cors
from penstock.proxy.policies.own_webhooks import HookMemory, OwnWebhooks
from penstock.proxy.policies.rate_limit import RateLimit, rate_claim
from penstock.proxy.policies.recent_answers import RecentAnswers
from penstock.proxy.policies.retry import gateway_rules
from penstock.proxy.policies.spend_limit import SpendLimits
from penstock.proxy.policies.spend_rule import compiled
from penstock.proxy.policies.stored_keys import AccountKeys, KeyRate, StoredKey, StoredKeys
from penstock.proxy.policies.stream_usage import StreamUsage
from penstock.proxy.routing import World
from penstock.settings import ConfigError, GatewaySettings, Settings
from penstock.settings.check import Problem
from penstock.settings.models import flattened
from penstock.stores.control_store import CustomProvider, ProviderKey, Snapshot
from penstock.stores.counters import Counters
from penstock_common.check import dotted

log = logging.getLogger("penstock.assembly")


@dataclass(frozen=True, slots=True)
class Shared:
    """What policies work with. `public`: strangers can reach this gateway."""

    counters: Counters
    book: PriceBook
    clock: Clock
    public: bool
    hooks: HookMemory  # of what callers want to be told of their runs
    recent: RecentAnswers = field(default_factory=RecentAnswers)
    models: KnownModels = field(default_factory=KnownModels)


def build_registry(settings: Settings) -> Registry:
    """The providers of the configuration file. Raises `ConfigError`, also where `[models]` names others."""
    registry = _registry(settings, {}, {}, ())
    wrong = [
        Problem(settings.file, settings.model_lines.get(name), f"{dotted(('models', name))}: {reason}")
        for name, reason in faults(flattened(settings.models), registry)
    ]
    if wrong:
        raise ConfigError(wrong)
    return registry


def build_world(
    settings: Settings, snapshot: Snapshot, catalog: Catalog, vault: Vault | None, shared: Shared
) -> World:
    """Compiles gateways and providers for serving. Raises `ConfigError`."""
    common = _common(settings, snapshot, vault, shared)
    served = list(_served(catalog, public=shared.public))
    gateways = {
        (one.account, one.id): _gateway(one.account, one.id, one.fields, common, shared) for one in served
    }
    registries = _registries(settings, snapshot, vault)
    made = {(one.account, one.id): _made_default(one, common, shared) for one in catalog.implied_defaults()}
    nobody = _nobody(served, common)
    registry = build_registry(settings)
    return World(
        gateways,
        registry,
        registries,
        snapshot.version,
        nobody,
        made,
        shared.models,
        ModelAliases(settings.models),
        catalog.default_account,
        [(one.account, one.id) for one in served if not one.fields.authentication],
        account_aliases(settings, snapshot),
    )


# -- gateways


@dataclass(frozen=True, slots=True)
class _Common:
    """What many gateways have in common: made once, for there may be thousands of them, and of tokens and keys.

    `doors` by whether a token is required; `keys` in the open by account and gateway, "" for all of an account's.
    """

    doors: Mapping[bool, Authentication]
    made_door: Authentication  # of an account's `default` that nobody has set up
    keys: Mapping[tuple[str, str], Sequence[StoredKey]]
    account_keys: Mapping[str, AccountKeys]
    tokens_have_rates: bool
    tokens_have_limits: bool
    leads_anywhere: bool  # what callers choose may lead to addresses that are not public


def _common(settings: Settings, snapshot: Snapshot, vault: Vault | None, shared: Shared) -> _Common:
    tokens, admin = snapshot.tokens, settings.admin_token or ""
    keys = _opened(snapshot, vault, shared)
    return _Common(
        {
            required: Authentication(tokens, admin, settings.server.own_hosts, required=required)
            for required in (False, True)
        },
        Authentication(tokens, admin, settings.server.own_hosts, required=True, made_for_callers=True),
        keys,
        {account: AccountKeys(theirs) for (account, gateway), theirs in keys.items() if not gateway},
        any(token.rate_limit is not None for token in tokens),
        any(token.spend_limit is not None for token in tokens),
        settings.server.allow_private_providers,
    )


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


def _nobody(served: Iterable[Listed], common: _Common) -> Gateway | None:
    """The door before gateways that there are not: pages of other sites are not to find out the names of the others.

    None where all ask for a token: names open nothing there.
    """
    if all(one.fields.authentication for one in served):
        return None
    return Gateway("", "", collect_logs=False, identify=(common.doors[False].identify,))


def _gateway(account: str, name: str, fields: GatewaySettings, common: _Common, shared: Shared) -> Gateway:
    # Also where nobody has to show a token: one that is shown all the same must not go to the provider.
    door = common.doors[fields.authentication]
    own, all_others = common.keys.get((account, name), ()), common.account_keys.get(account)
    return Gateway(
        account,
        name,
        fields.collect_logs,
        (door.identify,) if not fields.cors_origins else (Cors(fields.cors_origins).identify, door.identify),
        _admit(account, name, fields, common, shared),
        fields.cache_ttl or 0,
        sha256(repr(fields).encode()).hexdigest()[:16] if fields.cache_invalidate_on_update else "",
        gateway_rules(fields.retry_max_attempts, fields.retry_delay, fields.retry_backoff),
        StoredKeys(own, all_others) if own or all_others is not None else None,
        fields.byok_only,
        _spending(account, name, fields, common, shared),
        bool(fields.otel),
        forward_cookies=fields.forward_cookies,
        parallel=fields.parallel,
        request_hooks=_request_hooks(account, name, fields, common, shared),
    )


def _request_hooks(
    account: str, name: str, fields: GatewaySettings, common: _Common, shared: Shared
) -> tuple[RequestHook, ...]:
    usage = StreamUsage(shared.clock, always=fields.stream_usage == "ask")
    webhook = None if fields.parallel is None else fields.parallel.webhook
    if webhook is None:
        return (usage,)
    anywhere = common.leads_anywhere
    return usage, OwnWebhooks(webhook, (account, name), shared.hooks, shared.clock, anywhere=anywhere)


def _made_default(one: Listed, common: _Common, shared: Shared) -> Gateway:
    """The `default` of an account that has set up none, as Cloudflare makes it for an authenticated call."""
    made = _gateway(one.account, one.id, one.fields, common, shared)
    return replace(made, identify=(common.made_door.identify,))


def _admit(
    account: str, name: str, fields: GatewaySettings, common: _Common, shared: Shared
) -> tuple[Admit, ...]:
    own = None
    if fields.rate_limiting_limit and fields.rate_limiting_interval:
        own = rate_claim(
            gateway_rate_key(account, name),
            fields.rate_limiting_limit,
            fields.rate_limiting_interval,
            fields.rate_limiting_technique,
        )
    if own is None and not common.tokens_have_rates:
        return ()
    return (RateLimit(own, shared.counters, shared.clock).admit,)


def limits_spending(catalog: Catalog, snapshot: Snapshot) -> bool:
    """Whether anything anywhere limits what calls may cost."""
    limits = (one.fields.spend_limits for one in catalog)
    return any(limit is not None and limit.enabled for limit in limits) or any(
        token.spend_limit is not None for token in snapshot.tokens
    )


def _spending(
    account: str, name: str, fields: GatewaySettings, common: _Common, shared: Shared
) -> SpendLimits | None:
    limits = fields.spend_limits
    rules = [
        compiled(rule, index)
        for index, rule in enumerate(limits.rules if limits is not None and limits.enabled else ())
        if rule.enabled
    ]
    if not rules and not common.tokens_have_limits:
        return None
    return SpendLimits(
        account, name, rules, shared.counters, shared.book, shared.clock, shared.recent, fields.unpriced
    )


def _opened(
    snapshot: Snapshot, vault: Vault | None, shared: Shared
) -> dict[tuple[str, str], list[StoredKey]]:
    """All keys, each opened once. One that cannot be keeps its place: no other is used where it was meant."""
    found: dict[tuple[str, str], list[StoredKey]] = {}
    for key in snapshot.provider_keys if vault is not None else ():
        rate = None
        if key.rate_limit is not None:
            rate = KeyRate(key.id, key.rate_limit, key.rate_limit_period, shared.counters, shared.clock)
        opened = StoredKey(
            key.id,
            key.provider,
            key.alias,
            _open(vault, key),
            key.hosts,
            is_default=key.is_default,
            rate=rate,
        )
        found.setdefault((key.account, key.gateway), []).append(opened)
    return found


def _open(vault: Vault | None, key: ProviderKey) -> bytes:
    """Empty where that does not work."""
    try:
        return b"" if vault is None else vault.open(key.sealed, key.seal_context)
    except SealBroken as error:
        log.error("the stored key %s of %s is not used: %s", key.id, key.provider, error)
        return b""


# -- providers


def _registries(settings: Settings, snapshot: Snapshot, vault: Vault | None) -> dict[str, Registry]:
    """A registry for each account with custom providers of its own. A wrong one is left out, and said."""
    found: dict[str, Registry] = {}
    by_account: dict[str, list[CustomProvider]] = {}
    for provider in snapshot.custom_providers:
        by_account.setdefault(provider.account, []).append(provider)
    for account, theirs in by_account.items():
        urls: dict[str, str] = {}
        guarded: list[str] = []
        headers: dict[str, ExtraHeaders] = {}
        for provider in theirs:
            if not provider.enable:
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
    theirs = {slug: provider.base_url for slug, provider in settings.providers.items() if provider.base_url}
    extra = {
        slug: tuple((name.lower(), value) for name, value in provider.headers.items())
        for slug, provider in settings.providers.items()
    }
    tokens = {slug: provider.token_url for slug, provider in settings.providers.items() if provider.token_url}
    try:
        return Registry(
            {**urls, **theirs},
            token_urls=tokens,
            headers={**headers, **extra},
            guarded=[slug for slug in guarded if slug not in theirs],
            environment={
                slug: EnvironmentKeys(provider.profile or "", provider.region or "")
                for slug, provider in settings.providers.items()
                if provider.credentials is not None
            },
        )
    except ValueError as error:
        raise ConfigError([Problem(None, None, str(error))]) from error
