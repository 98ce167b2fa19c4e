"""OpenRouter: the OpenAI dialect in front of many vendors, below `api/v1/` (Cloudflare 1.3.1)."""

from __future__ import annotations

from dataclasses import replace

from penstock.providers import openai_rows as rows
from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation import Kind, Rows, Settles
from penstock.providers.operation_rows import changes, deletes, makes, orders, reads, whatever, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned
from penstock.providers.spoken import Speech, embeds, messages, responds, talks
from penstock.wire.answer_dialect import Dialect

_LISTS = "models models/user embeddings/models images/models videos/models"
_MODELS = "body:model body:models[]"  # of several that may answer, the first
_VARY = (
    "x-openrouter-metadata",
    "x-openrouter-experimental-metadata",
    "x-openrouter-cache",
    "x-openrouter-cache-clear",
    "x-openrouter-cache-ttl",
)
_VIDEO_DONE = Settles(final=("completed", "failed", "cancelled", "expired"))
_BATCH_DONE = Settles(final=("completed", "failed", "cancelled", "expired"))
_TOLD = Settles("/data/id", status="", usage="/data")

_GENERATED: Rows = (
    *rows.CHAT,
    *work("completions", Kind.COMPLETION, Dialect.OPENAI_CHAT, sure=False),
    *rows.RESPONSE,
    *rows.MESSAGES,
    *rows.EMBEDDINGS,
    *work("rerank", Kind.RERANK, Dialect.OPENAI_EMBEDDINGS, unit="searches"),
    *work("images", Kind.IMAGE, Dialect.OPENAI_IMAGES),
    *rows.SPEECH,
)

_KEYS = " ".join(
    f"{name} {name}/{{x*}}"
    for name in ("keys", "auth/keys", "byok", "credits", "guardrails", "workspaces", "observability", "scim")
)

OPERATIONS = OperationTable(
    "openrouter",
    tuple(replace(row, models=tuple(_MODELS.split()), vary=_VARY) for row in _GENERATED),
    tuple(replace(row, vary=_VARY) for row in rows.TRANSCRIPTIONS),
    orders("videos", Kind.VIDEO, models="body:model", unit="seconds"),
    reads("videos/{id}", Kind.VIDEO, settles=_VIDEO_DONE),
    reads("videos/{id}/content", Kind.VIDEO),
    orders("batches", Kind.BATCH, models="body:model"),
    reads("batches/{id}", Kind.BATCH, settles=_BATCH_DONE),
    reads("batches", Kind.BATCH),
    deletes("batches/{id}", Kind.BATCH),
    reads("generation", Kind.OTHER, settles=_TOLD),
    reads("generation/content", Kind.OTHER),
    changes("generation/feedback", Kind.ACCOUNT),
    makes("presets/{p}/chat/completions presets/{p}/messages presets/{p}/responses", Kind.ACCOUNT),
    rows.FILES,
    reads("analytics/query", Kind.ACCOUNT, method="POST"),
    whatever(_KEYS, secret=True),
    reads(_LISTS, Kind.MODELS, lists="data[].id data[].canonical_slug"),
    reads("models/{o}/{m}/endpoints images/models/{o}/{m}/endpoints", Kind.MODELS),
    reads("models/{m*} model/{m*} images/models/{m*} endpoints/{m*}", Kind.MODELS),
    reads("models/count providers", Kind.MODELS),
    reads("presets presets/{x*} datasets/{x*} benchmarks activity key", Kind.ACCOUNT),
)

PROVIDER = openai_compatible(
    OPERATIONS,
    "openrouter.ai",
    versioned("https://openrouter.ai", "api/"),
    speech=Speech(talk=(talks(), responds(), messages()), embed=embeds()),
    root="/api/v1/",
    stream_usage=True,
)
