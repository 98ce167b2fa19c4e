"""Grok, of xAI: the OpenAI dialect, images, videos and speech, below `v1/` (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers import openai_rows as rows
from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation import Bills, Cacheable, Effect, Flag, Kind, Rows, Settles
from penstock.providers.operation_rows import (
    cancels,
    counts,
    deletes,
    makes,
    orders,
    reads,
    sessions,
    whatever,
    work,
)
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned
from penstock.providers.spoken import Speech, embeds, messages, responds, talks
from penstock.wire.answer_dialect import Dialect

_DEFERRED = Flag(("body:deferred=true",), Effect.ORDER)
_DEFERRED_DONE = Settles("path", status="")
_VIDEO_DONE = Settles("path", final=("done", "failed", "expired"))

_GENERATORS = ("language", "embedding", "image-generation", "video-generation")

_GENERATED: Rows = (
    *work("chat/completions", Kind.CHAT, Dialect.OPENAI_CHAT, flags=(_DEFERRED,)),
    *rows.RESPONSE,
    *rows.MESSAGES,
    *work("complete", Kind.MESSAGES, Dialect.ANTHROPIC, flags=(*rows.CONTAINER, rows.TOOL_SERVERS)),
    *rows.COMPLETIONS,
    *rows.EMBEDDINGS,
    *work("images/generations", Kind.IMAGE, Dialect.OPENAI_IMAGES, unit="images"),
    *work("images/edits", Kind.IMAGE_EDIT, Dialect.OPENAI_IMAGES, unit="images"),
    *work("tts", Kind.SPEECH, models="", unit="characters"),
    *work("stt", Kind.TRANSCRIPTION, Dialect.OPENAI_TRANSCRIPTION, models="", unit="seconds"),
    *sessions("realtime tts stt", Kind.REALTIME),
    *counts("tokenize-text"),
    *work(
        "documents/search",
        Kind.VECTOR_STORE,
        models="",
        bills=Bills.UNKNOWN,
        cache=Cacheable.NEVER,
        unit="searches",
        sure=False,
    ),
)

# What a batch has cost is in `cost_breakdown` of its read; nothing there tells for certain that no more comes.
_LISTS: Rows = (
    *reads(
        " ".join(f"{what}-models" for what in _GENERATORS),
        Kind.MODELS,
        lists="models[].id models[].aliases",
    ),
    *reads(" ".join(f"{what}-models/{{m*}}" for what in _GENERATORS), Kind.MODELS),
)

_BATCHES: Rows = (
    *orders("batches", Kind.BATCH),
    *orders(
        "batches/{id}/requests",
        Kind.BATCH,
        models="body:batch_requests[].batch_request.chat_get_completion.model",
    ),
    *cancels("batches/{id}:cancel", Kind.BATCH),
    *reads("batches batches/{id} batches/{id}/requests batches/{id}/results", Kind.BATCH),
)

OPERATIONS = OperationTable(
    "grok",
    _GENERATED,
    reads("chat/deferred-completion/{id}", Kind.CHAT, Dialect.OPENAI_CHAT, settles=_DEFERRED_DONE),
    reads("responses/{id}", Kind.RESPONSES, Dialect.OPENAI_RESPONSES, settles=rows.RESPONSE_DONE),
    deletes("responses/{id}", Kind.RESPONSES),
    orders(
        "videos/generations videos/edits videos/extensions", Kind.VIDEO, models="body:model", unit="seconds"
    ),
    reads("videos/{id}", Kind.VIDEO, Dialect.OPENAI_IMAGES, settles=_VIDEO_DONE),
    whatever("custom-voices custom-voices/{x*}", Kind.VOICE),
    makes("realtime/client_secrets", Kind.SESSION, models="body:session.model body:model", secret=True),
    _BATCHES,
    rows.FILES,
    rows.MODELS,
    reads("tts/voices", Kind.MODELS),
    _LISTS,
    reads("api-key", Kind.ACCOUNT),
)

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.x.ai",
    versioned("https://api.x.ai"),
    speech=Speech(talk=(talks(), responds(), messages()), embed=embeds()),
    aliases=("xai",),
)
