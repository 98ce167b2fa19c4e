"""Mistral: its own dialect of OpenAI's, version in the tail (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers import openai_rows as rows
from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation import Bills, Cacheable, Effect, Flag, Kind, Rows, Settles
from penstock.providers.operation_rows import (
    below,
    cancels,
    changes,
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
from penstock.providers.paths import as_is
from penstock.providers.spoken import Speech, embeds, talks
from penstock.wire.answer_dialect import Dialect

_WHO = "body:model body:agent_id"
_FORGOTTEN = Flag(("body:store=false",), Effect.GENERATE, Cacheable.ALWAYS)
_NOT_ADDED = Flag(("body:store=false",), Effect.GENERATE)  # what it goes on from is kept there
_BATCH_DONE = Settles(
    final=("SUCCESS", "FAILED", "TIMEOUT_EXCEEDED", "CANCELLED"), usage="", results="/output_file"
)
_JOB_DONE = Settles(final=("SUCCESS", "FAILED", "FAILED_VALIDATION", "CANCELLED"), usage="/trained_tokens")

_GENERATED: Rows = (
    *rows.CHAT,
    *work("fim/completions", Kind.COMPLETION, Dialect.OPENAI_CHAT),
    *work(
        "agents/completions",
        Kind.AGENT_RUN,
        Dialect.OPENAI_CHAT,
        models="body:agent_id",
        flags=(rows.STORED,),
    ),
    *rows.EMBEDDINGS,
    *work(
        "moderations chat/moderations",
        Kind.MODERATION,
        Dialect.OPENAI_EMBEDDINGS,
        bills=Bills.UNKNOWN,
    ),
    *work(
        "classifications chat/classifications",
        Kind.CLASSIFY,
        Dialect.OPENAI_EMBEDDINGS,
        bills=Bills.UNKNOWN,
    ),
    *work("ocr", Kind.OCR, Dialect.MISTRAL_OCR, unit="pages"),
    *rows.TRANSCRIPTIONS,
    *rows.SPEECH,
    *sessions("audio/transcriptions/realtime", Kind.REALTIME, sure=False),
)

_CONVERSATIONS: Rows = (
    *orders(
        "conversations",
        Kind.CONVERSATION,
        Dialect.MISTRAL_CONVERSATIONS,
        models=_WHO,
        bills=Bills.WORK,
        flags=(_FORGOTTEN,),
    ),
    *orders(
        "conversations/{id} conversations/{id}/restart",
        Kind.CONVERSATION,
        Dialect.MISTRAL_CONVERSATIONS,
        models=_WHO,
        bills=Bills.WORK,
        flags=(_NOT_ADDED,),
    ),
    *reads("conversations conversations/{x*}", Kind.CONVERSATION),
    *deletes("conversations/{x*}", Kind.CONVERSATION),
)

_KEPT: Rows = (
    *uploads("audio/voices audio/voices/{x*}", Kind.VOICE),
    *reads("audio/voices audio/voices/{x*}", Kind.VOICE),
    *changes("audio/voices/{x*}", Kind.VOICE, method="PATCH"),
    *changes("audio/voices/{x*}", Kind.VOICE, method="PUT"),
    *deletes("audio/voices/{x*}", Kind.VOICE),
    *makes("agents", Kind.AGENT, models="body:model"),
    *changes("agents/{x*}", Kind.AGENT),
    *changes("agents/{x*}", Kind.AGENT, method="PATCH"),
    *changes("agents/{x*}", Kind.AGENT, method="PUT"),
    *reads("agents agents/{x*}", Kind.AGENT),
    *deletes("agents/{x*}", Kind.AGENT),
    *rows.FILES,
    *reads("files/{id}/url", Kind.FILE, secret=True),
    *makes("libraries", Kind.LIBRARY),
    *orders("libraries/{id}/documents", Kind.LIBRARY, unit="pages"),
    *orders(
        "libraries/{id}/documents/ingest-from-blob-storage libraries/{id}/documents/{d}/reprocess",
        Kind.LIBRARY,
        unit="pages",
        sure=False,
    ),
    *changes("libraries/{x*}", Kind.LIBRARY),
    *changes("libraries/{x*}", Kind.LIBRARY, method="PUT"),
    *changes("libraries/{x*}", Kind.LIBRARY, method="PATCH"),
    *reads("libraries libraries/{x*}", Kind.LIBRARY),
    *reads(
        "libraries/{id}/documents/signed-upload-url libraries/{id}/documents/{d}/signed-url"
        " libraries/{id}/documents/{d}/extracted-text-signed-url",
        Kind.LIBRARY,
        secret=True,
    ),
    *deletes("libraries/{x*}", Kind.LIBRARY),
    *rows.MODELS,
    *deletes("models/{m}", Kind.MODELS),
    *changes("fine_tuning/models/{m}", Kind.MODELS, method="PATCH"),
)

_JOBS: Rows = (
    *orders("batch/jobs", Kind.BATCH, models=_WHO),
    *cancels("batch/jobs/{id}/cancel", Kind.BATCH),
    *reads("batch/jobs/{id}", Kind.BATCH, settles=_BATCH_DONE),
    *reads("batch/jobs", Kind.BATCH),
    *deletes("batch/jobs/{id}", Kind.BATCH),
    *orders("fine_tuning/jobs", Kind.FINE_TUNE, models="body:model"),
    *cancels("fine_tuning/jobs/{id}/cancel", Kind.FINE_TUNE),
    *changes("fine_tuning/jobs/{id}/start fine_tuning/models/{m}/archive", Kind.FINE_TUNE),
    *changes("fine_tuning/models/{m}/archive", Kind.FINE_TUNE, method="DELETE"),
    *reads("fine_tuning/jobs/{id}", Kind.FINE_TUNE, settles=_JOB_DONE),
    *reads("fine_tuning/jobs fine_tuning/jobs/{id}/{x*}", Kind.FINE_TUNE),
)

_SEARCHES = (
    "observability/{things}/search observability/{things}/search-ids observability/{a}/{b}/search"
    " observability/spans/evaluations/search/latest observability/{things}/{id}/options-counts"
)

_PLATFORM: Rows = (
    *work(
        "connectors/{c}/tools/{t}/call",
        Kind.TOOL,
        models="",
        bills=Bills.UNKNOWN,
        cache=Cacheable.NEVER,
        unit="calls",
    ),
    *whatever("connectors connectors/{x*}", secret=True),
    *orders(
        "workflows/{w}/execute workflows/registrations/{r}/execute",
        Kind.WORKFLOW,
        bills=Bills.UNKNOWN,
        unit="calls",
    ),
    *cancels("workflows/executions/cancel workflows/executions/{id}/cancel", Kind.WORKFLOW),
    *cancels("workflows/executions/terminate workflows/executions/{id}/terminate", Kind.WORKFLOW),
    *changes("workflows/executions/{id}/{verb} workflows/schedules/{id}/{verb}", Kind.WORKFLOW),
    *changes("workflows/{w}/archive workflows/{w}/unarchive workflows/{w}/update", Kind.WORKFLOW),
    *reads("workflows/executions/{id}/queries workflows/{things}/search", Kind.WORKFLOW, method="POST"),
    *whatever("workflows workflows/{x*}", Kind.WORKFLOW),
    *reads(_SEARCHES, Kind.ACCOUNT, method="POST"),
    *orders("observability/{things}/{id}/live-judging", Kind.ACCOUNT, bills=Bills.UNKNOWN),
    *deletes("observability/dataset-records/bulk-delete", Kind.ACCOUNT, method="POST"),
    *whatever("observability/{x*}"),
)

OPERATIONS = OperationTable("mistral", below("v1/", _GENERATED, _CONVERSATIONS, _KEPT, _JOBS, _PLATFORM))

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.mistral.ai",
    as_is("https://api.mistral.ai"),
    speech=Speech(talk=(talks(),), embed=embeds()),
    root="/",
)
