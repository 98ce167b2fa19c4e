"""From a request target to a route: which gateway, which provider, which upstream path (Cloudflare 1.1, 1.2, 1.7).

A `World` is everything a worker needs to know to serve: immutable, made anew at each change of configuration
and swapped in one step. It remembers the routes of paths it has seen, because most traffic asks for few.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, TypeVar

import msgspec

from penstock.errors import (
    BAD_CHAT_FORMAT,
    BAD_REQUEST,
    INVALID_PROVIDER,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    GatewayError,
    no_such_gateway,
)
from penstock.pricing.known_models import KnownModels
from penstock.providers.base import HeaderLookup, Provider, operations_at
from penstock.providers.model_aliases import ModelAliases
from penstock.providers.registry import Registry, native
from penstock.providers.spoken import Spoken
from penstock.proxy.call import Gateway, Route
from penstock.proxy.did_you_mean import COMPAT, check_question, place_meant, provider_meant
from penstock.proxy.question import Question
from penstock.proxy.remembered import LONGEST, Remembered
from penstock.settings.gateways import DEFAULT_GATEWAY
from penstock.wire.openai_chat import ChatRequest
from penstock.wire.surface import Surface
from penstock.wire.target import check_path
from penstock.wire.unified_paths import (
    is_gateway_left_out,
    is_rest,
    rest_parts,
    tail_below,
    unified_tail,
    without_versions,
)


class Compat:
    """Unified calls of a gateway: the provider stands in the body (Cloudflare 1.4). `tail` is what is asked.

    `rest`: at the REST API, where credentials are the gateway's own (Cloudflare 1.5).
    """

    __slots__ = ("gateway", "rest", "tail")

    def __init__(self, gateway: Gateway, tail: str, *, rest: bool = False) -> None:
        self.gateway = gateway
        self.tail = tail
        self.rest = rest


Placed = TypeVar("Placed", Route, Compat)


Run = Literal["", "envelope", "direct"]


class OneModel:
    """One of the models that a question on the unified endpoint may go to: `provider/model`.

    `run`: it came in an envelope, and so goes its answer, or it came to the model's own address. `given` then is what
    the model gets as it is, where that is no conversation. `parts` are found when its turn comes, where the question
    takes several requests, and `part` is the one that is asked.
    """

    __slots__ = ("gateway", "given", "name", "part", "parts", "request", "run", "surface")

    def __init__(
        self,
        gateway: Gateway,
        surface: Surface,
        request: ChatRequest,
        name: str,
        run: Run = "",
        given: bytes | None = None,
    ) -> None:
        self.gateway = gateway
        self.surface = surface
        self.request = request
        self.name = name
        self.run: Run = run
        self.given = given
        self.parts: tuple[Question, ...] = ()
        self.part = 0


class Choice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a model is asked what: of whom, in which dialect, by which name.

    `routes` are where it is asked whole and streamed, if these are the same for every call; `is_same`: the provider
    speaks the caller's dialect.
    """

    provider: Provider
    label: str  # `provider/model`, by the provider's own slug
    spoken: Spoken
    name: str
    is_same: bool
    routes: tuple[Route, Route] | None = None


class Universal:
    """The universal endpoint of a gateway: providers and requests stand in its body (Cloudflare 1.7)."""

    __slots__ = ("gateway", "tail")

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.tail = ""


class Named:
    """A provider as somebody named it, and a tail: not looked up yet."""

    __slots__ = ("provider", "tail")

    def __init__(self, provider: str, tail: str) -> None:
        self.provider = provider
        self.tail = tail


class World:
    """The gateways and providers of one configuration.

    `known` gives where a target leads that is a path without a query, and was asked for before; `choices` are of models
    that were asked for.
    """

    __slots__ = (
        "_account_aliases",
        "_aliases",
        "_default_account",
        "_gateways",
        "_open_gateways",
        "_registries",
        "_remembered",
        "choices",
        "directory_version",
        "gateways",
        "known",
        "models",
        "nobody",
        "registry",
    )

    def __init__(
        self,
        gateways: Mapping[tuple[str, str], Gateway],
        registry: Registry,
        registries: Mapping[str, Registry] | None = None,
        directory_version: int = 0,
        nobody: Gateway | None = None,
        made: Mapping[tuple[str, str], Gateway] | None = None,
        models: KnownModels | None = None,
        aliases: ModelAliases | None = None,
        default_account: str = "local",
        open_gateways: Collection[tuple[str, str]] = (),
        account_aliases: Mapping[str, ModelAliases] | None = None,
    ) -> None:
        """`registries` are of accounts that have providers of their own; `registry` is everybody else's.

        `nobody` stands for gateways that there are not: its door is before the word that there is none. None: anybody
        may know. `made` are gateways that nobody has set up, and that are there for who shows a token (Cloudflare 1.2).
        `models` are those that can be listed; `aliases` what else they are called. `default_account` is of calls that
        name none. `open_gateways` are those whose names anybody may know who comes through the door of `nobody`.
        `account_aliases` are of accounts that have names of their own, the common ones included.
        """
        self.gateways: Collection[Gateway] = tuple(gateways.values())
        self._gateways = {**(made or {}), **gateways}
        self._remembered: Remembered[bytes, Route | Compat] = Remembered()
        self.known = self._remembered.get
        self.choices: Remembered[tuple[str, str, Surface, str], Choice] = Remembered()
        self._registries = dict(registries or {})
        self.registry = registry
        self.directory_version = directory_version
        self.nobody = nobody
        self.models = models or KnownModels()
        self._aliases = aliases or ModelAliases()
        self._account_aliases = dict(account_aliases or {})
        self._default_account = default_account
        self._open_gateways = tuple(
            sorted(open_gateways, key=lambda place: place != (default_account, DEFAULT_GATEWAY))
        )

    def providers_of(self, account: str) -> Registry:
        """What providers an account can call."""
        return self._registries.get(account, self.registry)

    def gateway(self, account: str, name: str) -> Gateway | None:
        """One that was set up, or that is there for who shows a token."""
        return self._gateways.get((account, name))

    def aliases_of(self, account: str) -> ModelAliases:
        """What models are called in an account."""
        return self._account_aliases.get(account, self._aliases)

    def meant_by(self, account: str, name: str) -> tuple[str, ...]:
        """The models that a caller means by a name, as `provider/model`, in the order in which they are tried.

        A name that means nothing is left as it is, for who says what is wrong with it.
        """
        aliases = self.aliases_of(account)
        return (name,) if aliases.are_none(name) else aliases.meant_by(name, self.providers_of(account))

    def route(self, path: bytes, header: HeaderLookup) -> Route | Compat | Universal:
        """Where a path of the data plane leads. Raises `GatewayError` (2001, 2008, bad request)."""
        place = self._remembered.get(path)
        return self._find(path, header) if place is None else place

    def nowhere(self, path: bytes, header: HeaderLookup) -> Compat | None:
        """What a call is taken for that leads nowhere: one of the gateway that its path names, or else of `nobody`."""
        text = path.decode("ascii", "replace")
        if is_rest(path):
            account, parts = rest_parts(text)
            gateway = self._gateways.get((account, _gateway_id(header))) or self.nobody
            return None if gateway is None else Compat(gateway, tail_below(parts), rest=True)
        gateway, parts = self._split(without_versions(text.split("/")[2:]))
        if gateway is None:
            gateway, parts = self.nobody, text.split("/", 4)[4:]
        return None if gateway is None else Compat(gateway, "/".join(parts))

    def _find(self, path: bytes, header: HeaderLookup) -> Route | Compat | Universal:
        check_path(path)
        try:
            text = path.decode("ascii")
        except UnicodeDecodeError:
            raise GatewayError(BAD_REQUEST, "the path must be ASCII; percent-encode the rest") from None
        if is_rest(path):
            return self._find_rest(text, header)
        parts = without_versions(text.split("/")[2:])
        gateway, rest = self._split(parts)
        if gateway is None:
            raise self._no_such_gateway(parts)
        if not rest or rest == [""]:
            return Universal(gateway)
        tail = unified_tail(rest)
        if tail is None and rest[0] == COMPAT:
            tail = tail_below(rest[1:])
        if tail is not None:
            check_question(gateway, tail)
            return self._remembering(path, Compat(gateway, tail))
        if not rest[0]:
            raise GatewayError(
                NOT_FOUND, "name a provider after the gateway: /v1/{account}/{gateway}/{provider}/…"
            )
        slug, tail = rest[0], "/".join(rest[1:])
        provider = self._provider(gateway, slug, tail)
        route = self.locate(gateway, provider, tail, header)
        return self._remembering(path, route) if provider.static else route

    def _find_rest(self, path: str, header: HeaderLookup) -> Compat:
        account, parts = rest_parts(path)
        name = _gateway_id(header)
        gateway = self._gateways.get((account, name))
        if gateway is None:
            raise no_such_gateway(account, name)
        tail = unified_tail(parts)
        if tail is None:
            raise GatewayError(NOT_FOUND, f"no {tail_below(parts)[:64]!r} below /ai/: there are run and v1/…")
        check_question(gateway, tail)
        return Compat(gateway, tail, rest=True)

    def _remembering(self, path: bytes, place: Placed) -> Placed:
        if len(path) <= LONGEST:
            self._remembered.put((place.gateway.account, place.gateway.id), path, place)
        return place

    def _provider(self, gateway: Gateway, slug: str, tail: str) -> Provider:
        registry = self.providers_of(gateway.account)
        provider = registry.find(slug)
        if provider is None:
            base = f"/v1/{gateway.account}/{gateway.id}"
            meant = provider_meant(base, slug, tail, registry)
            raise GatewayError(INVALID_PROVIDER, f"no provider is called {slug[:64]!r}{meant}")
        return provider

    def step(self, gateway: Gateway, named: Named, header: HeaderLookup) -> Route | Compat:
        """The route of a universal request's step. Raises `GatewayError` as `route` does."""
        if named.provider == COMPAT:
            return Compat(gateway, tail_below(named.tail.split("/")))
        return self.locate(gateway, self._provider(gateway, named.provider, named.tail), named.tail, header)

    def _split(self, parts: list[str]) -> tuple[Gateway | None, list[str]]:
        """The gateway and what follows it; a left-out gateway id means `default`, and a left-out account the usual."""
        if unified_tail(parts) is not None:
            return self._gateways.get((self._default_account, DEFAULT_GATEWAY)), parts
        account, name = parts[0] if parts else "", parts[1] if len(parts) > 1 else ""
        gateway = self._gateways.get((account, name))
        if gateway is not None:
            return gateway, parts[2:]
        return self._default(account, name), parts[1:]

    def _default(self, account: str, name: str) -> Gateway | None:
        if (
            not name
            or name == COMPAT
            or is_gateway_left_out(name)
            or self.providers_of(account).find(name) is not None
        ):
            return self._gateways.get((account, DEFAULT_GATEWAY))
        return None

    def _no_such_gateway(self, parts: list[str]) -> GatewayError:
        if unified_tail(parts) is not None:
            return no_such_gateway(self._default_account, DEFAULT_GATEWAY)
        account, name = parts[0] if parts else "", parts[1] if len(parts) > 1 else ""
        meant = place_meant(account, name, parts[1:], self.registry, self._open_gateways)
        return no_such_gateway(account, name or DEFAULT_GATEWAY, meant)

    def locate(self, gateway: Gateway, provider: Provider, tail: str, header: HeaderLookup) -> Route:
        """The route of a provider's tail."""
        registry = self.providers_of(gateway.account)
        own = native(provider, tail, header)
        location = registry.moved(provider, own)
        query = location.query and f"?{location.query}"
        return Route(
            gateway,
            provider,
            tail,
            location.origin,
            location.path.encode("ascii"),
            query if query is None else query.encode("ascii"),
            registry.is_overridden(provider),
            operations_at(provider, own),
        )

    def named(self, gateway: Gateway, model: str) -> tuple[Provider, str]:
        """The provider of a `{provider}/{model}`, and the model's name there.

        Raises `GatewayError`: 2019 without a prefix, 2008 for a provider that is unknown.
        """
        prefix, slash, name = model.partition("/")
        if not slash or not prefix or not name:
            raise GatewayError(BAD_CHAT_FORMAT, "model must be {provider}/{model}, e.g. parallel/speed")
        provider = self.providers_of(gateway.account).find_compat(prefix)
        if provider is None:
            raise GatewayError(INVALID_PROVIDER, f"no provider is called {prefix[:64]!r}")
        return provider, name


def _gateway_id(header: HeaderLookup) -> str:
    return (header("cf-aig-gateway-id") or "").strip() or DEFAULT_GATEWAY


def check_universal(method: bytes) -> None:
    """A gateway itself takes `POST` only."""
    if method != b"POST":
        raise GatewayError(
            METHOD_NOT_ALLOWED,
            "POST an array of steps here, or name a provider: /v1/{account}/{gateway}/{provider}/…",
            headers=b"allow: POST\r\n",
        )
