"""The credential a call goes out with: the caller's own, or a stored key (Cloudflare 1.3.3, 3.13).

Whether the caller sent one and where it may stand, whether a stored one may be used in its place, and which of
several goes out next. A gateway's token that stood there is none. Sends nothing; the keys are in `stored_keys.py`,
which of a pool is set aside in `key_pool.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from urllib.parse import unquote, unquote_to_bytes

from penstock.errors import NO_CREDENTIALS, GatewayError
from penstock.providers.base import Provider
from penstock.proxy.call import Call, Route
from penstock.proxy.policies.key_pool import KeyPool, refused
from penstock.proxy.policies.stored_keys import StoredKey, check_destination, key_line
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
    if not (wanted or provider.extra_headers):
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
    if keys is None and (gateway.byok_only or controls.no_wholesale):
        raise GatewayError(
            NO_CREDENTIALS, f"send a credential of {provider.slug}, or store one on this gateway"
        )
    return keys


class KeyTurn:
    """The stored keys of one call, of which one goes out with each sending. `now` is in monotonic seconds."""

    __slots__ = ("_call", "_index", "_keys", "_lines", "_route")

    def __init__(self, call: Call, route: Route, keys: KeyPool[StoredKey], lines: list[bytes]) -> None:
        """`lines` are header lines in pieces, as in `RequestHead.forward`; credentials in them give way."""
        self._call = call
        self._route = route
        self._keys = keys
        self._lines = without(lines, {name.encode("ascii") for name in route.provider.credential_headers})
        self._index = 0

    def next_lines(self, now: float) -> list[bytes]:
        """The header lines with the key whose turn it is. Raises `GatewayError` where it may not go there."""
        call, route = self._call, self._route
        self._index = index = self._keys.choose(now)
        key = self._keys.keys[index]
        check_destination(key, route.provider, route.origin, overridden=route.overridden)
        call.stored_key = key.alias
        call.note("key", now, f"{key.alias} ({key.id})")
        call.secrets = (*call.secrets, key.secret)
        return [*self._lines, *key_line(route.provider, route.tail, key.secret)]

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
