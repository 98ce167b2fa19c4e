"""OpenAI: below `v1/` (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers import openai_rows as rows
from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation import Bills, Cacheable, Kind
from penstock.providers.operation_rows import (
    cancels,
    changes,
    counts,
    deletes,
    makes,
    orders,
    reads,
    uploads,
    whatever,
    work,
)
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import versioned
from penstock.providers.spoken import Speech, embeds, responds, talks

OPERATIONS = OperationTable(
    "openai",
    rows.GENERATED,
    reads("chat/completions chat/completions/{id} chat/completions/{id}/messages", Kind.CHAT),
    changes("chat/completions/{id}", Kind.CHAT),
    deletes("chat/completions/{id}", Kind.CHAT),
    rows.STORED_RESPONSES,
    rows.MODERATIONS,
    uploads("audio/voices audio/voice_consents", Kind.VOICE),
    reads("audio/voices audio/voices/{id} audio/voice_consents audio/voice_consents/{id}", Kind.VOICE),
    changes("audio/voices/{id} audio/voice_consents/{id}", Kind.VOICE),
    deletes("audio/voices/{id} audio/voice_consents/{id}", Kind.VOICE),
    rows.REALTIME,
    rows.BATCHES,
    rows.FILES,
    makes("uploads", Kind.UPLOAD),
    uploads("uploads/{id}/parts", Kind.UPLOAD),
    changes("uploads/{id}/complete", Kind.UPLOAD),
    cancels("uploads/{id}/cancel", Kind.UPLOAD),
    rows.FINE_TUNING,
    whatever("fine_tuning/checkpoints/{x*}", Kind.ACCOUNT),
    work("fine_tuning/alpha/graders/run", Kind.EVAL, models="body:grader.model", cache=Cacheable.NEVER),
    counts("fine_tuning/alpha/graders/validate", Kind.EVAL, models=""),
    rows.EVALS,
    rows.VECTOR_STORES,
    makes("conversations conversations/{id}/items", Kind.CONVERSATION),
    changes("conversations/{id}", Kind.CONVERSATION),
    reads("conversations/{x*}", Kind.CONVERSATION),
    deletes("conversations/{x*}", Kind.CONVERSATION),
    orders("containers", Kind.CONTAINER, unit="sessions"),
    uploads("containers/{id}/files", Kind.CONTAINER),
    reads("containers containers/{x*}", Kind.CONTAINER),
    deletes("containers/{x*}", Kind.CONTAINER),
    rows.VIDEOS,
    rows.ASSISTANTS,
    uploads("skills skills/{x*}", Kind.SKILL),
    reads("skills skills/{x*}", Kind.SKILL),
    deletes("skills/{x*}", Kind.SKILL),
    makes("chatkit/sessions", Kind.SESSION, secret=True),
    cancels("chatkit/sessions/{id}/cancel", Kind.SESSION, secret=True),
    reads("chatkit/threads chatkit/threads/{x*}", Kind.THREAD),
    deletes("chatkit/threads/{x*}", Kind.THREAD),
    work(
        "content_provenance_checks",
        Kind.IMAGE_READ,
        models="",
        bills=Bills.UNKNOWN,
        cache=Cacheable.NEVER,
        unit="calls",
    ),
    rows.MODELS,
    deletes("models/{m}", Kind.MODELS),
    whatever("organization/{x*} projects/{x*}", Kind.ACCOUNT, secret=True),
)

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.openai.com",
    versioned("https://api.openai.com"),
    speech=Speech(talk=(talks(), responds()), embed=embeds()),
    stream_usage=True,
)
