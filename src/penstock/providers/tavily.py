"""Tavily: web search, paths as written (search and runs A2). An old client's key may stand in the body."""

from __future__ import annotations

import re
from typing import Final

from penstock.pieces import Pieces
from penstock.providers.base import Provider
from penstock.providers.operation import Kind, Settles
from penstock.providers.operation_rows import orders, reads, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import as_is
from penstock.providers.spoken import Speech, searches
from penstock.wire.answer_dialect import Dialect

_KEY: Final = re.compile(rb'("api_key"\s*+:\s*+)"(?:[^"\\]++|\\.)*+"?+', re.DOTALL)
_RESEARCH_DONE = Settles(id="/request_id", final=("completed", "failed"), usage="")

OPERATIONS = OperationTable(
    "tavily",
    work(
        "search",
        Kind.SEARCH,
        Dialect.TAVILY,
        models="body:search_depth",
        product="search",
        default="basic",
        unit="credits",
    ),
    work("extract", Kind.EXTRACT, Dialect.TAVILY, models="", product="extract", unit="credits"),
    work("crawl map", Kind.EXTRACT, Dialect.TAVILY, models="", product="crawl", unit="credits"),
    orders("research", Kind.RESEARCH, models="body:model", unit="credits", sure=False),
    reads("research/{id}", Kind.RESEARCH, settles=_RESEARCH_DONE, sure=False),
    reads("usage", Kind.ACCOUNT, sure=False),
)


def redact(body: bytes) -> Pieces[bytes]:
    """A body without the key that clients of before 2025 put into it."""
    yield len(body)
    return _KEY.sub(rb'\1"[redacted]"', body)


PROVIDER = Provider(
    slug="tavily",
    domains=("api.tavily.com",),
    locate=as_is("https://api.tavily.com"),
    compat=("tavily",),
    speech=Speech(
        search=(searches(Dialect.TAVILY, "search", "ultra-fast", "fast", "basic", "advanced"),),
        modes=("ultra-fast", "fast", "basic", "advanced"),
    ),
    operations=OPERATIONS,
    secret_fields=("api_key",),
    redact=redact,
)
