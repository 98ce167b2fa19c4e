"""Brave Search: paths as written, mostly `GET` with the query in the address (search and runs A2)."""

from __future__ import annotations

from penstock.providers.base import Provider
from penstock.providers.operation import Kind
from penstock.providers.operation_rows import reads, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import as_is
from penstock.providers.spoken import Speech, searches
from penstock.wire.answer_dialect import Dialect

OPERATIONS = OperationTable(
    "brave",
    work(
        "res/v1/web/search",
        Kind.SEARCH,
        Dialect.BRAVE,
        models="",
        product="search-web",
        unit="calls",
        method="GET",
    ),
    *(
        work(
            "res/v1/llm/context",
            Kind.SEARCH,
            Dialect.BRAVE_CONTEXT,
            models="",
            product="search-llm-context",
            unit="calls",
            method=method,
        )
        for method in ("GET", "POST")
    ),
    work(
        "res/v1/news/search res/v1/images/search res/v1/videos/search res/v1/summarizer/search res/v1/local/pois"
        " res/v1/local/descriptions",
        Kind.SEARCH,
        models="",
        product="search-other",
        unit="calls",
        method="GET",
        sure=False,
    ),
    work(
        "res/v1/suggest/search res/v1/spellcheck/search",
        Kind.SEARCH,
        models="",
        product="suggest",
        unit="calls",
        method="GET",
        sure=False,
    ),
    work("res/v1/chat/completions", Kind.CHAT, Dialect.OPENAI_CHAT, sure=False),
    reads("res/v1/{x*}", Kind.OTHER, sure=False),
)

PROVIDER = Provider(
    slug="brave",
    domains=("api.search.brave.com",),
    locate=as_is("https://api.search.brave.com"),
    compat=("brave",),
    speech=Speech(
        search=(
            searches(Dialect.BRAVE, "res/v1/web/search", "web"),
            searches(Dialect.BRAVE_CONTEXT, "res/v1/llm/context", "llm-context"),
        ),
        modes=("web", "web", "web", "llm-context"),
    ),
    credential_headers=("x-subscription-token",),
    key_header=("x-subscription-token", ""),
    operations=OPERATIONS,
)
