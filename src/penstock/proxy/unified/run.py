"""`run`: a model's name and its input in an envelope, and the answer in another (Cloudflare 1.5, 1.6).

Input in Chat's form is a chat completion of whichever provider, input for an embedding model is embeddings, and a model
of Workers AI gets its input as it is. What else an input may be cannot be told, and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

import msgspec

from penstock.errors import BAD_CHAT_FORMAT, METHOD_NOT_ALLOWED, NOT_FOUND, NOT_SERVED, GatewayError
from penstock.providers.model_aliases import OF_WORKERS_AI
from penstock.providers.model_tasks import task_of
from penstock.proxy.call import Call, Route
from penstock.proxy.long_work import in_turns
from penstock.proxy.routing import Compat, OneModel, Run, World
from penstock.proxy.unified.choice import check_one_model, choose, names_meant
from penstock.proxy.unified.run_answer import enveloping
from penstock.proxy.whole_bodies import WholeBodies
from penstock.wire.json_outline import SMALL_BYTES, readable
from penstock.wire.openai_chat import ChatRequest
from penstock.wire.surface import Surface

_RUN: Final = "run"
_WORKERS_AI: Final = "workers-ai/"
_EMBEDDINGS: Final = "text-embeddings"
_FORMATS: Final = ("raw", "chat")

_Members = dict[str, msgspec.Raw]
_members = msgspec.json.Decoder(_Members).decode
_to_json = msgspec.json.Encoder().encode


class RunOptions(msgspec.Struct, frozen=True, rename="camel"):
    """How it is run."""

    background: bool = False
    webhook_url: str | None = None
    webhook_format: str | None = None


class RunRequest(msgspec.Struct, frozen=True):
    """What is run."""

    model: str
    input: msgspec.Raw = msgspec.Raw(b"null")
    options: RunOptions = RunOptions()
    provider: str = ""
    background: bool = False


_to_request = msgspec.json.Decoder(RunRequest).decode


def is_run(tail: str) -> bool:
    """Whether a tail asks for a model to be run."""
    return tail == _RUN or tail.startswith(f"{_RUN}/")


async def read_run(call: Call, compat: Compat, world: World, bodies: WholeBodies) -> list[OneModel]:
    """The models that a call may go to, in the order in which they are tried. Raises `GatewayError`."""
    named = unquote(compat.tail[len(_RUN) + 1 :])
    if named and not named.startswith(OF_WORKERS_AI):
        raise GatewayError(NOT_FOUND, f"no run is called {named[:64]!r}: nothing is run in the background")
    if call.method != b"POST":
        raise GatewayError(METHOD_NOT_ALLOWED, f"use POST for {_RUN}", headers=b"allow: POST\r\n")
    body = await bodies.plain(call)
    if len(body) > SMALL_BYTES:
        await in_turns(readable(body))
    if named:
        name, given = _WORKERS_AI + named, body
        names: Sequence[str] = [name]
    else:
        await check_one_model(call, body)
        asked = _request(body)
        name, given = _name(asked), bytes(asked.input)
        names = names_meant(call, name, compat, world)
    call.model = name
    return [_one(compat, one, given, direct=bool(named)) for one in names]


async def choose_run(call: Call, place: OneModel, world: World) -> Route:
    """Where the call goes, and what becomes of its answer. Raises `GatewayError`."""
    native = place.given is not None
    if place.given is None:
        route = await choose(call, place, world)
    else:
        provider, model = world.named(place.gateway, place.name)
        call.provider, call.model = provider, place.name
        route = world.locate(place.gateway, provider, model, call.header)
        call.body.replace(place.given)
    if place.run == "envelope":
        call.filters = (*call.filters, enveloping(call, native=native))
    return route


def _request(body: bytes) -> RunRequest:
    try:
        asked = _to_request(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise GatewayError(BAD_CHAT_FORMAT, f"the body must be {{model, input, options?}}: {error}") from None
    options = asked.options
    if options.webhook_format is not None and options.webhook_format not in _FORMATS:
        raise _wrong("options.webhookFormat", "raw or chat")
    if options.webhook_format is not None and options.webhook_url is None:
        raise _wrong("options.webhookFormat", "goes with webhookUrl only")
    if options.webhook_url is not None and not options.background:
        raise _wrong("options.webhookUrl", "goes with background only")
    if options.background or asked.background:
        raise GatewayError(
            NOT_SERVED,
            "nothing is run in the background here: leave it out, and wait for the answer",
            param="options.background",
        )
    return asked


def _wrong(param: str, what: str) -> GatewayError:
    return GatewayError(BAD_CHAT_FORMAT, f"{param}: {what}", param=param)


def _name(asked: RunRequest) -> str:
    prefix = f"{asked.provider}/"
    return asked.model if not asked.provider or asked.model.startswith(prefix) else prefix + asked.model


def _one(compat: Compat, name: str, given: bytes, *, direct: bool) -> OneModel:
    """One of the models. Raises `GatewayError` for an input of which nobody can tell what it is."""
    gateway = compat.gateway
    if name.startswith(_WORKERS_AI):
        run: Run = "direct" if direct else "envelope"
        return OneModel(gateway, Surface.CHAT, ChatRequest(_to_json({"model": name})), name, run, given)
    surface, members = _question(name, given)
    request = ChatRequest(_to_json({**members, "model": name}))
    return OneModel(gateway, surface, request, name, "envelope")


def _question(name: str, given: bytes) -> tuple[Surface, _Members]:
    try:
        members = _members(given)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise GatewayError(BAD_CHAT_FORMAT, f"input: must be an object: {error}", param="input") from None
    if "messages" in members:
        return Surface.CHAT, members
    if task_of(name) == _EMBEDDINGS:
        text = members.pop("text", None)
        if text is not None:
            members.setdefault("input", text)
        if "input" in members:
            return Surface.EMBEDDINGS, members
    raise GatewayError(
        BAD_CHAT_FORMAT,
        "input: in Chat's form it has messages, and for a model of embeddings text; for what else there is call the "
        "provider itself",
        param="input",
    )
