"""Brave: web search by `GET`, and pages made ready for language models by `POST` (search and runs A3 to A5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urlencode

from penstock.wire.dialects.json_value import Json, Object, to_json
from penstock.wire.search.dates import day_of
from penstock.wire.search.domains import site_terms
from penstock.wire.search.places import BRAVE
from penstock.wire.search.provider import (
    INCLUDE,
    LOCATION,
    Result,
    Sent,
    Told,
    Unreadable,
    left_out,
)
from penstock.wire.search.question import Misasked, SearchAsked
from penstock.wire.search.reading import document, objects, text, texts, within

_NAME: Final = "brave"
_MOST_WORDS: Final = 50
_LONGEST: Final = 400  # characters of a query
_TOKENS_EACH: Final = (512, 8192)
_TOKENS: Final = (1024, 32_768)
_CHARS_A_TOKEN: Final = 4
_DECORATION: Final = re.compile(r"</?strong>")
_QUERIES_CUT: Final = "search_queries: brave takes 50 words; those behind were not sent"


class BraveWeb:
    """`SearchProvider` of web search."""

    def ask(self, asked: SearchAsked, kind: str, today: str) -> Sent:
        words = asked.queries[0].split()
        terms = _fitting(asked)
        room = _MOST_WORDS - len(terms.split())
        query = " ".join((*words[:room], terms)).strip()
        pairs = {"q": query, "count": str(asked.results)}
        if asked.country in BRAVE:
            pairs["country"] = asked.country
        if asked.after:
            pairs["freshness"] = f"{asked.after}to{max(today, asked.after)}"
        pairs |= {"extra_snippets": "true", "text_decorations": "false"}
        cut = (_QUERIES_CUT,) if len(words) > room else ()
        return Sent(query=urlencode(pairs, quote_via=quote), warnings=(*_left_out(asked), *cut))

    def read(self, body: bytes) -> Told:
        answer = document(body)
        if answer.get("type") != "search" and "web" not in answer:
            raise Unreadable("it has no web")
        return Told(
            results=[
                Result(
                    text(one.get("url")),
                    _plain(text(one.get("title"))),
                    day_of(text(one.get("page_age"))),
                    _snippets(one),
                )
                for one in objects(within(answer, "web", "results"))
            ]
        )


class BraveContext:
    """`SearchProvider` of context for language models, where domains are told by a goggle."""

    def ask(self, asked: SearchAsked, kind: str, today: str) -> Sent:
        words = asked.queries[0].split()
        body: Object = {"q": " ".join(words[:_MOST_WORDS]), "count": asked.results}
        body["maximum_number_of_urls"] = asked.results
        if asked.country in BRAVE:
            body["country"] = asked.country
        if asked.after:
            body["freshness"] = f"{asked.after}to{max(today, asked.after)}"
        if asked.include or asked.exclude:
            body["goggles"] = _goggle(asked)
        if asked.chars_per_result:
            tokens = asked.chars_per_result // _CHARS_A_TOKEN
            body["maximum_number_of_tokens_per_url"] = _clamped(tokens, _TOKENS_EACH)
            body["maximum_number_of_tokens"] = _clamped(tokens * asked.results, _TOKENS)
        cut = (_QUERIES_CUT,) if len(words) > _MOST_WORDS else ()
        return Sent(body=to_json(body), warnings=(*_left_out(asked), *cut))

    def read(self, body: bytes) -> Told:
        answer = document(body)
        if not isinstance(within(answer, "grounding"), dict):
            raise Unreadable("it has no grounding")
        sources = within(answer, "sources")
        return Told(
            results=[
                Result(
                    text(one.get("url")),
                    _plain(text(one.get("title"))),
                    _day(within(sources, text(one.get("url")), "age")),
                    texts(one.get("snippets")),
                )
                for one in objects(within(answer, "grounding", "generic"))
            ]
        )


def _left_out(asked: SearchAsked) -> tuple[str, ...]:
    return left_out(asked, _NAME, *((LOCATION,) if asked.country in BRAVE else ()))


def _fitting(asked: SearchAsked) -> str:
    """The domains as words of a query. Of what is left out as many as there is room for: the rest is sorted out
    afterwards. Raises `Misasked` for more than fit of what it is restricted to.
    """
    room, words = _LONGEST - len(asked.queries[0]) - 1, _MOST_WORDS // 2
    terms = site_terms(asked.include, asked.exclude)
    if len(terms) <= room and len(terms.split()) <= words:
        return terms
    if asked.include:
        raise Misasked(
            (INCLUDE, "more than a query of brave has room for: ask for fewer, or brave/llm-context")
        )
    fitting = asked.exclude[:words]
    while len(terms := site_terms((), fitting)) > room:
        fitting = fitting[:-1]
    return terms


def _goggle(asked: SearchAsked) -> str:
    names = [domain.lstrip(".") for domain in asked.include or asked.exclude]
    if asked.include:
        return "\n".join(("$discard", *(f"$site={name}" for name in names)))
    return "\n".join(f"$discard,site={name}" for name in names)


def _clamped(tokens: int, bounds: tuple[int, int]) -> int:
    least, most = bounds
    return min(max(tokens, least), most)


def _snippets(result: Object) -> list[str]:
    found = [text(result.get("description")), *texts(result.get("extra_snippets"))]
    return [plain for one in found if (plain := _plain(one)).strip()]


def _plain(words: str) -> str:
    return _DECORATION.sub("", words)


def _day(age: Json) -> str | None:
    """The one of several ways to say it that is a date."""
    return next(_days(age), None)


def _days(age: Json) -> Iterator[str]:
    for one in texts(age):
        if one[:1].isdigit() and (day := day_of(one)) is not None:
            yield day
