"""What makes two requests the same: the cache's key, and that of an `Idempotency-Key` (Cloudflare 3.2).

Pure. Account, gateway and credential are in every key, so that nobody gets an answer that was made for somebody
else; metadata is in none. Whether a call is looked up at all is decided here too, where it is kept is not.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from hashlib import sha256

from penstock.pieces import Pieces
from penstock.providers.operation import Cacheable
from penstock.proxy.call import Call, Route
from penstock.proxy.policies.credentials import every_credential
from penstock.proxy.policies.stored_keys import DEFAULT_ALIAS

_LENGTHS = [struct.Struct(f"<{count}Q") for count in range(9)]
_REMEMBERED_LENGTH = 256  # of paths; longer ones would fill the memory, a few thousand of them
_REMEMBERED_NAMES = 1024  # bytes of all names of a head, likewise
_LARGE = b"\n\0large"  # stands behind no header, and in no query
AT_ONCE = 524_288
"""Bytes of a body that is large."""

_DEFAULT_TTL = 300  # with a key of the caller's own, and no other word about time
_DIRECTIVES = (b"-version", b"-beta")  # headers that end so change what a provider answers
_ANYTHING = b"*/*"  # as good as no `Accept` at all
_DIRECTIVE_NAMES = frozenset({b"accept", b"openai-organization", b"openai-project"})


def cache_ttl(call: Call) -> int:
    """Seconds for which the answer may be kept and given again; 0: this call is not the cache's business.

    The request's word goes before the gateway's. Unasked only what is answered out of the request itself is cached,
    and leaves nothing behind at the provider: who orders something a second time wants a second one.
    """
    controls = call.controls
    if controls.skip_cache or controls.cache_ttl == 0:
        return 0
    if call.operation.cacheable is Cacheable.REFUSED:
        return 0
    if controls.cache_ttl is not None:
        asked = controls.cache_ttl
    elif controls.cache_key:
        asked = call.gateway.cache_ttl or _DEFAULT_TTL
    else:
        return call.gateway.cache_ttl if call.operation.is_kept else 0
    if call.operation.secret:
        return 0
    return asked if call.method in (b"POST", b"GET") else 0


def large_body(body: bytes) -> Pieces[tuple[bytes, bytes]]:
    """What stands for a large body in keys: its digest, which takes a while to make. A small one stands for itself."""
    digest, view = sha256(), memoryview(body)
    for start in range(0, len(body), AT_ONCE):
        digest.update(view[start : start + AT_ONCE])
        yield 2 * AT_ONCE
    return digest.digest(), _LARGE


def cache_key(call: Call, route: Route, body: bytes, mark: bytes = b"") -> bytes:
    """32 bytes. A key of the caller's own stands for everything about the request but who asks, and where.

    `body`, `mark`: itself and nothing, or what `large_body` has of it.
    """
    gateway, provider = call.gateway, route.provider
    credential = _credential(call, route)
    if call.controls.cache_key:
        place = _place(gateway.account, gateway.id, gateway.cache_mark, "", provider.fingerprint, "", b"")
        return _digest(place, credential, b"own", call.controls.cache_key)
    place_of = _place if len(route.path) <= _REMEMBERED_LENGTH else _place.__wrapped__
    place = place_of(
        gateway.account,
        gateway.id,
        gateway.cache_mark,
        provider.slug,
        provider.fingerprint,
        route.origin,
        route.path,
    )
    query = call.query if route.query is None else route.query
    directives = _directives(call.head.forward)
    if call.operation.vary:
        directives += b"\n" + b"\n".join(
            f"{name}:{call.header(name)}".encode() for name in call.operation.vary
        )
    if call.rewritten:  # the answer is to another request than came
        directives += b"\n\n" + call.rewritten.encode()
    return _digest(place, credential, call.method + query, directives + mark, body)


@lru_cache(maxsize=4096)
def _place(
    account: str, gateway: str, mark: str, slug: str, fingerprint: str, origin: str, path: bytes
) -> bytes:
    """What calls to one place have in common; there are few places."""
    names = (account, gateway, mark, slug, fingerprint, origin)
    return _digest(*(name.encode() for name in names), path)


def once_key(call: Call, route: Route) -> bytes:
    """32 bytes for an `Idempotency-Key`, which belongs to who sent it."""
    gateway = call.gateway
    owner = call.token.id.encode() if call.token is not None else _credential(call, route)
    return _digest(b"once", gateway.account.encode(), gateway.id.encode(), owner, call.head.idempotency_key)


def fingerprint(call: Call, route: Route, body: bytes, mark: bytes = b"") -> bytes:
    """16 bytes that tell one request from another under the same `Idempotency-Key`."""
    return _digest(route.provider.slug.encode(), call.method, route.path, call.query + mark, body)[:16]


def _credential(call: Call, route: Route) -> bytes:
    """The caller's own credentials, and the alias of the stored one that goes in their place."""
    shown = call.head.credentials
    if call.head.secrets:
        shown = [*shown, *call.head.secrets]
    sent = every_credential(route.provider, shown, call.query, call.withheld)
    if sent and call.keys is None:
        return b"sent " + sent
    alias = (call.controls.byok_alias or DEFAULT_ALIAS).encode()
    return b"stored " + alias + b" " + sent


def _directives(forward: list[bytes]) -> bytes:
    """The headers that change what a provider answers."""
    names = tuple(forward[::4])
    is_usual = sum(map(len, names)) <= _REMEMBERED_NAMES
    directives = _directives_among if is_usual else _directives_among.__wrapped__
    found = [
        name + b":" + forward[place]
        for name, place in directives(names)
        if not (name == b"accept" and forward[place] == _ANYTHING)
    ]
    found.sort()
    return b"\n".join(found)


@lru_cache(maxsize=1024)
def _directives_among(names: tuple[bytes, ...]) -> list[tuple[bytes, int]]:
    """Those of some headers that are directives, in lower case, and where their values stand among the pieces of lines.

    Most callers send the same headers again and again.
    """
    lower = [(name.lower(), 4 * index + 2) for index, name in enumerate(names)]
    return [one for one in lower if one[0].endswith(_DIRECTIVES) or one[0] in _DIRECTIVE_NAMES]


def _digest(*parts: bytes) -> bytes:
    """Of the parts with their lengths, so that nothing can move from one into the next."""
    lengths = _LENGTHS[len(parts)].pack(*map(len, parts))
    return sha256(lengths + b"".join(parts)).digest()
