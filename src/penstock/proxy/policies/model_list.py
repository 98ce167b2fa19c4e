"""The gateway's own list of models: `GET compat/models`, in OpenAI's form (Cloudflare 1.1, 1.4).

Names that the operator gave, and models of providers that the unified endpoint leads to, as `provider/model`, as far
as price lists, the operator's own prices and the caller's token name them; of these what this caller may use. Whose
key a caller shows cannot be told, so who shows one gets the models of all providers that it may be a key of. Who shows
none gets those of stored keys, and of providers that need none; on a gateway without stored keys those of all, since
one can be sent with the call. Nobody is asked. Pure, but for reading the price lists.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Literal
from urllib.parse import unquote

import msgspec
from msgspec import UNSET, UnsetType

from penstock.errors import METHOD_NOT_ALLOWED, NOT_FOUND, GatewayError
from penstock.pricing.known_models import KnownModels
from penstock.providers.base import Provider
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.providers.operation_table import UNKNOWN_OPERATION
from penstock.providers.registry import BUILT_IN, UNIFIED, Registry
from penstock.proxy.call import Call, OwnAnswer
from penstock.proxy.policies.credentials import may_be_given, sent_credential
from penstock.proxy.policies.virtual_keys import fits, may_use, not_allowed
from penstock.stores.control_store import Token

_LIST = "models"
_VERSION = "v1"
_SHOWN_CHARS = 256

_to_json = msgspec.json.Encoder().encode


class ListedModel(msgspec.Struct, frozen=True):
    """One model, as OpenAI shows it, with sizes and prices, as OpenRouter does. When it was made is not known here."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = ""
    context_length: int | UnsetType = UNSET  # tokens in and out
    max_output_tokens: int | UnsetType = UNSET
    pricing: dict[str, str] | UnsetType = UNSET  # USD for one token, and for one request


class ModelList(msgspec.Struct, frozen=True):
    """All of them, in OpenAI's form."""

    data: list[ListedModel]
    object: Literal["list"] = "list"


def is_model_list(tail: str) -> bool:
    """Whether a tail below `compat` asks for models."""
    if _LIST not in tail and "%" not in tail:  # as a rule
        return False
    parts = [unquote(part) for part in tail.split("/", 3) if part]
    return parts[parts[:1] == [_VERSION] :][:1] == [_LIST]


def check_own(call: Call, tail: str) -> str:
    """Which of the gateway's own models a call below `compat` asks for; empty: all. Notes on it what it is.

    Raises `GatewayError` 404 for what is not there, 405 for another method than GET.
    """
    parts = [unquote(part) for part in tail.split("/") if part]
    if parts[:1] == [_VERSION]:
        del parts[0]
    call.operation = UNIFIED.at("/".join((_LIST, *parts[1:2]))).get(call.method, UNKNOWN_OPERATION)
    if call.method not in (b"GET", b"HEAD"):
        raise GatewayError(METHOD_NOT_ALLOWED, "use GET for compat/models", headers=b"allow: GET, HEAD\r\n")
    return "/".join(parts[1:])


def usable(call: Call, registry: Registry) -> list[Provider]:
    """The providers whose models a caller may use on the unified endpoint."""
    return [one for one in registry.providers if _leads_to(registry, one) and _has_key(call, one)]


def called(
    token: Token | None, names: Mapping[str, Sequence[str]], providers: Sequence[Provider]
) -> dict[str, tuple[Provider, str]]:
    """What the operator calls models, each with the first of its models that the caller may use."""
    found: dict[str, tuple[Provider, str]] = {}
    for name, models in names.items():
        for model in models:
            prefix, _, bare = model.partition("/")
            provider = next((one for one in providers if prefix in one.compat), None)
            if provider is not None and (token is None or may_use(token, provider.slug, bare)):
                found.setdefault(name, (provider, bare))
    return found


def own_answer(
    token: Token | None,
    wanted: str,
    providers: Sequence[Provider],
    known: KnownModels,
    when_us: int,
    others: Mapping[str, tuple[Provider, str]],
) -> OwnAnswer:
    """The answer to who asks for all models of some providers, or for the one that is `wanted`; prices are those of an
    instant (Unix µs). `others` are names that the operator gave to some.

    May take long: in a thread. Raises `GatewayError`: 403 for a model that the caller's token is not for, 404 for one
    that is not listed.
    """
    found = ((_id(*one), one) for one in _listed(token, providers, known))
    if not wanted:
        listed = {**others, **{name: one for name, one in found if name not in others}}
        shown = [_shown(name, *one, known, when_us) for name, one in listed.items()]
        return OwnAnswer(200, b"", _to_json(ModelList(shown)))
    if wanted in others:
        return OwnAnswer(200, b"", _to_json(_shown(wanted, *others[wanted], known, when_us)))
    prefix, _, name = wanted.partition("/")
    provider = next((one for one in providers if prefix in one.compat), None)
    if provider is not None:
        wanted = f"{provider.compat[0]}/{name}"
        if token is not None and not may_use(token, provider.slug, name):
            raise not_allowed(token, provider.slug, name)
    one = next((one for name, one in found if name == wanted), None)
    if one is None:
        raise GatewayError(
            NOT_FOUND,
            f"no model {wanted[:_SHOWN_CHARS]!r} is listed here; GET compat/models has all that are",
        )
    return OwnAnswer(200, b"", _to_json(_shown(wanted, *one, known, when_us)))


def _id(provider: Provider, name: str) -> str:
    return f"{provider.compat[0]}/{name}"


def _shown(shown_as: str, provider: Provider, name: str, known: KnownModels, when_us: int) -> ListedModel:
    facts = known.facts(provider.slug, name, when_us)
    return ListedModel(
        shown_as,
        owned_by=provider.slug,
        context_length=facts.context or UNSET,
        max_output_tokens=facts.output or UNSET,
        pricing=facts.prices or UNSET,
    )


def _listed(
    token: Token | None, providers: Sequence[Provider], known: KnownModels
) -> Iterator[tuple[Provider, str]]:
    """Providers' models as far as they are known, and not kept from the token."""
    names = frozenset(name for one in BUILT_IN for name in (one.slug, *one.aliases))
    for provider in providers:
        patterns = () if token is None else token.models
        theirs = [one for one in patterns if _is_of(one, provider, names)]
        single = (one.partition("/")[2] for one in theirs if one.startswith(f"{provider.slug}/"))
        if token is not None and token.providers and provider.slug not in token.providers:
            continue
        for name in dict.fromkeys(
            (*known.of(provider.slug), *(one for one in single if one and "*" not in one))
        ):
            if not patterns or fits(theirs, provider.slug, name):
                yield provider, name


def _is_of(pattern: str, provider: Provider, names: Container[str]) -> bool:
    """Whether a token's pattern is for a provider: one that begins with another's name is for that one's models."""
    first, slash, _ = pattern.partition("/")
    return not slash or first == provider.slug or first not in names


def _leads_to(registry: Registry, provider: Provider) -> bool:
    """Whether the unified endpoint leads there."""
    return bool(provider.speech) and not (provider.base_url_needed and not registry.is_overridden(provider))


def _has_key(call: Call, provider: Provider) -> bool:
    """Whether calls to a provider may be made with what the caller has, or might have."""
    keys = call.gateway.keys
    if keys is None or provider.is_local or provider.extra_headers:
        return True
    if provider.slug.startswith(CUSTOM_PREFIX):
        return True  # whether it wants a key is its owner's affair
    if sent_credential(provider, call.head.credentials, call.query, call.withheld):
        return True
    if may_be_given(call, provider):
        return True
    try:
        return keys.pool(provider, call.controls.byok_alias) is not None
    except GatewayError:  # none of this alias
        return False
