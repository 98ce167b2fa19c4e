"""Virtual keys: what a token restricts beyond who may call at all. Pure decisions about one call.

Its own rate and spend limits are with the gateway's, in the files of those policies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from penstock.access.tokens import allows
from penstock.errors import FORBIDDEN, GatewayError
from penstock.pricing.asked import Unclear, all_asked
from penstock.providers.operation import WRITING, Effect
from penstock.providers.operation_table import UNKNOWN
from penstock.proxy.call import Call, Route
from penstock.stores.control_store import Token
from penstock.wire.model_names import models_in_json

_SHOWN_CHARS = 256


def check_provider(call: Call) -> None:
    """Raises `GatewayError` 403 when the caller's token is not for this provider."""
    token, provider = call.token, call.provider
    if token is None or provider is None or not token.providers:
        return
    if provider.slug not in token.providers:
        raise GatewayError(FORBIDDEN, f"this key may call {', '.join(token.providers)}, not {provider.slug}")


def check_models(call: Call, route: Route, body: bytes | None) -> None:
    """Raises `GatewayError` 403 when the caller's token is not for some model that the request may be taken to ask
    for, by any reader at the provider, or when it names none and makes something.

    `body` is the one that goes out, plain; None where it cannot be read. Patterns are `provider/model` or the bare
    model; `*` stands for anything without a slash.
    """
    token, slug = call.token, route.provider.slug
    if token is None or not token.models:
        return
    query = call.query if route.query is None else route.query
    try:
        asked = all_asked(
            route.provider,
            call.operation,
            route.tail,
            query.decode("latin-1").removeprefix("?"),
            call.header,
            body,
        )
    except Unclear as error:
        raise _unclear(error) from None
    if not asked and _makes_nothing(call):
        return
    if not asked:
        raise GatewayError(FORBIDDEN, "this key is for certain models only, and the request names none")
    for model in asked:
        if not may_use(token, slug, model):
            raise not_allowed(token, slug, model)


def may_use(token: Token, provider: str, model: str) -> bool:
    """Whether a token is for a provider (a slug), and for one of its models, with or without its slug in front."""
    if token.providers and provider not in token.providers:
        return False
    return not token.models or fits(token.models, provider, model)


def fits(patterns: Iterable[str], provider: str, model: str) -> bool:
    """Whether a model is one of those that patterns stand for."""
    bare = model.removeprefix(f"{provider}/")
    return any(_matches(pattern, bare, provider) for pattern in patterns)


def not_allowed(token: Token, provider: str, model: str) -> GatewayError:
    """What somebody is told who asks for a model that the token is not for."""
    bare = model.removeprefix(f"{provider}/")[:_SHOWN_CHARS]
    return GatewayError(FORBIDDEN, f"this key may use {', '.join(token.models)}, not {provider}/{bare}")


def _makes_nothing(call: Call) -> bool:
    """Whether nothing is generated, for sure: a list, or an object that is there already; or a stored answer goes."""
    operation = call.operation
    if operation.effect is Effect.DELETE:
        return operation.kind in WRITING
    return operation.effect in (Effect.READ, Effect.CANCEL) and operation.name != UNKNOWN


def may_set_costs(call: Call) -> bool:
    """Whether a price of the caller's own is taken at its word, against the limit of its token too."""
    token, gateway = call.token, call.gateway
    return token is not None and allows(token, "set_costs", gateway.account, gateway.id)


def check_clear(call: Call, body: bytes) -> None:
    """Raises `GatewayError` 403 when the caller's token is for certain models, and a chat request may be read in two
    ways. To be asked before one of them is made of it.
    """
    if call.token is None or not call.token.models:
        return
    try:
        models_in_json(body, ("model",))
    except Unclear as error:
        raise _unclear(error) from None


def _unclear(error: Unclear) -> GatewayError:
    return GatewayError(FORBIDDEN, f"this key is for certain models only, and {error}")


def _matches(pattern: str, model: str, provider: str) -> bool:
    compiled = _compiled(pattern)
    return compiled.fullmatch(f"{provider}/{model}") is not None or compiled.fullmatch(model) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("[^/]*".join(re.escape(part) for part in pattern.split("*")))
