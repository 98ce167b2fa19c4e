"""Where a caller's key goes: SDKs send it where their own provider reads it, and it is for another one here.

What was sent is moved on the call's head before anybody looks at it, so that caches, stored keys and the provider all
see it where it belongs. Changes the call; decides nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

from penstock.providers.base import Provider
from penstock.proxy.call import Call
from penstock.wire.headers import Header, has_credential, without

_PLACES: Final = (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key")
"""Where SDKs put a key."""

_KEY: Final = re.compile(rb"[!-~]+")
_AUTHORIZATION: Final = "authorization"
_BEARER_KEY: Final = b"Bearer "
_BEARER: Final = b"bearer"


def move_credential(call: Call, provider: Provider) -> None:
    """Puts the caller's key where the provider reads it. What is no key but a signature, say, stays as it is."""
    if any(name.encode("ascii") in _PLACES for name, _ in provider.extra_headers):
        return  # the operator's own goes in its place, wherever that is
    wanted, scheme = provider.key_header
    shown = call.head.credentials
    if len(shown) == 1 and not call.withheld and not call.query:
        name, value = shown[0]
        if wanted == _AUTHORIZATION == name.decode("latin-1") and value.startswith(_BEARER_KEY):  # as a rule
            return
    found = next(_shown(call, provider), None)
    if found is None:
        return
    name, value = found
    if provider.reads_either and name.decode("ascii") in provider.credential_headers:
        return
    key = _key_of(value)
    if key is None:
        return
    if provider.bearers is not None and provider.bearers.fullmatch(key):
        wanted, scheme = "authorization", "Bearer "
    _put(call, (wanted.encode("ascii"), f"{scheme}{key}".encode("latin-1")))


def _shown(call: Call, provider: Provider) -> Iterator[Header]:
    """What was sent as a key, the likeliest first: where the provider itself reads it."""
    head = call.head
    sent = [
        (name, value)
        for name, value in head.credentials
        if name in _PLACES and name.decode("ascii") not in call.withheld and has_credential(value)
    ]
    own = provider.key_header[0].encode("ascii")
    yield from sorted(sent, key=lambda pair: (pair[0] != own, _PLACES.index(pair[0])))
    for parameter in call.query.removeprefix(b"?").split(b"&"):
        name, _, text = parameter.partition(b"=")
        if unquote(name.decode("latin-1")) in provider.query_credentials and (
            value := unquote_to_bytes(text)
        ):
            yield b"", value


def _key_of(value: bytes) -> str | None:
    """The key in a header's value; None for another scheme than Bearer, and for what cannot be a line."""
    scheme, blank, rest = value.strip().partition(b" ")
    key = scheme if not blank else rest.strip() if scheme.lower() == _BEARER else b""
    return key.decode("ascii") if _KEY.fullmatch(key) else None


def _put(call: Call, header: Header) -> None:
    """The one key on the head."""
    head, (name, value) = call.head, header
    head.forward = [*without(head.forward, _PLACES), name, b": ", value, b"\r\n"]
    head.joined = b""
    call.withheld -= {name.decode("ascii")}  # what stood there was the gateway's own, and has gone
    head.credentials = [*(pair for pair in head.credentials if pair[0] not in _PLACES), header]
    lookup, key = call.lookup, (name.decode("ascii"), value.decode("latin-1"))
    places = frozenset(place.decode("ascii") for place in _PLACES)
    call.lookup = lambda asked: (key[1] if asked == key[0] else None) if asked in places else lookup(asked)
