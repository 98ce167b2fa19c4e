"""Exa: `POST /search` (search and runs A3 to A5)."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.json_value import Json, Object, to_json
from penstock.wire.search.dates import day_of
from penstock.wire.search.domains import is_ending
from penstock.wire.search.provider import (
    FETCH_SECONDS,
    INCLUDE,
    LOCATION,
    MAX_AGE,
    OBJECTIVE,
    QUERIES,
    Result,
    Sent,
    Told,
    left_out,
)
from penstock.wire.search.question import Misasked, SearchAsked
from penstock.wire.search.reading import document, listed, objects, text, texts

_NAME: Final = "exa"
_LITE: Final = "lite"  # answers 400 to members that it does not know: how fresh a page is to be is one
_LONGEST_TEXT: Final = 10_000  # characters of a page that has neither highlights nor a summary


class ExaSearch:
    """`SearchProvider` of Exa."""

    def ask(self, asked: SearchAsked, kind: str, today: str) -> Sent:
        if any(map(is_ending, asked.include)):
            raise Misasked((INCLUDE, "exa takes hosts and no endings such as .gov"))
        carried = [LOCATION, OBJECTIVE if asked.objective else QUERIES]
        contents: Object = {
            "highlights": {"maxCharacters": asked.chars_per_result} if asked.chars_per_result else True
        }
        if kind != _LITE:
            carried += (MAX_AGE, FETCH_SECONDS)
            if asked.max_age is not None:
                contents["maxAgeHours"] = asked.max_age // 3600
            if asked.fetch_seconds is not None:
                contents["livecrawlTimeout"] = round(asked.fetch_seconds * 1000)
        body: Object = {
            "query": asked.objective or " ".join(asked.queries),
            "type": kind,
            "numResults": asked.results,
        }
        exclude: list[Json] = [domain for domain in asked.exclude if not is_ending(domain)]
        if asked.include:
            body["includeDomains"] = list(asked.include)
        elif exclude:
            body["excludeDomains"] = exclude
        if asked.after:
            body["startPublishedDate"] = f"{asked.after}T00:00:00Z"
        if asked.country:
            body["userLocation"] = asked.country
        return Sent(body=to_json({**body, "contents": contents}), warnings=left_out(asked, _NAME, *carried))

    def read(self, body: bytes) -> Told:
        return Told(
            results=[
                Result(
                    text(one.get("url")),
                    text(one.get("title")),
                    day_of(text(one.get("publishedDate"))),
                    _excerpts(one),
                )
                for one in objects(listed(document(body), "results"))
            ]
        )


def _excerpts(result: Object) -> list[str]:
    found = texts(result.get("highlights"))
    if found:
        return found
    page = text(result.get("text"))[:_LONGEST_TEXT] or text(result.get("summary"))
    return [page] if page.strip() else []
