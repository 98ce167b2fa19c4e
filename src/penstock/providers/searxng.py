"""SearXNG: metasearch on a machine of the operator's, which costs nothing (search and runs A2).

It has no keys of its own; what stands before it may want some, which its operator stores or sends with every call.
"""

from __future__ import annotations

from penstock.providers.base import Provider
from penstock.providers.operation import Bills, Kind
from penstock.providers.operation_rows import reads, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import as_is
from penstock.providers.spoken import MODES, Speech, searches
from penstock.wire.answer_dialect import Dialect

_NOWHERE = "searxng.invalid"  # a base URL takes its place

OPERATIONS = OperationTable(
    "searxng",
    *(
        work(
            "search",
            Kind.SEARCH,
            Dialect.SEARXNG,
            models="",
            product="search",
            unit="calls",
            bills=Bills.NOTHING,
            method=method,
        )
        for method in ("GET", "POST")
    ),
    reads("config autocompleter healthz stats stats/{x*} preferences", Kind.OTHER),
)

PROVIDER = Provider(
    slug="searxng",
    domains=(_NOWHERE,),
    locate=as_is(f"https://{_NOWHERE}"),
    compat=("searxng",),
    speech=Speech(
        search=(searches(Dialect.SEARXNG, "search", "web"),),
        modes=("web",) * len(MODES),
    ),
    operations=OPERATIONS,
    base_url_needed="https://searx.example.org",
)
