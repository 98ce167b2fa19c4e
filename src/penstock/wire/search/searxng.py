"""SearXNG, on a machine of the operator's: `GET /search?format=json` (search and runs A3 to A5)."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode

from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.search.dates import day_of, days_between
from penstock.wire.search.domains import site_terms
from penstock.wire.search.provider import INCLUDE, Result, Sent, Told, left_out
from penstock.wire.search.question import Misasked, SearchAsked
from penstock.wire.search.reading import document, listed, objects, text

_NAME: Final = "searxng"
_LONGEST: Final = 2000  # characters of a query: it stands in an address
_RANGES: Final = ((1, "day"), (28, "month"), (365, "year"))
_MOST_ENGINES: Final = 20


class SearxngSearch:
    """`SearchProvider` of SearXNG. What its engines make of `site:` is their affair: it is looked at again here."""

    def ask(self, asked: SearchAsked, kind: str, today: str) -> Sent:
        pairs = {"q": _query(asked), "format": "json"}
        if asked.after:
            days = days_between(asked.after, today)
            span = next((name for most, name in _RANGES if days <= most), "")
            pairs |= {"time_range": span} if span else {}
        return Sent(query=urlencode(pairs, quote_via=quote), warnings=left_out(asked, _NAME))

    def read(self, body: bytes) -> Told:
        answer = document(body)
        return Told(
            results=[
                Result(
                    text(one.get("url")),
                    text(one.get("title")),
                    day_of(text(one.get("publishedDate"))),
                    [content] if (content := text(one.get("content"))).strip() else [],
                )
                for one in objects(listed(answer, "results"))
            ],
            warnings=_silent_engines(answer),
        )


def _query(asked: SearchAsked) -> str:
    query, exclude = asked.queries[0], asked.exclude
    room = _LONGEST - len(query) - 1
    terms = site_terms(asked.include, exclude)
    if asked.include and len(terms) > room:
        raise Misasked((INCLUDE, "more than an address has room for: ask for fewer"))
    while len(terms) > room:  # the others are sorted out afterwards
        exclude = exclude[:-1]
        terms = site_terms((), exclude)
    return f"{query} {terms}".strip()


def _silent_engines(answer: Object) -> tuple[str, ...]:
    found = answer.get("unresponsive_engines")
    names = [_engine(one)[:60] for one in found[:_MOST_ENGINES]] if isinstance(found, list) else []
    told = ", ".join(filter(None, names))
    return (f"engines that did not answer: {told}",) if told else ()


def _engine(value: Json) -> str:
    """The name in `["google", "timeout"]`."""
    return text(value[0] if isinstance(value, list) and value else value)
