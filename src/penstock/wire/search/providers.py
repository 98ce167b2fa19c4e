"""Which providers' ways of searching are spoken, by dialect, and that of who has Parallel's shape itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.wire.answer_dialect import Dialect
from penstock.wire.search.brave import BraveContext, BraveWeb
from penstock.wire.search.dates import day_of
from penstock.wire.search.exa import ExaSearch
from penstock.wire.search.perplexity import PerplexitySearch
from penstock.wire.search.provider import Result, SearchProvider, Sent, Told
from penstock.wire.search.question import SearchAsked
from penstock.wire.search.reading import document, listed, objects, text, texts
from penstock.wire.search.searxng import SearxngSearch
from penstock.wire.search.tavily import TavilySearch

_encode = msgspec.json.Encoder().encode


class ParallelSearch:
    """`SearchProvider` of Parallel and the local engine: only the mode is made anew, where the model names one."""

    def ask(self, asked: SearchAsked, kind: str, today: str) -> Sent:
        members = dict(asked.members)
        if kind != asked.mode:
            members["mode"] = msgspec.Raw(_encode(kind))
        return Sent(body=_encode(members))

    def read(self, body: bytes) -> Told:
        return Told(
            results=[
                Result(
                    text(one.get("url")),
                    text(one.get("title")),
                    day_of(text(one.get("publish_date"))),
                    texts(one.get("excerpts")),
                )
                for one in objects(listed(document(body), "results"))
            ]
        )


SEARCH: Final[Mapping[Dialect, SearchProvider]] = {
    Dialect.PARALLEL: ParallelSearch(),
    Dialect.EXA: ExaSearch(),
    Dialect.TAVILY: TavilySearch(),
    Dialect.BRAVE: BraveWeb(),
    Dialect.BRAVE_CONTEXT: BraveContext(),
    Dialect.PERPLEXITY_SEARCH: PerplexitySearch(),
    Dialect.SEARXNG: SearxngSearch(),
}
