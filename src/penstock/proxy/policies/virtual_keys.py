"""Virtual keys: what a token restricts beyond who may call at all. Pure decisions about one call.

Its own rate and spend limits are with the gateway's, in the files of those policies.
"""

from __future__ import annotations

import re
from functools import lru_cache

from penstock.errors import FORBIDDEN, GatewayError
from penstock.pricing.asked import Unclear, all_asked
from penstock.providers.operation import Effect
from penstock.providers.operation_table import UNKNOWN
from penstock.proxy.call import Call, Route
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
        bare = model.removeprefix(f"{slug}/")
        if not any(_matches(pattern, bare, slug) for pattern in token.models):
            raise GatewayError(
                FORBIDDEN, f"this key may use {', '.join(token.models)}, not {slug}/{bare[:_SHOWN_CHARS]}"
            )


def _makes_nothing(call: Call) -> bool:
    """Whether nothing is generated, for sure: a list, or an object that is there already."""
    return call.operation.effect in (Effect.READ, Effect.CANCEL) and call.operation.name != UNKNOWN


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
