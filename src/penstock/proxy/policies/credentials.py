"""The credential a call goes out with: the caller's own, or a stored key (Cloudflare 1.3.3, 3.13).

Whether the caller sent one and where it may stand, whether a stored one may be used in its place, and which of
several goes out next. A gateway's token that stood there is none. Sends nothing; the keys are in `stored_keys.py`,
which of a pool is set aside in `key_pool.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from urllib.parse import unquote, unquote_to_bytes

from penstock.errors import NO_CREDENTIALS, RATE_LIMITED, UNAVAILABLE, GatewayError
from penstock.providers.base import Provider
from penstock.providers.credential_place import place_of
from penstock.providers.signing import CredentialPlace, EnvironmentKeys, SigningKey, is_of_parts
from penstock.proxy.call import Call, Route
from penstock.proxy.policies.key_pool import KeyPool, refused
from penstock.proxy.policies.stored_keys import (
    ENVIRONMENT_ALIAS,
    StoredKey,
    check_destination,
    key_line,
    parts_of,
)
from penstock.stores.counters import CountersUnavailable
from penstock.wire.headers import has_credential, without


def sent_credential(
    provider: Provider, headers: Iterable[tuple[bytes, bytes]], query: bytes, withheld: Collection[str]
) -> bytes:
    """All that the caller sent to prove itself to the provider, by name; empty when that is nothing.

    `headers` are credentials with names in lower case; those in `withheld` were the gateway's own business.
    """
    names = provider.credential_headers
    theirs = [pair for pair in headers if pair[0].decode("latin-1") in names]
    return every_credential(provider, theirs, query, withheld)


def sent_values(
    provider: Provider, headers: Iterable[tuple[bytes, bytes]], withheld: Collection[str]
) -> list[bytes]:
    """The same, each by itself and without its name; those that stand in a query are left out."""
    return [
        value
        for header, value in headers
        if (name := header.decode("latin-1")) in provider.credential_headers
        and name not in withheld
        and has_credential(value)
    ]


def every_credential(
    provider: Provider, headers: Iterable[tuple[bytes, bytes]], query: bytes, withheld: Collection[str]
) -> bytes:
    """The same, with what stands where this provider would not look: it tells one caller from another too."""
    found = [
        header + b":" + value.strip()
        for header, value in headers
        if not (withheld and header.decode("latin-1") in withheld) and has_credential(value)
    ]
    if query and provider.query_credentials:
        pairs = (parameter.partition(b"=") for parameter in query.removeprefix(b"?").split(b"&"))
        names = provider.query_credentials
        values = (
            unquote_to_bytes(value) for name, _, value in pairs if unquote(name.decode("latin-1")) in names
        )
        found += [b"?" + value for value in values if value]
    found.sort()
    return b"\n".join(found)


def usable_keys(call: Call, route: Route) -> KeyPool[StoredKey] | None:
    """The stored keys that may go out with the call; None when it goes with what the caller sent, if anything.

    Raises `GatewayError` 400/2040 where it may use none and has to. To be asked before anything is looked up
    for the call: what a stored key has paid for is for those who may use it.
    """
    provider, gateway, controls = route.provider, call.gateway, call.controls
    wanted = gateway.keys is not None or gateway.byok_only or controls.no_wholesale or controls.byok_alias
    if not (wanted or provider.adds_credentials):
        return None
    if sent_credential(provider, call.head.credentials, call.query, call.withheld):
        return None
    keys = None
    if gateway.keys is not None:
        keys = gateway.keys.pool(provider, controls.byok_alias)
    elif controls.byok_alias:
        raise GatewayError(
            NO_CREDENTIALS, f"there is no stored key {controls.byok_alias!r} for {provider.slug}"
        )
    if keys is None and (given := _given(call, provider)) is not None:
        return KeyPool((StoredKey("", provider.slug, ENVIRONMENT_ALIAS, b"", environment=given),))
    if keys is None and (gateway.byok_only or controls.no_wholesale):
        raise GatewayError(
            NO_CREDENTIALS, f"send a credential of {provider.slug}, or store one on this gateway"
        )
    return keys


def _given(call: Call, provider: Provider) -> EnvironmentKeys | None:
    """What the operator said of the environment's keys, where no stored one is meant to be used."""
    given = None if provider.signing is None else provider.signing.environment
    stored = call.gateway.keys
    return None if given is None or (stored is not None and stored.holds(provider.slug)) else given


def may_be_given(call: Call, provider: Provider) -> bool:
    """Whether calls that bring no credential go out with one of the environment."""
    return not call.controls.byok_alias and _given(call, provider) is not None


def sent_keys(call: Call, provider: Provider) -> KeyPool[StoredKey] | None:
    """The caller's own credential, where it has several parts and so does not go out itself; as a rule none.

    Every line is looked into: what stands in a second one must not go out either.
    """
    sent = None if provider.signing is None else provider.signing.sent
    if sent is None or "authorization" in call.withheld:
        return None
    if any(name == "authorization" for name, _ in provider.extra_headers):
        return None  # the operator's goes in the caller's place
    for name, value in call.head.credentials:
        if name == b"authorization" and (text := sent(value)):
            return KeyPool((StoredKey("", provider.slug, "", text),))
    return None


def place_for(call: Call, provider: Provider) -> CredentialPlace:
    """The region and project of the credential that a call would go out with: the caller's own, or else the first of
    the stored ones, of which those of one alias are taken to be for one place.

    Raises `GatewayError` 400/2040 for an alias that was named and is not there.
    """
    sent = (call.header(provider.key_header[0]) or "").encode("latin-1")
    given = _given(call, provider)
    if given is not None and given.region and not has_credential(sent):
        return CredentialPlace(given.region, "")
    if has_credential(sent) or call.gateway.keys is None:
        return place_of(provider, sent)
    keys = call.gateway.keys.pool(provider, call.controls.byok_alias)
    return place_of(provider, keys.keys[0].secret if keys else b"")


class KeyTurn:
    """The stored keys of one call, of which one goes out with each sending. `now` is in monotonic seconds."""

    __slots__ = ("_call", "_index", "_keys", "_route", "lines", "parts")

    def __init__(self, call: Call, route: Route, keys: KeyPool[StoredKey], lines: list[bytes]) -> None:
        """`lines` are header lines in pieces, as in `RequestHead.forward`; credentials in them give way."""
        self._call = call
        self._route = route
        self._keys = keys
        self.lines = without(lines, {name.encode("ascii") for name in route.provider.credential_headers})
        self.parts: SigningKey | None = None  # of the key whose turn it is, where it has several
        self._index = 0

    def next_lines(self, now: float) -> list[bytes]:
        """The header lines with the key whose turn it is, or without: then `parts` are to be signed with.

        Raises `GatewayError` where it may not go there, and 429/2003 where each key has gone out as often as it may.
        """
        call, route = self._call, self._route
        index = self._keys.choose(now)
        key = self._keys.keys[index]
        if key.rate is not None:
            index = self._within_rates(index, now)
            key = self._keys.keys[index]
        self._index = index
        check_destination(key, route.provider, route.origin, overridden=route.overridden)
        call.stored_key = key.alias
        if key.environment is not None:
            call.note("key", now, "of the gateway's environment")
            self.parts = key.environment
            return self.lines
        call.note("key", now, f"{key.alias} ({key.id})" if key.id else "the caller's service account")
        call.secrets = (*call.secrets, key.secret)
        if is_of_parts(key.secret):
            self.parts = parts_of(route.provider, key)
            return self.lines
        self.parts = None
        return [*self.lines, *key_line(route.provider, route.tail, key.secret)]

    def _within_rates(self, first: int, now: float) -> int:
        """The key whose turn it is of those that may go out once more."""
        keys, waits = self._keys, []
        for index in (first, *keys.others(first, now)):
            rate = keys.keys[index].rate
            try:
                seconds = 0 if rate is None else rate.take()
            except CountersUnavailable as error:
                raise GatewayError(UNAVAILABLE, "requests cannot be counted at the moment") from error
            if not seconds:
                keys.take(index)
                return index
            waits.append(seconds)
        soonest, slug = min(waits), self._route.provider.slug
        raise GatewayError(
            RATE_LIMITED,
            f"the stored keys of {slug} have gone out as often as they may; try again in {soonest} s",
            headers=b"retry-after: %d\r\n" % soonest,
        )

    @property
    def has_another(self) -> bool:
        """Whether there is a key beside the one whose turn it was."""
        return len(self._keys.keys) > 1

    def is_refused(
        self, status: int, retry_after: float | None, now: float, *, hopeless: bool = False
    ) -> bool:
        """Notes how the key did; whether it was refused and another one can be tried in its place.

        `hopeless`: the provider says not to try again.
        """
        keys, index = self._keys, self._index
        if not refused(status):
            keys.restore(index)
            return False
        keys.set_aside(index, now, status, retry_after, hopeless=hopeless)
        return keys.is_available(keys.choose(now), now)
