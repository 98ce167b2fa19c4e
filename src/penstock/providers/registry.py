"""All providers of a running gateway: the built-in ones, the custom ones, and the operator's base URLs.

`BUILT_IN` is the one list of what ships; a provider in it is reachable, one missing from it fails a test. The
registry is immutable: a changed configuration makes a new one.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers import (
    adobe_firefly,
    anthropic,
    aws_bedrock,
    azure_openai,
    baseten,
    brave,
    cartesia,
    cerebras,
    cohere,
    custom,
    deepgram,
    deepseek,
    elevenlabs,
    exa,
    fal,
    fireworks,
    google_ai_studio,
    google_vertex_ai,
    grok,
    groq,
    huggingface,
    ideogram,
    mistral,
    openai,
    openrouter,
    parallel,
    perplexity,
    replicate,
    searxng,
    tavily,
    workers_ai,
)
from penstock.providers.base import ExtraHeaders, HeaderLookup, Location, Provider
from penstock.providers.base_url import BaseUrl, parse_base_url
from penstock.providers.custom import CUSTOM_PREFIX, custom_provider, fingerprint
from penstock.providers.openai_rows import MODELS
from penstock.providers.operation import Operation
from penstock.providers.operation_table import OperationTable, unknown
from penstock.providers.signing import EnvironmentKeys, Signing

BUILT_IN: tuple[Provider, ...] = (
    adobe_firefly.PROVIDER,
    anthropic.PROVIDER,
    aws_bedrock.PROVIDER,
    azure_openai.PROVIDER,
    baseten.PROVIDER,
    brave.PROVIDER,
    cartesia.PROVIDER,
    cerebras.PROVIDER,
    cohere.PROVIDER,
    deepgram.PROVIDER,
    deepseek.PROVIDER,
    elevenlabs.PROVIDER,
    exa.PROVIDER,
    fal.PROVIDER,
    fireworks.PROVIDER,
    google_ai_studio.PROVIDER,
    google_vertex_ai.PROVIDER,
    grok.PROVIDER,
    groq.PROVIDER,
    huggingface.PROVIDER,
    ideogram.PROVIDER,
    mistral.PROVIDER,
    openai.PROVIDER,
    openrouter.PROVIDER,
    parallel.PROVIDER,
    perplexity.PROVIDER,
    replicate.PROVIDER,
    searxng.PROVIDER,
    tavily.PROVIDER,
    workers_ai.PROVIDER,
)


UNIFIED = OperationTable("compat", MODELS)
"""What the gateway answers by itself on the unified endpoint; what goes on from there is the provider's own."""

_BY_SLUG = {provider.slug: provider for provider in BUILT_IN}


def as_shipped(slug: str) -> Provider | None:
    """The built-in provider of a slug, whatever an operator has made of it; None for a custom one."""
    return _BY_SLUG.get(slug)


def operation_named(slug: str, name: str, method: bytes, path_tail: str) -> Operation:
    """The operation that a call to a provider was, by the name that was remembered of it. No slug: it went to none."""
    shipped = _BY_SLUG.get(slug)
    others = custom.OPERATIONS if slug else UNIFIED
    table = others if shipped is None else shipped.operations
    return table.named(name) or unknown(method, path_tail)


class Registry:
    """Finds providers by name and says where calls to them go."""

    __slots__ = ("_bases", "_by_compat", "_by_name", "providers")

    def __init__(
        self,
        base_urls: Mapping[str, str],
        built_in: Iterable[Provider] = BUILT_IN,
        headers: Mapping[str, ExtraHeaders] | None = None,
        guarded: Collection[str] = (),
        token_urls: Mapping[str, str] | None = None,
        environment: Mapping[str, EnvironmentKeys] | None = None,
    ) -> None:
        """`base_urls` is keyed by slug, alias or `custom-{slug}`, and so are the `headers` that go with every
        call, the names of those that are `guarded`, where tokens are made, and which sign with keys of the
        `environment`. Raises ValueError naming the wrong one.
        """
        found = {provider.slug: provider for provider in built_in}
        known = _index(found.values())
        self._bases: dict[str, BaseUrl] = {}
        for name, text in base_urls.items():
            base, extra = _parse(name, text), (headers or {}).get(name, ())
            if name.startswith(CUSTOM_PREFIX):
                _signing(None, (token_urls or {}).get(name))
                found[name] = custom_provider(name, base, extra, guarded=name in guarded)
                continue
            provider = _known(name, known)
            if provider.slug in self._bases:
                raise ValueError(
                    f'provider "{name}": "{provider.slug}" already has a base_url under another name'
                )
            self._bases[provider.slug] = base
            mark = fingerprint(base, extra)
            is_local = provider is parallel.PROVIDER and _is_engine(base.origin)
            signing = _signing(provider, (token_urls or {}).get(name))
            found[provider.slug] = replace(
                provider, extra_headers=extra, fingerprint=mark, is_local=is_local, signing=signing
            )
        for name, keys in (environment or {}).items():
            slug = _known(name, known).slug
            found[slug] = _with_environment(found[slug], keys)
        providers = tuple(found.values())
        self.providers: tuple[Provider, ...] = providers
        self._by_name = _index(providers)
        self._by_compat = {name: provider for provider in providers for name in provider.compat}

    def find(self, slug: str) -> Provider | None:
        """The provider of a slug or alias, as it stands in a path (Cloudflare 1.3.1)."""
        return self._by_name.get(slug)

    def find_compat(self, prefix: str) -> Provider | None:
        """The provider of a `model` prefix on the unified endpoint (Cloudflare 1.4)."""
        return self._by_compat.get(prefix)

    def is_overridden(self, provider: Provider) -> bool:
        """Whether the operator said where its calls go."""
        return provider.slug in self._bases or provider.slug.startswith(CUSTOM_PREFIX)

    def locate(self, provider: Provider, tail: str, header: HeaderLookup) -> Location:
        """Where a call goes. Raises `GatewayError` for an impossible tail, or without a needed base URL."""
        return self.moved(provider, native(provider, tail, header))

    def moved(self, provider: Provider, location: Location) -> Location:
        """Where a call to a provider's own place goes. Raises `GatewayError` without a needed base URL."""
        base = self._bases.get(provider.slug)
        if base is not None:
            return base.apply(location)
        if provider.base_url_needed:
            raise GatewayError(
                errors.INVALID_PROVIDER,
                f"{provider.slug} has no default upstream: set base_url in [providers.{provider.slug}], "
                f"for example {provider.base_url_needed}",
            )
        return location


def native(provider: Provider, tail: str, header: HeaderLookup) -> Location:
    """A tail's place at the provider itself, whatever base URL it has. Raises `GatewayError` for an impossible one."""
    return provider.locate(tail.lstrip("/"), header)  # a base URL with a slash at its end, joined to a path


def _is_engine(origin: str) -> bool:
    """Whether the local engine listens there."""
    return origin.startswith("http+unix://") and origin.endswith(parallel.LOCAL_SOCKET)


def _signing(provider: Provider | None, token_url: str | None) -> Signing | None:
    """How a provider uses credentials of several parts, with tokens made where the operator says."""
    signing = None if provider is None else provider.signing
    if token_url is None:
        return signing
    if signing is None or not signing.token_url:
        raise ValueError(
            "token_url is for providers of which tokens are made of service accounts: google-vertex-ai"
        )
    return replace(signing, token_url=token_url)


def _with_environment(provider: Provider, keys: EnvironmentKeys) -> Provider:
    """A provider whose calls are signed with the machine's keys where they have no other credential."""
    signing = provider.signing
    if signing is None or not signing.takes_environment:
        raise ValueError(f'provider "{provider.slug}": credentials, profile and region are for aws-bedrock')
    return replace(provider, signing=replace(signing, environment=keys))


def _index(providers: Iterable[Provider]) -> dict[str, Provider]:
    index: dict[str, Provider] = {}
    for provider in providers:
        for name in (provider.slug, *provider.aliases):
            if name in index:
                raise ValueError(f'two providers are called "{name}"')
            index[name] = provider
    return index


def _known(name: str, known: Mapping[str, Provider]) -> Provider:
    provider = known.get(name)
    if provider is None:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise ValueError(f'unknown provider "{name}"{hint} (one of your own is called {CUSTOM_PREFIX}…)')
    return provider


def _parse(name: str, text: str) -> BaseUrl:
    try:
        return parse_base_url(text)
    except ValueError as error:
        raise ValueError(f'provider "{name}": base_url {error}') from error
