"""Perplexity: `POST /search`, which takes several queries for one price (search and runs A3 to A5)."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import Final

from penstock.wire.dialects.json_value import Json, Object, to_json
from penstock.wire.search.dates import american, day_of
from penstock.wire.search.provider import INCLUDE, LOCATION, QUERIES, Result, Sent, Told, left_out
from penstock.wire.search.question import Misasked, SearchAsked
from penstock.wire.search.reading import document, listed, objects, text

_NAME: Final = "perplexity"
_MOST_DOMAINS: Final = 20  # all of them allowed, or all of them not
_CHARS_A_TOKEN: Final = 4
_USUAL: Final = "web"


class PerplexitySearch:
    """`SearchProvider` of Perplexity."""

    def ask(self, asked: SearchAsked, kind: str, today: str) -> Sent:
        if len(asked.include) > _MOST_DOMAINS:
            raise Misasked((INCLUDE, f"perplexity takes {_MOST_DOMAINS} domains"))
        queries: list[Json] = list(asked.queries)
        body: Object = {"query": queries if len(queries) > 1 else queries[0], "max_results": asked.results}
        if kind != _USUAL:
            body["search_type"] = kind
        domains: list[Json] = [*asked.include, *(f"-{domain}" for domain in asked.exclude)]
        if domains:
            body["search_domain_filter"] = domains[:_MOST_DOMAINS]  # the others are sorted out afterwards
        if asked.after:
            body["search_after_date_filter"] = american(asked.after)
        if asked.country:
            body["country"] = asked.country
        if asked.chars_per_result:
            body["max_tokens_per_page"] = max(1, asked.chars_per_result // _CHARS_A_TOKEN)
        return Sent(body=to_json(body), warnings=left_out(asked, _NAME, LOCATION, QUERIES))

    def read(self, body: bytes) -> Told:
        found = listed(document(body), "results")
        lists = [one for one in found if isinstance(one, list)]
        if lists:  # one for each query
            found = [one for one in chain.from_iterable(zip_longest(*lists)) if one is not None]
        return Told(
            results=[
                Result(
                    text(one.get("url")),
                    text(one.get("title")),
                    day_of(text(one.get("date"))) or day_of(text(one.get("last_updated"))),
                    [snippet] if (snippet := text(one.get("snippet"))).strip() else [],
                )
                for one in objects(found)
            ]
        )
