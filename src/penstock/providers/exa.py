"""Exa: web search, paths as written (search and runs A2)."""

from __future__ import annotations

from penstock.providers.base import Provider
from penstock.providers.operation import Kind, Settles
from penstock.providers.operation_rows import orders, reads, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import as_is
from penstock.providers.spoken import Speech, searches
from penstock.wire.answer_dialect import Dialect

_RESEARCH_DONE = Settles(id="/researchId", final=("completed", "failed", "canceled"), usage="")

OPERATIONS = OperationTable(
    "exa",
    work(
        "search",
        Kind.SEARCH,
        Dialect.EXA,
        models="body:type",
        product="search",
        default="auto",
        unit="calls",
    ),
    work("findSimilar", Kind.SEARCH, Dialect.EXA, models="", product="find-similar", unit="calls"),
    work("contents", Kind.EXTRACT, Dialect.EXA, models="", product="contents", unit="pages"),
    work("answer", Kind.RESPONSES, Dialect.EXA, models="", product="answer", unit="calls"),
    orders("research/v1", Kind.RESEARCH, Dialect.EXA, models="body:model", unit="runs"),
    reads("research/v1/{id}", Kind.RESEARCH, Dialect.EXA, settles=_RESEARCH_DONE),
    reads("research/v1", Kind.RESEARCH),
)

PROVIDER = Provider(
    slug="exa",
    domains=("api.exa.ai",),
    locate=as_is("https://api.exa.ai"),
    compat=("exa",),
    speech=Speech(
        search=(
            searches(
                Dialect.EXA,
                "search",
                "lite",
                "auto",
                "deep",
                "fast",
                "instant",
                "deep-reasoning",
                "neural",
                "keyword",
            ),
        ),
        modes=("lite", "lite", "lite", "auto"),
    ),
    credential_headers=("x-api-key", "authorization"),
    key_header=("x-api-key", ""),
    operations=OPERATIONS,
    reads_either=True,
)
