"""Perplexity: paths as written (Cloudflare 1.3.1)."""

from __future__ import annotations

from penstock.providers import openai_rows as rows
from penstock.providers.openai_compatible import openai_compatible
from penstock.providers.operation import Kind, Settles
from penstock.providers.operation_rows import deletes, orders, reads, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import as_is
from penstock.providers.spoken import Speech, embeds, responds, searches, talks
from penstock.wire.answer_dialect import Dialect

_RESEARCH_DONE = Settles(final=("COMPLETED", "FAILED"), usage="/response/usage")

OPERATIONS = OperationTable(
    "perplexity-ai",
    work(
        "v1/agent v1/responses",
        Kind.RESPONSES,
        Dialect.OPENAI_RESPONSES,
        models="body:model body:preset",
        flags=rows.STATE,
    ),
    reads("v1/responses/{id}", Kind.RESPONSES, Dialect.OPENAI_RESPONSES, settles=rows.RESPONSE_DONE),
    reads("v1/responses/{id}/files v1/responses/{id}/files/{f}/content", Kind.RESPONSES),
    work(
        "search",
        Kind.SEARCH,
        Dialect.PERPLEXITY_SEARCH,
        models="body:search_type",
        product="search",
        default="web",
        unit="calls",
    ),
    work("v1/embeddings v1/contextualizedembeddings", Kind.EMBEDDINGS, Dialect.OPENAI_EMBEDDINGS),
    work("chat/completions", Kind.CHAT, Dialect.OPENAI_CHAT),
    orders("async/chat/completions", Kind.RESEARCH, Dialect.OPENAI_CHAT, models="body:request.model"),
    reads("async/chat/completions/{id}", Kind.RESEARCH, Dialect.OPENAI_CHAT, settles=_RESEARCH_DONE),
    reads("async/chat/completions", Kind.RESEARCH),
    orders("v1/browser/sessions", Kind.SESSION, unit="sessions", secret=True),
    deletes("v1/browser/sessions/{id}", Kind.SESSION),
    reads("v1/models", Kind.MODELS, lists=rows.MODEL_LIST, sure=False),
)

PROVIDER = openai_compatible(
    OPERATIONS,
    "api.perplexity.ai",
    as_is("https://api.perplexity.ai"),
    Speech(
        talk=(talks("chat/completions"), responds()),
        embed=embeds(),
        search=(searches(Dialect.PERPLEXITY_SEARCH, "search", "web", "fast", "people"),),
        modes=("fast", "fast", "web", "web"),
    ),
    ("perplexity",),
    root="/",
)
