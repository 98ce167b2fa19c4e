"""Cohere: `v1` and `v2` keep their version, a bare path means `v1` (Cloudflare 1.3.2).

Its OpenAI-compatible tree `compatibility/…` stands beside the versions and serves the unified endpoint.
"""

from __future__ import annotations

from penstock.providers import openai_rows as rows
from penstock.providers.base import Provider
from penstock.providers.operation import Flag, Kind, Rows, Settles
from penstock.providers.operation_rows import (
    below,
    cancels,
    changes,
    counts,
    deletes,
    orders,
    reads,
    uploads,
    whatever,
    work,
)
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned
from penstock.providers.spoken import Speech, Spoken
from penstock.wire.answer_dialect import Dialect

_CONVERSATION = Flag(("body:conversation_id",))
_STREAMS = ("accept",)  # events or lines, as this says
_EMBED_DONE = Settles("/job_id", final=("complete", "failed", "cancelled"), usage="/meta/billed_units")
_BATCH_DONE = Settles(
    "/batch/id",
    "/batch/status",
    ("BATCH_STATUS_COMPLETED", "BATCH_STATUS_FAILED", "BATCH_STATUS_CANCELED"),
    "/batch",
)

_GENERATED: Rows = (
    *work("v2/chat", Kind.CHAT, Dialect.COHERE_V2),
    *work("v1/chat", Kind.CHAT, Dialect.COHERE_V1, flags=(_CONVERSATION,), vary=_STREAMS),
    *work("v1/generate v1/summarize", Kind.COMPLETION, Dialect.COHERE_V1, vary=_STREAMS),
    *work("v1/embed v2/embed", Kind.EMBEDDINGS, Dialect.COHERE_V1),
    *work("v1/rerank v2/rerank", Kind.RERANK, Dialect.COHERE_V1, unit="searches"),
    *work("v1/classify", Kind.CLASSIFY, Dialect.COHERE_V1, unit="units"),
    *counts("v1/tokenize v1/detokenize"),
    *work("v2/audio/transcriptions", Kind.TRANSCRIPTION, models="form:model", unit="seconds"),
    *below("compatibility/v1/", rows.CHAT, rows.EMBEDDINGS),
)

_KEPT: Rows = (
    *orders("v1/embed-jobs v2/batches", Kind.BATCH, models="body:model"),
    *cancels("v1/embed-jobs/{id}/cancel v2/batches/{id}:cancel", Kind.BATCH),
    *reads("v1/embed-jobs/{id}", Kind.BATCH, Dialect.COHERE_V1, settles=_EMBED_DONE),
    *reads("v2/batches/{id}", Kind.BATCH, settles=_BATCH_DONE),
    *reads("v1/embed-jobs v2/batches", Kind.BATCH),
    *uploads("v1/datasets", Kind.DATASET),
    *reads("v1/datasets v1/datasets/usage v1/datasets/{id}", Kind.DATASET),
    *deletes("v1/datasets/{id}", Kind.DATASET),
    *orders("v1/finetuning/finetuned-models", Kind.FINE_TUNE),
    *reads("v1/finetuning/finetuned-models v1/finetuning/finetuned-models/{x*}", Kind.FINE_TUNE),
    *changes("v1/finetuning/finetuned-models/{id}", Kind.FINE_TUNE, method="PATCH"),
    *deletes("v1/finetuning/finetuned-models/{id}", Kind.FINE_TUNE),
    *whatever("v1/connectors v1/connectors/{x*}", secret=True),
    *reads("v1/check-api-key", Kind.ACCOUNT, method="POST"),
    *reads("v1/models", Kind.MODELS, lists="models[].name"),
    *reads("v1/models/{m}", Kind.MODELS),
)

OPERATIONS = OperationTable("cohere", _GENERATED, _KEPT)

PROVIDER = Provider(
    slug="cohere",
    domains=("api.cohere.com",),
    locate=versioned("https://api.cohere.com", siblings=("compatibility/",)),
    compat=("cohere",),
    speech=Speech(
        talk=(Spoken(dialect=Dialect.COHERE_V2, tail="v2/chat"),),
        embed=(Spoken(dialect=Dialect.COHERE_V2, tail="v2/embed"),),
    ),
    operations=OPERATIONS,
)
