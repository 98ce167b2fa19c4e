"""Custom providers: `custom-{slug}`, known by their base URL alone (Cloudflare 1.3.1 last row, 3.15).

The upstream URL is the base URL and the tail, with nothing normalised. They are made from the configuration,
never listed among the built-in ones. On the unified endpoint a base URL without a version gets `v1`. What their
operations are is told by how a path ends, as the well-known dialects have it.
"""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import unquote

from penstock.providers import openai_rows
from penstock.providers.base import ExtraHeaders, HeaderLookup, Location, Provider
from penstock.providers.base_url import BaseUrl
from penstock.providers.operation import Bills, Cacheable, Kind, Rows, Settles
from penstock.providers.operation_rows import below, cancels, counts, orders, reads, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import has_version
from penstock.providers.spoken import MODES, Speech, as_parallel, embeds, talks
from penstock.wire.answer_dialect import Dialect

CUSTOM_PREFIX = "custom-"
# It may want any of them; which one it is only its owner knows.
_CREDENTIALS = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "xi-api-key", "token")
# Nobody knows whose ways it has: Google's, Bedrock's and Workers AI's may all be.
_MODEL_ADDRESS = re.compile(
    r"/models/([^/:]+):\w|/model/([^/]+)/(?:invoke|converse)|/deployments/([^/]+)/|/run/(@.+)|(?<=[^/]/)(@.+)"
)
_SLUG = re.compile(r"custom-[a-z0-9][a-z0-9_-]{0,62}")

_PREDICTION_DONE = Settles(final=("succeeded", "failed", "canceled"), usage="/metrics")

_GUESSED: Rows = (
    *openai_rows.GENERATED,
    *openai_rows.STORED_RESPONSES,
    *work("moderations", Kind.MODERATION, bills=Bills.UNKNOWN),
    *openai_rows.COUNTED_MESSAGES,
    *work("rerank", Kind.RERANK, Dialect.COHERE_V1),
    *work(
        "{m}:generateContent {m}:streamGenerateContent",
        Kind.GENERATE,
        Dialect.GOOGLE,
        models="path body:model",
    ),
    *work("{m}:embedContent", Kind.EMBEDDINGS, Dialect.GOOGLE, models="path body:model"),
    *counts("{m}:countTokens", models="path body:model"),
    *work("api/chat", Kind.CHAT, cache=Cacheable.NEVER),  # Ollama
    *work("api/generate", Kind.COMPLETION, cache=Cacheable.NEVER),
    *work("api/embed api/embeddings", Kind.EMBEDDINGS, cache=Cacheable.NEVER),
    *openai_rows.BATCHES,
    *openai_rows.FILES,
    *openai_rows.ASSISTANTS,
    *openai_rows.VECTOR_STORES,
    *openai_rows.FINE_TUNING,
    *openai_rows.VIDEOS,
    *orders("predictions", Kind.PREDICTION, Dialect.REPLICATE, models="body:version body:model"),
    *cancels("predictions/{id}/cancel", Kind.PREDICTION),
    *reads("predictions/{id}", Kind.PREDICTION, Dialect.REPLICATE, settles=_PREDICTION_DONE),
    *reads("predictions", Kind.PREDICTION),
    *counts("tokenize detokenize"),
    *openai_rows.MODELS,
)

OPERATIONS = OperationTable("custom", below("", _GUESSED, sure=False), anywhere=True)
"""Of every custom provider."""


def custom_provider(
    slug: str, base: BaseUrl, headers: ExtraHeaders = (), *, guarded: bool = False
) -> Provider:
    """A provider at `base`. Raises ValueError for an impossible slug.

    `headers` go with every call; `guarded` keeps its calls to public addresses.
    """
    if _SLUG.fullmatch(slug) is None:
        raise ValueError(f'provider "{slug}": after custom- come lower-case letters, digits, - and _')

    def locate(tail: str, _header: HeaderLookup) -> Location:
        return base.append(tail)

    version = "" if has_version(base.path) else "v1/"
    return Provider(
        slug=slug,
        domains=(base.origin.partition("://")[2],),
        locate=locate,
        credential_headers=_CREDENTIALS,
        compat=(slug,),
        extra_headers=headers,
        fingerprint=fingerprint(base, headers),
        guarded=guarded,
        operations=OPERATIONS,
        model_address=_MODEL_ADDRESS,
        model_is_own=True,
        speech=Speech(
            talk=(talks(f"{version}chat/completions"),),
            embed=embeds(f"{version}embeddings"),
            search=as_parallel(f"{version}search"),
            modes=MODES,
        ),
    )


def model_in_some_path(tail: str) -> str | None:
    """The model in a path without its query, by the ways of all who have it there."""
    match = _MODEL_ADDRESS.search(f"//any/{tail}")
    return unquote(match[match.lastindex or 0]) if match else None


def fingerprint(base: BaseUrl, headers: ExtraHeaders) -> str:
    """Changes when the provider would be another one: answers kept of the former are not this one's."""
    return sha256(repr((base.origin, base.path, headers)).encode()).hexdigest()[:16]
