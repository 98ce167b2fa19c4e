"""Tavily: `POST /search` (search and runs A3 to A5)."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.json_value import Json, Object, to_json
from penstock.wire.search.dates import day_of
from penstock.wire.search.domains import is_ending
from penstock.wire.search.places import NAMES
from penstock.wire.search.provider import (
    FETCH_SECONDS,
    INCLUDE,
    LOCATION,
    MAX_AGE,
    NO_STALE,
    Result,
    Sent,
    Told,
    left_out,
)
from penstock.wire.search.question import Misasked, SearchAsked
from penstock.wire.search.reading import document, listed, objects, text

_NAME: Final = "tavily"
_CHUNK: Final = 500  # characters
_MOST_CHUNKS: Final = 3
_BETWEEN: Final = " [...] "


class TavilySearch:
    """`SearchProvider` of Tavily. `auto_parameters` stays off: it may raise the price."""

    def ask(self, asked: SearchAsked, kind: str, today: str) -> Sent:
        if any(map(is_ending, asked.include)):
            raise Misasked((INCLUDE, "tavily takes hosts and no endings such as .gov"))
        body: Object = {"query": asked.queries[0], "search_depth": kind, "max_results": asked.results}
        exclude: list[Json] = [domain for domain in asked.exclude if not is_ending(domain)]
        if asked.include:
            body["include_domains"] = list(asked.include)
        elif exclude:
            body["exclude_domains"] = exclude
        if asked.after:
            body["start_date"] = asked.after
        if asked.country:
            body["country"] = NAMES[asked.country]
        if asked.chars_per_result and kind == "advanced":
            body["chunks_per_source"] = min(-(-asked.chars_per_result // _CHUNK), _MOST_CHUNKS)
        if asked.max_age is not None:
            body["max_age_hours"] = asked.max_age // 3600
        if asked.fetch_seconds is not None:
            body["fetch_timeout"] = asked.fetch_seconds
        if asked.no_stale:
            body["cache_fallback"] = False
        warnings = left_out(asked, _NAME, LOCATION, MAX_AGE, FETCH_SECONDS, NO_STALE)
        return Sent(body=to_json({**body, "include_usage": True}), warnings=warnings)

    def read(self, body: bytes) -> Told:
        return Told(
            results=[
                Result(
                    text(one.get("url")),
                    text(one.get("title")),
                    day_of(text(one.get("published_date"))),
                    [part for part in text(one.get("content")).split(_BETWEEN) if part.strip()],
                )
                for one in objects(listed(document(body), "results"))
            ]
        )
