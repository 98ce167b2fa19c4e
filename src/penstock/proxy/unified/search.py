"""A search on the unified endpoint: what is asked, of whom, and with whose key (search and runs A1).

The body is Parallel's and is checked once, before anybody is chosen; who is asked is named beside it by `model`. What
goes to a provider is made anew, and nothing of the caller's head but its key goes to another one than Parallel. What
providers take and answer is in `wire/search/`, what becomes of their answers in `search_answers.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import Final

import msgspec

from penstock.errors import (
    BODY_TOO_LARGE,
    INVALID_PROVIDER,
    INVALID_SEARCH,
    METHOD_NOT_ALLOWED,
    GatewayError,
)
from penstock.providers.base import Provider
from penstock.providers.registry import Registry
from penstock.providers.spoken import Spoken, chosen
from penstock.proxy.call import Call, Gateway, Route
from penstock.proxy.redaction import secrets_of
from penstock.proxy.routing import Compat, OneModel, World
from penstock.proxy.unified.choice import LOOKED_AT_HERE, check_one_model
from penstock.proxy.unified.credential import move_credential
from penstock.proxy.unified.search_answers import Searched, searching
from penstock.proxy.whole_bodies import WholeBodies
from penstock.wire.answer_dialect import Dialect
from penstock.wire.headers import without
from penstock.wire.openai_chat import ChatRequest
from penstock.wire.search.provider import Sent
from penstock.wire.search.providers import SEARCH
from penstock.wire.search.question import Misasked, SearchAsked, read_search
from penstock.wire.surface import Surface

_MOST_BODY: Final = 1024 * 1024  # bytes: five queries and two hundred domains are far less
_USUAL: Final = "parallel"
_NAME: Final = "search"  # in `[models]`; behind a provider's name: of which kind, the mode tells
_TO_ANYBODY: Final = (b"user-agent", b"traceparent", b"tracestate")
_SAID_ANEW: Final = frozenset({b"accept", b"accept-encoding", b"content-type"})
_JSON: Final = b"application/json"

_to_json = msgspec.json.Encoder().encode


def is_search(tail: str) -> bool:
    """Whether a tail asks for a search."""
    return tail == Surface.SEARCH


class OneSearch(OneModel):
    """One of the providers that a search may go to. `keyed`: the caller's key is for it."""

    __slots__ = ("asked", "keyed")

    def __init__(self, gateway: Gateway, name: str, asked: SearchAsked, *, keyed: bool) -> None:
        """`name` is `provider/kind`."""
        members = {**dict(asked.members), "model": name}
        super().__init__(gateway, Surface.SEARCH, ChatRequest(_to_json(members)), name)
        self.asked = asked
        self.keyed = keyed


async def read_searches(call: Call, compat: Compat, world: World, bodies: WholeBodies) -> list[OneModel]:
    """The providers that a call may go to, in the order in which they are tried. Raises `GatewayError`."""
    if call.method != b"POST":
        raise GatewayError(METHOD_NOT_ALLOWED, "use POST for compat/search", headers=b"allow: POST\r\n")
    body = await bodies.plain(call)
    if len(body) > _MOST_BODY:
        raise GatewayError(BODY_TOO_LARGE, f"a search may have {_MOST_BODY} bytes")
    await check_one_model(call, body)
    try:
        small = len(body) <= LOOKED_AT_HERE
        asked, named = read_search(body) if small else await asyncio.to_thread(read_search, body)
    except Misasked as error:
        raise _misasked(error) from None
    gateway, registry = compat.gateway, world.providers_of(compat.gateway.account)
    own = _by_name(named or _USUAL, registry)  # whose key the caller's may be
    call.model = named = named or _unnamed(compat, world)
    names = _names(call, named, compat, world, registry)
    return [
        OneSearch(gateway, name, asked, keyed=own is not None and own is _by_name(name, registry))
        for name in names
    ]


async def choose_search(call: Call, place: OneSearch, world: World) -> Route:
    """Where the call goes; changes its head, body, method and address for that. Raises `GatewayError`."""
    if call.refusal is not None:
        raise call.refusal
    provider, spoken, kind = _chosen(place, world)
    call.surface = place.surface
    call.provider, call.model = provider, ""  # which one it is called in the log, its operation says
    own_shape = spoken.dialect is Dialect.PARALLEL
    try:
        sent = SEARCH[spoken.dialect].ask(place.asked, kind, _today(call))
    except Misasked as error:
        raise _misasked(error) from None
    if place.keyed and not _is_keyless(provider):
        move_credential(call, provider)
    else:
        _keep_credentials(call)
    _put(call, sent, None if own_shape else (*_TO_ANYBODY, *_own_places(provider)))
    searched = Searched(call, SEARCH[spoken.dialect], place.asked, sent.warnings, own_shape=own_shape)
    call.filters = (*call.filters, searching(searched))
    tail = spoken.path(kind)
    call.path = tail + call.query.decode("ascii")
    return replace(world.locate(place.gateway, provider, tail, call.header), query=call.query)


def _misasked(error: Misasked) -> GatewayError:
    return GatewayError(INVALID_SEARCH, str(error)[:2000], param=error.problems[0][0])


# -- who is asked


def _unnamed(compat: Compat, world: World) -> str:
    """Who is asked where the caller names nobody: what `[models]` calls `search`, or Parallel."""
    return _NAME if _NAME in world.aliases_of(compat.gateway.account).table else _USUAL


def _names(call: Call, named: str, compat: Compat, world: World, registry: Registry) -> Sequence[str]:
    """What is meant, each as `provider/kind`."""
    account = compat.gateway.account
    table = world.aliases_of(account).table
    asked = (named, *call.controls.fallback)
    found = (
        (one,) if one not in table and _is_bare(one, registry) else world.meant_by(account, one)
        for one in asked
    )
    meant = (one if "/" in one else f"{one}/{_NAME}" for one in chain.from_iterable(found))
    return list(dict.fromkeys(meant))


def _is_bare(name: str, registry: Registry) -> bool:
    """Whether a name is a provider's, without a kind behind it."""
    return "/" not in name and _by_name(name, registry) is not None


def _by_name(name: str, registry: Registry) -> Provider | None:
    prefix = name.partition("/")[0]
    return registry.find_compat(prefix) or registry.find(prefix)


def _chosen(place: OneSearch, world: World) -> tuple[Provider, Spoken, str]:
    prefix, _, kind = place.name.partition("/")
    provider = _by_name(prefix, world.providers_of(place.gateway.account))
    if provider is None:
        raise GatewayError(INVALID_PROVIDER, f"no provider is called {prefix[:64]!r}")
    speech = provider.speech
    if not speech.search:
        raise GatewayError(INVALID_PROVIDER, f"{provider.slug} has no search on the unified endpoint")
    found = chosen(speech, Surface.SEARCH, speech.kind_for(place.asked.mode) if kind == _NAME else kind)
    if found is None:
        fault = f"{provider.slug} has no search {kind[:64]!r}: see the guide for those there are"
        raise GatewayError(INVALID_PROVIDER, fault)
    spoken, name = found
    return provider, spoken, name


def _today(call: Call) -> str:
    return datetime.fromtimestamp(call.created_us // 1_000_000, UTC).date().isoformat()


# -- what goes out


def _is_keyless(provider: Provider) -> bool:
    """Whether callers have no key for it: it is the operator's own, and so is what stands before it."""
    return bool(provider.base_url_needed)


def _own_places(provider: Provider) -> tuple[bytes, ...]:
    return tuple(name.encode("ascii") for name in provider.credential_headers)


def _keep_credentials(call: Call) -> None:
    """What the caller proves itself with is for somebody else, and stays here."""
    head = call.head
    names = {name for name, _ in (*head.credentials, *head.secrets)}
    call.secrets = (*call.secrets, *secrets_of([*head.credentials, *head.secrets], b""))
    head.credentials, head.secrets = [], ()
    call.withheld |= {name.decode("latin-1") for name in names}
    head.forward, head.joined = without(head.forward, names), b""


def _put(call: Call, sent: Sent, passing: Sequence[bytes] | None) -> None:
    """The request on the call, for the provider and for the log. `passing`: header names; None: all do."""
    head, has_body = call.head, bool(sent.body)
    call.method = b"POST" if has_body else b"GET"
    call.query = f"?{sent.query}".encode("ascii") if sent.query else b""
    call.body.unpack(sent.body)
    call.body.size = len(sent.body)
    if not has_body:
        call.body.length = -1
    lines: list[bytes] = []
    for start in range(0, len(head.forward), 4):
        name = head.forward[start].lower()
        if name not in _SAID_ANEW and (passing is None or name in passing):
            lines += head.forward[start : start + 4]
    lines += (b"accept", b": ", _JSON, b"\r\n")
    if has_body:
        lines += (b"content-type", b": ", _JSON, b"\r\n")
    head.forward, head.joined = lines, b""
    head.content_type = _JSON if has_body else b""
