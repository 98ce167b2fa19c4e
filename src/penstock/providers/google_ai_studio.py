"""Google AI Studio: Gemini, `v1` or `v1beta` in the tail (Cloudflare 1.3.1, 1.3.3).

Google's own OpenAI-compatible tree takes a key as `Authorization: Bearer` only. A key in the query (`?key=`) passes as
it came elsewhere.
"""

from __future__ import annotations

import re

from penstock.providers import openai_rows
from penstock.providers.base import KeyHeader, Provider
from penstock.providers.google_credentials import QUERY_CREDENTIALS, unfit
from penstock.providers.openai_rows import BACKGROUND
from penstock.providers.operation import Bills, Cacheable, Flag, Kind, Rows, Settles
from penstock.providers.operation_rows import (
    below,
    cancels,
    changes,
    counts,
    deletes,
    makes,
    orders,
    reads,
    sessions,
    uploads,
    whatever,
    work,
)
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import as_is, from_version
from penstock.providers.spoken import Speech, Spoken
from penstock.wire.answer_dialect import Dialect

_CONTINUED = Flag(("body:previous_interaction_id",))
_OPERATION_DONE = Settles(id="/name", status="/done", final=("true",), usage="")
_BATCH_DONE = Settles(
    id="/name",
    status="/metadata/state",
    final=tuple(f"BATCH_STATE_{word}" for word in ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED")),
    usage="",  # it stands in each of the answers, wherever they are
)
_INTERACTION_DONE = Settles(final=("completed", "failed", "cancelled", "incomplete"))


def _of_models(*verbs: str) -> str:
    """The paths of verbs; models stand in three trees."""
    trees = ("models", "tunedModels", "dynamic")
    return " ".join(f"{{v}}/{tree}/{{m}}:{verb}" for verb in verbs for tree in trees)


_GENERATED: Rows = (
    *work(
        _of_models("generateContent", "streamGenerateContent"), Kind.GENERATE, Dialect.GOOGLE, models="path"
    ),
    *work(
        _of_models("generateAnswer", "generateText", "generateMessage"), Kind.GENERATE, models="path"
    ),  # of the years before Gemini
    *work(_of_models("embedContent", "batchEmbedContents"), Kind.EMBEDDINGS, Dialect.GOOGLE, models="path"),
    *counts(_of_models("countTokens", "countTextTokens", "countMessageTokens"), models="path"),
    *work(_of_models("predict"), Kind.IMAGE, models="path", unit="images"),
    *orders(_of_models("predictLongRunning"), Kind.VIDEO, models="path", unit="seconds"),
    *orders(_of_models("batchGenerateContent", "asyncBatchEmbedContent"), Kind.BATCH, models="path"),
    *work(
        "{v}/interactions",
        Kind.INTERACTION,
        Dialect.GOOGLE_INTERACTIONS,
        models="body:model body:agent",
        flags=(BACKGROUND, _CONTINUED),
    ),
    *sessions("ws/{service}", Kind.REALTIME, models=""),  # its first message names the model
)

_POLLED: Rows = (
    *reads("{v}/batches/{id}", Kind.BATCH, settles=_BATCH_DONE),
    *reads("{v}/batches", Kind.BATCH),
    *deletes("{v}/batches/{id}", Kind.BATCH),
    *cancels("{v}/batches/{id}:cancel", Kind.BATCH),
    *reads("{v}/operations/{id} {v}/models/{m}/operations/{id}", Kind.OTHER, settles=_OPERATION_DONE),
    *reads("{v}/operations {v}/models/{m}/operations", Kind.OTHER),
    *reads(
        "{v}/interactions/{id}",
        Kind.INTERACTION,
        Dialect.GOOGLE_INTERACTIONS,
        settles=_INTERACTION_DONE,
    ),
    *deletes("{v}/interactions/{id}", Kind.INTERACTION),
    *cancels("{v}/interactions/{id}/cancel", Kind.INTERACTION),
)

_PART_OF_CORPUS = "{v}/corpora/{c}/documents/{d}"

_KEPT: Rows = (
    *orders("{v}/cachedContents", Kind.CACHED_CONTENT, models="body:model"),
    *reads("{v}/cachedContents {v}/cachedContents/{id}", Kind.CACHED_CONTENT),
    *changes("{v}/cachedContents/{id}", Kind.CACHED_CONTENT, method="PATCH"),
    *deletes("{v}/cachedContents/{id}", Kind.CACHED_CONTENT),
    *uploads("{v}/files upload/{v}/files {v}/files:register"),
    *uploads("upload/{v}/files", method="PUT"),
    *reads(
        "{v}/files {v}/files/{id} {v}/files/{id}:download {v}/generatedFiles {v}/generatedFiles/{x*}",
        Kind.FILE,
    ),
    *deletes("{v}/files/{id}", Kind.FILE),
    *orders(
        "{v}/fileSearchStores {v}/fileSearchStores/{id}:importFile"
        " {v}/fileSearchStores/{id}:uploadToFileSearchStore"
        " upload/{v}/fileSearchStores/{id}:uploadToFileSearchStore",
        Kind.VECTOR_STORE,
    ),
    *reads("{v}/fileSearchStores {v}/fileSearchStores/{x*}", Kind.VECTOR_STORE),
    *deletes("{v}/fileSearchStores/{x*}", Kind.VECTOR_STORE),
    *makes(
        f"{{v}}/corpora {{v}}/corpora/{{c}}/documents {_PART_OF_CORPUS}/chunks"
        f" {_PART_OF_CORPUS}/chunks:batchCreate",
        Kind.VECTOR_STORE,
    ),
    *changes(f"{_PART_OF_CORPUS}/chunks:batchUpdate", Kind.VECTOR_STORE),
    *deletes(f"{_PART_OF_CORPUS}/chunks:batchDelete", Kind.VECTOR_STORE, method="POST"),
    *work(
        f"{{v}}/corpora/{{c}}:query {_PART_OF_CORPUS}:query",
        Kind.VECTOR_STORE,
        models="",
        bills=Bills.UNKNOWN,
        cache=Cacheable.NEVER,
        unit="searches",
        sure=False,
    ),
    *reads("{v}/corpora {v}/corpora/{x*}", Kind.VECTOR_STORE),
    *changes("{v}/corpora/{x*}", Kind.VECTOR_STORE, method="PATCH"),
    *deletes("{v}/corpora/{x*}", Kind.VECTOR_STORE),
)

_TUNED: Rows = (
    *orders("{v}/tunedModels {v}/tuningJobs", Kind.FINE_TUNE, models="body:baseModel"),
    *reads("{v}/tunedModels {v}/tunedModels/{x*} {v}/tuningJobs {v}/tuningJobs/{x*}", Kind.FINE_TUNE),
    *changes("{v}/tunedModels/{x*} {v}/tuningJobs/{x*}", Kind.FINE_TUNE, method="PATCH"),
    *changes("{v}/tunedModels/{m}:transferOwnership", Kind.FINE_TUNE),
    *cancels("{v}/tuningJobs/{id}:cancel", Kind.FINE_TUNE),
    *deletes("{v}/tunedModels/{x*} {v}/tuningJobs/{x*}", Kind.FINE_TUNE),
)

_AS_OPENAI = below(
    "{v}/openai/",
    openai_rows.GENERATED,
    openai_rows.STORED_RESPONSES,
    openai_rows.MODELS,
    openai_rows.FILES,
    openai_rows.BATCHES,
    openai_rows.VIDEOS,
)

OPERATIONS = OperationTable(
    "google-ai-studio",
    _GENERATED,
    _POLLED,
    _KEPT,
    _TUNED,
    _AS_OPENAI,
    whatever(
        "{v}/agents {v}/agents/{x*} {v}/environments {v}/environments/{x*} {v}/triggers {v}/triggers/{x*}",
        Kind.AGENT,
    ),
    whatever("{v}/webhooks {v}/webhooks/{x*}", Kind.AGENT, secret=True),
    makes("{v}/auth_tokens", Kind.SESSION, secret=True),
    reads("{v}/models", Kind.MODELS, lists="models[].name"),
    reads("{v}/models/{m}", Kind.MODELS),
)

_OPENAI_TREE = re.compile(r"v[0-9][^/]*/+openai(?:/|\Z)")
_KEY = ("x-goog-api-key", "")
_BEARER = ("authorization", "Bearer ")


def _key_header_at(tail: str) -> KeyHeader:
    """Two credentials at once are refused there, whatever they are."""
    tail = tail.lstrip("/")
    return _BEARER if _OPENAI_TREE.match(from_version(tail) or tail) else _KEY


_MODELS = re.compile(r"(?:models/)?([^/]+)")
_TUNED_MODELS = re.compile(r"(tunedModels/[^/]+)")


def _spoken(verb: str, streamed: str = "") -> tuple[Spoken, ...]:
    """At a verb of models, and of tuned ones."""
    return tuple(
        Spoken(
            dialect=Dialect.GOOGLE,
            tail=f"v1beta/{tree}{{model}}:{verb}",
            streamed=streamed and f"v1beta/{tree}{{model}}:{streamed}",
            stream_query=b"?alt=sse",
            models=models,
        )
        for tree, models in (("models/", _MODELS), ("", _TUNED_MODELS))
    )


SPEECH = Speech(
    talk=_spoken("generateContent", "streamGenerateContent"),
    embed=_spoken("batchEmbedContents"),
    count=_spoken("countTokens"),
)
"""Its own dialect: its OpenAI-compatible tree has no place for signatures, cached contents and much else."""

PROVIDER = Provider(
    slug="google-ai-studio",
    domains=("generativelanguage.googleapis.com",),
    locate=as_is("https://generativelanguage.googleapis.com"),
    aliases=("google",),
    compat=("google-ai-studio", "google"),
    speech=SPEECH,
    bearers=re.compile(r"ya29\..*"),  # access tokens
    stream_usage=True,
    credential_headers=("x-goog-api-key", "authorization"),
    key_header=_KEY,
    key_header_at=_key_header_at,
    query_credentials=QUERY_CREDENTIALS,
    unfit=unfit,
    operations=OPERATIONS,
    model_address=re.compile(r"/((?:tunedModels/)?[^/:]+):[^/:]*/*\Z"),  # {model}:generateContent
)
