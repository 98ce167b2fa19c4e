"""`POST /v1/search` and `POST /v1beta/search` (Parallel 2.1, 2.2): what is asked, checked, and what is shown of it.

Finding, ranking and quoting are the library's.
"""

from collections.abc import Sequence
from concurrent.futures import Executor

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.clock import Clock
from parallel_local.errors import Problem, invalid
from parallel_local.retrieval.effort import EFFORTS, Effort
from parallel_local.retrieval.excerpts import DEFAULT_PER_RESULT, Limits, by_document, quotations
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.policy import policy_problems
from parallel_local.retrieval.ranking import Asked, Found
from parallel_local.runs.specs import location_warning
from parallel_local.threads import in_thread
from parallel_local.web.answers import json_answer
from parallel_local.web.body import read_json
from parallel_local.wire.common import Notice, SourcePolicy, UsageItem
from parallel_local.wire.search import (
    AdvancedSearchSettings,
    ExcerptSettings,
    LegacyExcerpts,
    LegacySearchRequest,
    SearchRequest,
    SearchResponse,
    SearchResult,
)

_MOST_RESULTS = 20
_INCLUDED_RESULTS = 10
_MOST_QUERIES = 5
_LONGEST_QUERY = 200
_LONGEST_OBJECTIVE = 5000
_LEGACY_LEAST_CHARS = 1000
_LEGACY_LONGEST = 10_000


class Ask(msgspec.Struct, frozen=True):
    """A search, whichever version it came in by."""

    objective: str | None
    queries: list[str]
    effort: Effort
    limits: Limits
    results: int
    policy: SourcePolicy | None
    warnings: list[Notice]


class SearchApi:
    """The search endpoints."""

    def __init__(self, library: Library, clock: Clock, threads: Executor) -> None:
        self._library = library
        self._clock = clock
        self._threads = threads

    def routes(self) -> list[Route]:
        """What is served here."""
        return [
            Route("/v1/search", self.search, methods=["POST"]),
            Route("/v1beta/search", self.legacy_search, methods=["POST"]),
        ]

    async def search(self, request: Request) -> Response:
        """A closed schema; the session id is echoed or made."""
        asked = await read_json(request, SearchRequest)
        answer = await self._answer(_current(asked))
        session = asked.session_id or f"session_{self._clock.new_hex()}"
        return json_answer(msgspec.structs.replace(answer, session_id=session))

    async def legacy_search(self, request: Request) -> Response:
        """An open schema, with advice on what has changed since."""
        return json_answer(await self._answer(_legacy(await read_json(request, LegacySearchRequest))))

    async def _answer(self, ask: Ask) -> SearchResponse:
        results = await in_thread(self._threads, lambda: self._results(ask))
        usage = [UsageItem("sku_search", 1)]
        if len(results) > _INCLUDED_RESULTS:
            usage.append(UsageItem("sku_search_additional_results", len(results) - _INCLUDED_RESULTS))
        return SearchResponse(f"search_{self._clock.new_hex()}", results, ask.warnings or None, usage)

    def _results(self, ask: Ask) -> list[SearchResult]:
        texts = ask.queries if ask.queries and not ask.effort.objective else [ask.objective, *ask.queries]
        queries = [self._library.query(text) for text in texts if text]
        found = self._library.search(queries, ask.policy, ask.results, ask.effort)
        asked = [(query, self._library.weigh(query)) for query in queries if query.terms]
        return _within(by_document(found, ask.effort.passages), ask.limits, asked)


def _within(groups: Sequence[Sequence[Found]], limits: Limits, asked: Asked) -> list[SearchResult]:
    """Results whose excerpts keep both limits; a result without room for any excerpt is left out."""
    room = limits.total
    results: list[SearchResult] = []
    for group in groups:
        limit = limits.per_result if room is None else min(limits.per_result, room)
        texts = quotations(group, limit, asked)
        if texts:
            card = group[0].card
            results.append(SearchResult(card.url, card.title, card.date, texts))
            room = None if room is None else room - sum(map(len, texts))
    return results


def _current(asked: SearchRequest) -> Ask:
    settings = asked.advanced_settings or AdvancedSearchSettings()
    per_result = (settings.excerpt_settings or ExcerptSettings()).max_chars_per_result
    loc = ("body", "advanced_settings")
    problems = _query_problems(asked.search_queries, _MOST_QUERIES, _LONGEST_QUERY)
    problems += _length_problems(asked.objective, _LONGEST_OBJECTIVE)
    problems += _positive(
        ((*loc, "max_results"), settings.max_results),
        ((*loc, "excerpt_settings", "max_chars_per_result"), per_result),
        (("body", "max_chars_total"), asked.max_chars_total),
    )
    problems += policy_problems(settings.source_policy, (*loc, "source_policy"))
    if problems:
        raise invalid(problems)
    results, warnings = _clamp(settings.max_results)
    if settings.location:
        warnings.append(location_warning(settings.location))
    return Ask(
        objective=asked.objective,
        queries=[query for query in asked.search_queries if query.strip()],
        effort=EFFORTS[asked.mode or "advanced"],
        limits=Limits(per_result or DEFAULT_PER_RESULT, asked.max_chars_total),
        results=results,
        policy=settings.source_policy,
        warnings=warnings,
    )


def _legacy(asked: LegacySearchRequest) -> Ask:
    queries = [query for query in asked.search_queries or [] if query.strip()]
    settings = asked.excerpts or LegacyExcerpts()
    per_result = settings.max_chars_per_result or asked.max_chars_per_result
    problems = policy_problems(asked.source_policy, ("body", "source_policy"))
    problems += _positive((("body", "max_results"), asked.max_results))
    problems += _length_problems(asked.objective, _LEGACY_LONGEST)
    problems += _query_problems(queries, 50, _LEGACY_LONGEST) if queries else []
    if not queries and not (asked.objective or "").strip():
        problems.append(Problem(("body",), "objective or search_queries is required", "missing"))
    if problems:
        raise invalid(problems)
    results, warnings = _clamp(asked.max_results)
    if asked.processor or asked.max_chars_per_result is not None:
        warnings.append(
            Notice("warning", "processor and max_chars_per_result are deprecated; use /v1/search")
        )
    if asked.location:
        warnings.append(location_warning(asked.location))
    total = settings.max_chars_total
    return Ask(
        objective=asked.objective,
        queries=queries,
        effort=EFFORTS["advanced" if asked.mode == "agentic" or asked.processor == "pro" else "basic"],
        limits=Limits(
            max(per_result or DEFAULT_PER_RESULT, _LEGACY_LEAST_CHARS),
            None if total is None else max(total, _LEGACY_LEAST_CHARS),
        ),
        results=results,
        policy=asked.source_policy,
        warnings=warnings,
    )


def _clamp(wanted: int | None) -> tuple[int, list[Notice]]:
    """At most 20 results; asking for more is granted with a warning (Parallel 1.9)."""
    if wanted is None or wanted <= _MOST_RESULTS:
        return wanted or _INCLUDED_RESULTS, []
    message = f"max_results {wanted} is above {_MOST_RESULTS} and was reduced to it"
    return _MOST_RESULTS, [Notice("input_validation_warning", message)]


def _query_problems(queries: Sequence[str], most: int, longest: int) -> list[Problem]:
    loc = ("body", "search_queries")
    found = [
        Problem((*loc, place), f"at most {longest} characters")
        for place, query in enumerate(queries)
        if len(query) > longest
    ]
    if not 1 <= len(queries) <= most:
        found.append(Problem(loc, f"1 to {most} queries are required"))
    elif not any(query.strip() for query in queries):
        found.append(Problem(loc, "at least one query must not be empty"))
    return found


def _length_problems(objective: str | None, longest: int) -> list[Problem]:
    if len(objective or "") <= longest:
        return []
    return [Problem(("body", "objective"), f"at most {longest} characters")]


def _positive(*fields: tuple[tuple[str | int, ...], int | None]) -> list[Problem]:
    return [
        Problem(loc, "must be greater than 0") for loc, value in fields if value is not None and value <= 0
    ]
