"""Parallel's answers that are priced by their results: searches, extracts, entity searches (Parallel 3.1).

Their `usage` is a list of SKUs with counts, or missing; then the results are counted. Prices are not here.
"""

from __future__ import annotations

import msgspec

from penstock.wire.tolerant_json import read
from penstock.wire.usage_counts import MOST_PARTS, Count, Usage

_INCLUDED = 10  # results of a search before `sku_search_additional_results` counts
_EXTRA = "sku_search_additional_results"
_EXTRACTED = frozenset({"sku_extract_excerpts", "sku_extract_full_content"})


class _Sku(msgspec.Struct, gc=False):
    name: str
    count: Count = 0


class _Result(msgspec.Struct, gc=False):
    pass


class _Priced(msgspec.Struct, gc=False):
    usage: list[_Sku] | None = None
    results: list[_Result] | None = None
    entities: list[_Result] | None = None
    candidates: list[_Result] | None = None


def counts(body: bytes) -> Usage | None:
    """How many results an answer has. Where excerpts and full contents are both told, the larger counts."""
    if body.count(b"{") > MOST_PARTS:
        return None
    said, odd = read(_Priced, body)
    if any(name.startswith("usage") for name in odd):
        return None
    skus = {sku.name: sku.count for sku in said.usage or ()}
    extracted = [skus[name] for name in _EXTRACTED & skus.keys()]
    if extracted:
        return Usage(results=max(extracted))
    if _EXTRA in skus:
        return Usage(results=_INCLUDED + skus[_EXTRA])
    found = next((it for it in (said.results, said.entities, said.candidates) if it is not None), None)
    return None if found is None else Usage(results=len(found))
