"""From a request target to a route: which gateway, which provider, which upstream path (Cloudflare 1.1, 1.2, 1.7).

A `World` is everything a worker needs to know to serve: immutable, made anew at each change of configuration
and swapped in one step. It remembers the routes of paths it has seen, because most traffic asks for few.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from penstock.errors import (
    BAD_CHAT_FORMAT,
    BAD_REQUEST,
    INVALID_PROVIDER,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    GatewayError,
    no_such_gateway,
)
from penstock.providers.base import HeaderLookup, Provider, operations_at
from penstock.providers.registry import Registry, native
from penstock.proxy.call import Gateway, Route
from penstock.wire.target import check_path

COMPAT = "compat"
_CHAT = "chat/completions"
DEFAULT_GATEWAY = "default"
_REMEMBERED = 4096
_REMEMBERED_LENGTH = 256


class Compat:
    """The unified endpoint of a gateway: the provider stands in the body (Cloudflare 1.4)."""

    __slots__ = ("gateway", "tail")

    def __init__(self, gateway: Gateway, tail: str) -> None:
        self.gateway = gateway
        self.tail = tail


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
    """The gateways and providers of one configuration."""

    __slots__ = (
        "_gateways",
        "_paths",
        "_registries",
        "_remembered",
        "directory_version",
        "gateways",
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
    ) -> None:
        """`registries` are of accounts that have providers of their own; `registry` is everybody else's.

        `nobody` stands for gateways that there are not: its door is before the word that there is none. None: anybody
        may know. `made` are gateways that nobody has set up, and that are there for who shows a token (Cloudflare 1.2).
        """
        self.gateways: Collection[Gateway] = tuple(gateways.values())
        self._gateways = {**(made or {}), **gateways}
        self._remembered: dict[bytes, Route] = {}
        self._paths: dict[tuple[str, str], list[bytes]] = {}  # of those, by gateway
        self._registries = dict(registries or {})
        self.registry = registry
        self.directory_version = directory_version
        self.nobody = nobody

    def providers_of(self, account: str) -> Registry:
        """What providers an account can call."""
        return self._registries.get(account, self.registry)

    def route(self, path: bytes, header: HeaderLookup) -> Route | Compat | Universal:
        """The route of a path below `/v1/`. Raises `GatewayError` (2001, 2008, bad request)."""
        route = self._remembered.get(path)
        return self._find(path, header) if route is None else route

    def gateway_of(self, path: bytes) -> Gateway | None:
        """The gateway a path names, for the record of a call that goes no further."""
        parts = path.split(b"/", 4)
        account, name = parts[2].decode("latin-1"), b"".join(parts[3:4]).decode("latin-1")
        return self._gateways.get((account, name)) or self._default(account, name)

    def _default(self, account: str, name: str) -> Gateway | None:
        if not name or name == COMPAT or self.providers_of(account).find(name) is not None:
            return self._gateways.get((account, DEFAULT_GATEWAY))
        return None

    def _find(self, path: bytes, header: HeaderLookup) -> Route | Compat | Universal:
        check_path(path)
        try:
            parts = path.decode("ascii").split("/")
        except UnicodeDecodeError:
            raise GatewayError(BAD_REQUEST, "the path must be ASCII; percent-encode the rest") from None
        gateway, rest = self._split_gateway(parts[2:])
        if not rest or rest == [""]:
            return Universal(gateway)
        if not rest[0]:
            raise GatewayError(
                NOT_FOUND, "name a provider after the gateway: /v1/{account}/{gateway}/{provider}/…"
            )
        slug, tail = rest[0], "/".join(rest[1:])
        if slug == COMPAT:
            return Compat(gateway, tail)
        provider = self._provider(gateway, slug)
        route = self.locate(gateway, provider, tail, header)
        if provider.static and len(path) <= _REMEMBERED_LENGTH:
            self._remember(path, route)
        return route

    def _remember(self, path: bytes, route: Route) -> None:
        """Callers make paths up: where there are enough, those of the gateway with the most are forgotten."""
        if len(self._remembered) >= _REMEMBERED:
            greediest = max(self._paths.values(), key=len)
            for known in greediest:
                del self._remembered[known]
            greediest.clear()
        self._remembered[path] = route
        self._paths.setdefault((route.gateway.account, route.gateway.id), []).append(path)

    def _provider(self, gateway: Gateway, slug: str) -> Provider:
        provider = self.providers_of(gateway.account).find(slug)
        if provider is None:
            raise GatewayError(INVALID_PROVIDER, f"no provider is called {slug[:64]!r}")
        return provider

    def step(self, gateway: Gateway, named: Named, header: HeaderLookup) -> Route | Compat:
        """The route of a universal request's step. Raises `GatewayError` as `route` does."""
        if named.provider == COMPAT:
            return Compat(gateway, named.tail)
        return self.locate(gateway, self._provider(gateway, named.provider), named.tail, header)

    def _split_gateway(self, parts: list[str]) -> tuple[Gateway, list[str]]:
        """The gateway and what follows it; a left-out gateway id means `default`."""
        account, name = parts[0], parts[1] if len(parts) > 1 else ""
        gateway = self._gateways.get((account, name))
        if gateway is not None:
            return gateway, parts[2:]
        gateway = self._default(account, name)
        if gateway is not None:
            return gateway, parts[1:]
        raise no_such_gateway(account, name or DEFAULT_GATEWAY)

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

    def chat(self, compat: Compat, model: str, header: HeaderLookup) -> tuple[Route, str]:
        """The route of a chat completion for `{provider}/{model}`, and the model's name at the provider.

        Raises `GatewayError`: 2019 without a prefix, 2008 for a provider that is unknown or does not speak
        this dialect.
        """
        prefix, slash, name = model.partition("/")
        if not slash or not prefix or not name:
            raise GatewayError(BAD_CHAT_FORMAT, "model must be {provider}/{model}, e.g. parallel/speed")
        provider = self.providers_of(compat.gateway.account).find_compat(prefix)
        if provider is None:
            raise GatewayError(INVALID_PROVIDER, f"no provider is called {prefix[:64]!r}")
        if provider.chat_path is None:
            raise GatewayError(
                INVALID_PROVIDER,
                f"{provider.slug} does not speak OpenAI's dialect; call it at /{provider.slug}/…",
            )
        return self.locate(compat.gateway, provider, provider.chat_path, header), name


def check_compat(compat: Compat, method: bytes) -> None:
    """Only `POST chat/completions` is served below `compat`."""
    if compat.tail != _CHAT:
        raise GatewayError(NOT_FOUND, "below compat only chat/completions is served")
    if method != b"POST":
        raise GatewayError(
            METHOD_NOT_ALLOWED, "use POST for compat/chat/completions", headers=b"allow: POST\r\n"
        )


def check_universal(method: bytes) -> None:
    """A gateway itself takes `POST` only."""
    if method != b"POST":
        raise GatewayError(
            METHOD_NOT_ALLOWED,
            "POST an array of steps here, or name a provider: /v1/{account}/{gateway}/{provider}/…",
            headers=b"allow: POST\r\n",
        )
