"""Virtual keys: what a token restricts beyond who may call at all. Pure decisions about one call.

Its own rate and spend limits are with the gateway's, in the files of those policies.
"""

from __future__ import annotations

import re
from functools import lru_cache

from penstock.errors import FORBIDDEN, GatewayError
from penstock.proxy.call import Call


def check_provider(call: Call) -> None:
    """Raises `GatewayError` 403 when the caller's token is not for this provider."""
    token, provider = call.token, call.provider
    if token is None or provider is None or not token.providers:
        return
    if provider.slug not in token.providers:
        raise GatewayError(FORBIDDEN, f"this key may call {', '.join(token.providers)}, not {provider.slug}")


def check_model(call: Call, model: str | None) -> None:
    """Raises `GatewayError` 403 when the caller's token is not for this model, or the model cannot be told.

    Patterns are `provider/model` or the bare model; `*` stands for anything without a slash.
    """
    token, provider = call.token, call.provider
    if token is None or provider is None or not token.models:
        return
    if not model:
        raise GatewayError(FORBIDDEN, "this key is for certain models only, and the request names none")
    bare = model.removeprefix(f"{provider.slug}/")
    if not any(_matches(pattern, bare, provider.slug) for pattern in token.models):
        raise GatewayError(
            FORBIDDEN, f"this key may use {', '.join(token.models)}, not {provider.slug}/{bare}"
        )


def _matches(pattern: str, model: str, provider: str) -> bool:
    compiled = _compiled(pattern)
    return compiled.fullmatch(f"{provider}/{model}") is not None or compiled.fullmatch(model) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("[^/]*".join(re.escape(part) for part in pattern.split("*")))
