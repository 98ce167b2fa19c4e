"""Stored provider keys: which one a call uses, and where it may go (Cloudflare 3.13).

Opened when the configuration was read, and in memory only. A stored key never goes to an address that the
caller chose. Pure but for the pools' memory of refused keys, and what counts how often a key goes out; nothing is sent
here, and nothing decrypted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from penstock.access.limit_counters import stored_key_counter
from penstock.clock import Clock
from penstock.errors import NO_CREDENTIALS, GatewayError
from penstock.providers.base import Provider
from penstock.providers.signing import EnvironmentKeys, SigningKey
from penstock.proxy.policies.key_pool import KeyPool
from penstock.stores.counters import Claim, Counters, Refused

DEFAULT_ALIAS = "default"
ENVIRONMENT_ALIAS = "environment"
"""What the log calls a key of the machine's environment."""


class KeyRate:
    """How often a stored key may go out, counted by all workers and for all gateways that use it (Cloudflare 4.5)."""

    __slots__ = ("_claim", "_clock", "_counters")

    def __init__(self, key_id: str, limit: int, seconds: int, counters: Counters, clock: Clock) -> None:
        counter = stored_key_counter(key_id, limit, seconds)
        self._claim = Claim(counter.key, 1, counter.limit, counter.window)
        self._counters = counters
        self._clock = clock

    def take(self) -> int:
        """Counts once more: 0, or the seconds until there is room. Raises `CountersUnavailable`."""
        outcome = self._counters.take((self._claim,), self._clock.now_us())
        return max(1, -(-outcome.retry_us // 1_000_000)) if isinstance(outcome, Refused) else 0


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key in the open; one that cannot be opened has no `secret`, and is not used.

    `hosts` are where it may go besides the vendor's own. Without an `id` it is no stored one, but a caller's own, or
    one of the `environment`, which is asked for it when a call goes out.
    """

    id: str
    provider: str
    alias: str
    secret: bytes = field(repr=False)
    hosts: tuple[str, ...] = ()
    is_default: bool = False  # its alias stands for the default one, too
    rate: KeyRate | None = field(default=None, repr=False)
    environment: EnvironmentKeys | None = None


_LINE = re.compile(rb"[\t -~\x80-\xff]+")
_BEARER = ("authorization", "Bearer ")


_Place = tuple[str, str]
"""Provider and alias: their keys are one pool."""


def _by_place(keys: Iterable[StoredKey]) -> dict[_Place, tuple[StoredKey, ...]]:
    """Those that can be used; also of a place that has none."""
    found: dict[_Place, list[StoredKey]] = {}
    for key in keys:
        found.setdefault((key.provider, key.alias), []).extend([key] if key.secret else ())
    return {place: tuple(some) for place, some in found.items()}


def _defaults(keys: Mapping[_Place, Sequence[StoredKey]]) -> dict[str, str]:
    """The alias that stands for the default one, by provider."""
    return {
        provider: alias for (provider, alias), some in keys.items() if any(key.is_default for key in some)
    }


class AccountKeys:
    """The keys of an account for all of its gateways, which share them: there may be thousands of both."""

    __slots__ = ("by_place", "defaults")

    def __init__(self, keys: Iterable[StoredKey]) -> None:
        self.by_place = _by_place(keys)
        self.defaults = _defaults(self.by_place)


_NO_OTHERS = AccountKeys(())


class StoredKeys:
    """The keys of one gateway, in pools by provider and alias.

    Its own, and its account's for an alias, or a default one, that it has none for. A pool is made when a call first
    asks for it: which keys are set aside is remembered for each gateway.
    """

    __slots__ = ("_defaults", "_others", "_own", "_pools")

    def __init__(self, own: Iterable[StoredKey], others: AccountKeys | None = None) -> None:
        self._own = _by_place(own)
        self._defaults = _defaults(self._own)
        self._others = others or _NO_OTHERS
        self._pools: dict[_Place, KeyPool[StoredKey]] = {}

    def pool(self, provider: Provider, alias: str) -> KeyPool[StoredKey] | None:
        """The keys of an alias. Raises `GatewayError` 400/2040 for one that was named and is not there."""
        default = self._default(provider.slug)
        pool = self._pool((provider.slug, alias or default))
        if pool is None and alias == DEFAULT_ALIAS:
            pool = self._pool((provider.slug, default))
        if pool is None and alias:
            raise GatewayError(NO_CREDENTIALS, f"there is no stored key {alias!r} for {provider.slug}")
        return pool

    def holds(self, slug: str) -> bool:
        """Whether there is a key of a provider's, of whatever alias, and even if it cannot be opened."""
        return any(place[0] == slug for keys in (self._own, self._others.by_place) for place in keys)

    def _pool(self, place: _Place) -> KeyPool[StoredKey] | None:
        pool = self._pools.get(place)
        if pool is None:
            keys = self._own.get(place)
            if keys is None:
                keys = self._others.by_place.get(place)
            if not keys:
                return None
            pool = self._pools[place] = KeyPool(keys)
        return pool

    def _default(self, slug: str) -> str:
        own = self._defaults.get(slug)
        if own is not None or (slug, DEFAULT_ALIAS) in self._own:
            return own or DEFAULT_ALIAS
        alias = self._others.defaults.get(slug, DEFAULT_ALIAS)
        return DEFAULT_ALIAS if (slug, alias) in self._own else alias

    def away(self, now: float) -> list[tuple[StoredKey, float]]:
        """The keys that are set aside, each with the seconds left (`now`: monotonic)."""
        return [entry for pool in self._pools.values() for entry in pool.away(now)]


def check_destination(key: StoredKey, provider: Provider, origin: str, *, overridden: bool) -> None:
    """Raises `GatewayError` where a key would go to a host that is anybody's.

    Where the operator said where calls go, or the host is the vendor's own, all is well. A host of the vendor's
    customers must be named with the key.
    """
    host = urlsplit(origin).hostname or ""
    if overridden or host in provider.domains or host in key.hosts:
        return
    if any(host.endswith(ending) for ending in provider.tenant_hosts):
        raise GatewayError(
            NO_CREDENTIALS,
            f"the stored key of {provider.slug} may not go to {host}; name the host with the key",
        )


def key_line(provider: Provider, tail: str, secret: bytes) -> list[bytes]:
    """The header line that carries a key to a provider's tail, in the pieces of `RequestHead.forward`.

    Raises `GatewayError` for one that must not go there.
    """
    if not _LINE.fullmatch(secret):
        raise GatewayError(NO_CREDENTIALS, f"the stored key of {provider.slug} is not one line")
    why = provider.unfit and provider.unfit(secret)
    if why:
        raise GatewayError(NO_CREDENTIALS, f"the stored key of {provider.slug} cannot be used: {why}")
    at = provider.key_header_at
    name, scheme = provider.key_header if at is None else at(tail)
    if provider.bearers is not None and provider.bearers.fullmatch(secret.decode("latin-1")):
        name, scheme = _BEARER
    return [name.encode("ascii"), b": ", scheme.encode("ascii"), secret, b"\r\n"]


def parts_of(provider: Provider, key: StoredKey) -> SigningKey:
    """A credential of several parts, which a call is signed with. Raises `GatewayError` for who cannot use it."""
    signing = provider.signing
    whose = "the stored key of" if key.id else "the service account sent to"
    if signing is None:
        raise GatewayError(
            NO_CREDENTIALS, f"{whose} {provider.slug} has several parts, and it takes those of one line only"
        )
    try:
        return signing.read(key.secret)
    except ValueError as error:
        raise GatewayError(NO_CREDENTIALS, f"{whose} {provider.slug} cannot be used: {error}") from None
