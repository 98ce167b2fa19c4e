"""A call of the unified endpoint: what is asked, of whom, and in which dialect (Cloudflare 1.4).

The body is read whole, since the model stands in it. Who speaks the caller's dialect gets its bytes with the model's
name changed and nothing else; for everybody else the question is made anew, and its answer is made the caller's by a
filter on the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Final
from urllib.parse import quote

import msgspec

from penstock.errors import (
    BAD_CHAT_FORMAT,
    INVALID_PROVIDER,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    NOT_SERVED,
    GatewayError,
)
from penstock.pricing.model_limits import most_output
from penstock.providers.base import Provider
from penstock.providers.spoken import Spoken, chosen
from penstock.proxy.call import Call, Route
from penstock.proxy.long_work import in_turns
from penstock.proxy.policies.credentials import place_for
from penstock.proxy.policies.virtual_keys import check_clear
from penstock.proxy.question import Question
from penstock.proxy.remembered import LONGEST
from penstock.proxy.request_body import small
from penstock.proxy.routing import Choice, Compat, OneModel, World
from penstock.proxy.unified.answer_filters import translating
from penstock.proxy.unified.credential import move_credential
from penstock.proxy.unified.question import Origin, question
from penstock.proxy.whole_bodies import BOM, WholeBodies
from penstock.wire.dialects.dialect import HeaderLines, Target
from penstock.wire.dialects.loss import Refused
from penstock.wire.dialects.messages import MESSAGES
from penstock.wire.headers import without
from penstock.wire.json_outline import SMALL_BYTES
from penstock.wire.openai_chat import ChatRequest, reading
from penstock.wire.surface import SAME, Surface

LOOKED_AT_HERE: Final = 256 * 1024
"""Bytes of a body; a larger one would hold up everybody else's calls."""

_SURFACES: Final = {surface.value: surface for surface in Surface if surface is not Surface.SEARCH}
_MOST_TOLD: Final = 2048  # bytes of `cf-aig-dropped`
_NO_PARTS_OF_STEPS: Final = (
    "input: this model takes fewer texts at once, and a step is one request: send fewer"
)
_PATH_SIGNS: Final = "[]._-"
_VERSION_ONE: Final = "v1"
_VERSION: Final = b"api-version="

# What callers say to their own provider, and what is said anew.
_FOR_ANOTHER: Final = (b"anthropic-", b"openai-")
_SAID_ANEW: Final = frozenset({b"accept", b"accept-encoding", b"content-type"})


def at_once(call: Call, compat: Compat, world: World, most: int) -> Route | None:
    """Where a plain call goes whose body is at hand, to who speaks its dialect and was asked for the model before.

    None: it takes longer to tell, and nothing was changed. `most` bytes may be read. Raises `GatewayError`.
    """
    surface, body = _SURFACES.get(compat.tail), small(call.body)
    if surface is None or not 0 < len(body) <= most or body.startswith(BOM):
        return None
    if (
        call.token is not None
        or call.head.content_encoding
        or call.controls.fallback
        or call.method != b"POST"
    ):
        return None
    request, gateway = ChatRequest(body), compat.gateway
    names = world.meant_by(gateway.account, request.model)
    choice = world.choices.get((gateway.account, gateway.id, surface, names[0])) if len(names) == 1 else None
    if choice is None or choice.routes is None or not _goes_as_it_is(choice, surface, body):
        return None
    call.provider, call.model = choice.provider, choice.label
    move_credential(call, choice.provider)
    return _as_it_is(call, request, choice, choice.routes[0])


async def read_question(call: Call, compat: Compat, world: World, bodies: WholeBodies) -> list[OneModel]:
    """The models that a call may go to, in the order in which they are tried. Raises `GatewayError`."""
    surface = _asked_at(call, compat.tail)
    body = await bodies.plain(call)
    request = ChatRequest(body) if len(body) <= SMALL_BYTES else await in_turns(reading(body))
    await check_one_model(call, body)
    call.model = request.model
    names = names_meant(call, request.model, compat, world)
    return [OneModel(compat.gateway, surface, request, name) for name in names]


async def check_one_model(call: Call, body: bytes) -> None:
    """Raises `GatewayError` for who may use some models only, and asks for one in a way that may be read otherwise."""
    if call.token is not None and call.token.models:
        await looked_through(body, partial(check_clear, call, body))


def names_meant(call: Call, model: str, compat: Compat, world: World) -> Sequence[str]:
    """The models that a call may go to, as `provider/model`: what it asks for, and what it falls back to."""
    account = compat.gateway.account
    meant = world.meant_by(account, model)
    if not call.controls.fallback:  # as a rule
        return meant
    others = (world.meant_by(account, one) for one in call.controls.fallback)
    return list(dict.fromkeys(chain(meant, *others)))


async def choose(call: Call, place: OneModel, world: World) -> Route:
    """Where the call goes; changes its body and head for that. Raises `GatewayError`."""
    if call.refusal is not None:
        raise call.refusal
    gateway = place.gateway
    key = gateway.account, gateway.id, place.surface, place.name
    choice = world.choices.get(key)
    if choice is None:
        choice = _choice(call, place, world)
        if len(place.name) <= LONGEST:
            world.choices.put(key[:2], key, choice)
    call.provider, call.model, call.surface = choice.provider, choice.label, place.surface
    move_credential(call, choice.provider)
    if _goes_as_it_is(choice, place.surface, place.request.body):
        route = choice.routes[0] if choice.routes is not None else _located(call, place, world, choice)
        return _as_it_is(call, place.request, choice, route)
    return await _anew(call, place, world, choice)


def _choice(call: Call, place: OneModel, world: World) -> Choice:
    provider, model = world.named(place.gateway, place.name)
    call.provider = provider
    call.model = label = f"{provider.slug}/{model}"  # prefixes have aliases
    found = chosen(provider.speech, place.surface, model)
    if found is None:
        fault = NOT_SERVED if place.surface is Surface.COUNT and provider.speech else INVALID_PROVIDER
        raise GatewayError(fault, _not_asked(provider, place.surface, model))
    spoken, name = found
    is_same = spoken.dialect is SAME[place.surface] and not spoken.host
    choice = Choice(provider=provider, label=label, spoken=spoken, name=name, is_same=is_same)
    if not provider.static or not spoken.is_settled:
        return choice
    whole, streamed = (_located(call, place, world, choice, streams=streams) for streams in (False, True))
    return msgspec.structs.replace(choice, routes=(whole, streamed))


def _located(
    call: Call, place: OneModel, world: World, choice: Choice, verb: str = "", *, streams: bool = False
) -> Route:
    """Where a question is put, and its query, where it is not the caller's own."""
    spoken = choice.spoken
    tail = _tail(call, choice.provider, spoken, choice.name, verb, streams=streams)
    route = world.locate(place.gateway, choice.provider, tail, call.header)
    if choice.is_same:
        return route
    return replace(route, query=spoken.query + (spoken.stream_query if streams else b""))


async def looked_through(body: bytes | None, check: Callable[[], None]) -> None:
    """Looks through a body, a large one in a thread. Raises what `check` raises."""
    if body is None or len(body) <= LOOKED_AT_HERE:
        check()
    else:
        await asyncio.to_thread(check)


def _asked_at(call: Call, tail: str) -> Surface:
    surface = _SURFACES.get(tail)
    if surface is None:
        raise GatewayError(
            NOT_FOUND, f"below compat are {', '.join(Surface)} and models, and no {tail[:64]!r}"
        )
    if call.method != b"POST":
        raise GatewayError(METHOD_NOT_ALLOWED, f"use POST for compat/{tail}", headers=b"allow: POST\r\n")
    return surface


def _not_asked(provider: Provider, surface: Surface, model: str) -> str:
    slug = provider.slug
    if not provider.speech:
        return f"{slug} is not on the unified endpoint; call it at /{slug}/…"
    if surface in (Surface.EMBEDDINGS, Surface.COUNT):
        what = "makes no embeddings" if surface is Surface.EMBEDDINGS else "counts no tokens"
        return f"{slug} {what} for {model[:64]!r} on the unified endpoint"
    return (
        f"{slug} has no model that could be called {model[:64]!r}: see the guide for how its models are named"
    )


def _goes_as_it_is(choice: Choice, surface: Surface, body: bytes) -> bool:
    """Whether the provider takes what the caller wrote."""
    return choice.is_same and (surface is not Surface.MESSAGES or MESSAGES.goes_as_it_is(body))


def _as_it_is(call: Call, request: ChatRequest, choice: Choice, route: Route) -> Route:
    spoken = choice.spoken
    call.body.replace(request.with_model(spoken.in_body(choice.name)))
    if spoken.query and _VERSION not in call.query:
        return replace(route, query=spoken.query)
    return route


async def _anew(call: Call, place: OneModel, world: World, choice: Choice) -> Route:
    asked = place.parts[place.part] if place.parts else await _asked(call, place, choice)
    if asked.following:
        if call.is_step:
            raise GatewayError(BAD_CHAT_FORMAT, _NO_PARTS_OF_STEPS, param="input")
        place.parts = (asked, *asked.following)
    streams = asked.answering.streams
    if choice.routes is not None:
        route = choice.routes[streams]
    else:
        route = _located(call, place, world, choice, asked.verb, streams=streams)
    if place.parts:
        _tell_apart(call, place)
    _put_question(call, asked)
    return route


def _tell_apart(call: Call, place: OneModel) -> None:
    """A key of the caller's own stands for the whole question; each of its parts has an answer of its own."""
    part = f" {place.part + 1}/{len(place.parts)}"
    if call.head.idempotency_key:
        call.head.idempotency_key += part.encode("ascii")
    if call.controls.cache_key:
        own = call.controls.cache_key + part.encode("ascii")
        call.controls = msgspec.structs.replace(call.controls, cache_key=own)


async def _asked(call: Call, place: OneModel, choice: Choice) -> Question:
    """The question in its provider's dialect. Raises `GatewayError`."""
    provider, spoken, body = choice.provider, choice.spoken, place.request.body
    target = Target(
        provider=provider.slug,
        model=spoken.in_body(choice.name),
        host=spoken.host,
        most_output=most_output(provider.slug, choice.name),
    )
    flags = (flag.strip() for flag in (call.header("anthropic-beta") or "").split(","))
    origin = Origin(
        call_id=call.id,
        asked_at=call.created_us // 1_000_000,
        betas=tuple(flag for flag in flags if flag),
        thinking_yields=call.controls.thinking_yields,
    )
    made = partial(question, place.surface, spoken.dialect, target, body, origin)
    try:
        return made() if len(body) <= LOOKED_AT_HERE else await asyncio.to_thread(made)
    except Refused as refused:
        where = f"{refused.path}: " if refused.path else ""
        raise GatewayError(BAD_CHAT_FORMAT, f"{where}{refused.why}", param=refused.path) from None


def _tail(
    call: Call, provider: Provider, spoken: Spoken, name: str, verb: str = "", *, streams: bool = False
) -> str:
    """Where a model is asked: in the region and project of the credential, where the provider's addresses have them."""
    region, project = ("", "") if provider.signing is None else place_for(call, provider)
    place = f"{_VERSION_ONE}/projects/{project}/locations/{region}" if project else _VERSION_ONE
    return spoken.path(name, region=region, place=place, verb=verb, streamed=streams)


def _put_question(call: Call, asked: Question) -> None:
    """On the call, for the provider and for the log: what costs something is told in the provider's dialect."""
    call.body.unpack(asked.body)
    call.body.size = len(asked.body)
    _put_lines(call, (("content-type", "application/json"), *asked.headers))
    call.head.content_type = b"application/json"
    call.filters = (*call.filters, translating(asked.answering, partial(_add_line, call)))
    if asked.dropped:
        call.own_headers += b"cf-aig-dropped: %b\r\n" % _told(asked.dropped)


def _add_line(call: Call, line: bytes) -> None:
    call.own_headers += line


def _put_lines(call: Call, lines: HeaderLines) -> None:
    head = call.head
    names = {name.encode("ascii") for name, _ in lines} | _SAID_ANEW
    kept = without(head.forward, names)
    forward: list[bytes] = []
    for start in range(0, len(kept), 4):
        if not kept[start].lower().startswith(_FOR_ANOTHER):
            forward += kept[start : start + 4]
    for name, value in lines:
        forward += (name.encode("ascii"), b": ", value.encode("latin-1", "replace"), b"\r\n")
    head.forward, head.joined = forward, b""


def _told(dropped: tuple[str, ...]) -> bytes:
    """Paths in a header: callers make them up."""
    told = ", ".join(quote(path, safe=_PATH_SIGNS) for path in dropped)
    return (told if len(told) <= _MOST_TOLD else told[: _MOST_TOLD - 3] + "...").encode("ascii")
