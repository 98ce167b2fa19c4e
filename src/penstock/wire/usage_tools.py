"""Searches that a model made on its way, where they are told by the parts of an answer and not by its `usage`.

OpenAI's responses list each call of a tool; Google lists the queries. What they cost is not known here.
"""

from __future__ import annotations

import re

import msgspec

from penstock.wire.tolerant_json import read
from penstock.wire.usage_counts import MOST_PARTS

_ONCE = re.compile(
    r"(?:^|/)gemini-[12]\b"
)  # these are charged for an answer that searched, not for each query


class _Action(msgspec.Struct, gc=False):
    type: str = "search"


class _Item(msgspec.Struct, gc=False):
    type: str = ""
    action: _Action | None = None


class _Grounding(msgspec.Struct, rename="camel", gc=False):
    web_search_queries: list[str] | None = None


class _Candidate(msgspec.Struct, rename="camel", gc=False):
    grounding_metadata: _Grounding | None = None


def tool_searches(output: bytes) -> tuple[int, int]:
    """How often the web and files were searched, by `output` of a response. May raise `UNREADABLE`.

    Opening a page that was found is no search.
    """
    if b'_search_call"' not in output:
        return 0, 0
    if output.count(b"{") > MOST_PARTS:
        return 0, 0
    items, _ = read(list[_Item], output)
    web = sum(
        item.type == "web_search_call" and (item.action is None or item.action.type == "search")
        for item in items
    )
    return web, sum(item.type == "file_search_call" for item in items)


def grounding_searches(candidates: bytes, model: str | None) -> int:
    """How many searches Google charges for, by the `candidates` of an answer. May raise `UNREADABLE`."""
    if b'"webSearchQueries"' not in candidates or candidates.count(b'"') > 2 * MOST_PARTS:
        return 0
    found, _ = read(list[_Candidate], candidates)
    count = sum(
        query != ""
        for candidate in found
        if candidate.grounding_metadata is not None
        for query in candidate.grounding_metadata.web_search_queries or ()
    )
    return min(count, 1) if _ONCE.search(model or "") else count
