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
from parallel_local.retrieval.asked import Asked
from parallel_local.retrieval.effort import EFFORTS, Effort
from parallel_local.retrieval.excerpts import DEFAULT_PER_RESULT, Limits, by_document, quotations
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.policy import policy_problems
from parallel_local.retrieval.query import bounded
from parallel_local.retrieval.ranking import Found
from parallel_local.runs.specs import location_warning
from parallel_local.threads import in_thread
from parallel_local.web.answers import json_answer
from parallel_local.web.body import read_json
from parallel_local.web.fetch_policies import fetch_policy_problems, fetch_policy_warnings
from parallel_local.web.query_rules import (
    INCLUDED_RESULTS,
    LONGEST_OBJECTIVE,
    LONGEST_QUERY,
    clamped,
    length_problems,
    positive,
    query_problems,
)
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

_MOST_QUERIES = 5
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
        if len(results) > INCLUDED_RESULTS:
            usage.append(UsageItem("sku_search_additional_results", len(results) - INCLUDED_RESULTS))
        return SearchResponse(f"search_{self._clock.new_hex()}", results, ask.warnings or None, usage)

    def _results(self, ask: Ask) -> list[SearchResult]:
        texts = ask.queries if ask.queries and not ask.effort.objective else [ask.objective, *ask.queries]
        queries = bounded([self._library.query(text) for text in dict.fromkeys(texts) if text])
        found = self._library.search(queries, ask.policy, ask.results, ask.effort)
        asked = Asked([(query, self._library.weigh(query)) for query in queries])
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
    problems = query_problems(asked.search_queries, _MOST_QUERIES, LONGEST_QUERY)
    problems += length_problems(asked.objective, LONGEST_OBJECTIVE)
    problems += positive(
        ((*loc, "max_results"), settings.max_results),
        ((*loc, "excerpt_settings", "max_chars_per_result"), per_result),
        (("body", "max_chars_total"), asked.max_chars_total),
    )
    problems += policy_problems(settings.source_policy, (*loc, "source_policy"))
    problems += fetch_policy_problems(settings.fetch_policy, (*loc, "fetch_policy"))
    if problems:
        raise invalid(problems)
    results, warnings = clamped(settings.max_results)
    warnings += fetch_policy_warnings(settings.fetch_policy)
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
    problems += fetch_policy_problems(asked.fetch_policy, ("body", "fetch_policy"))
    problems += positive((("body", "max_results"), asked.max_results))
    problems += length_problems(asked.objective, _LEGACY_LONGEST)
    problems += query_problems(queries, 50, _LEGACY_LONGEST) if queries else []
    if not queries and not (asked.objective or "").strip():
        problems.append(Problem(("body",), "objective or search_queries is required", "missing"))
    if problems:
        raise invalid(problems)
    results, warnings = clamped(asked.max_results)
    if asked.processor or asked.max_chars_per_result is not None:
        warnings.append(
            Notice("warning", "processor and max_chars_per_result are deprecated; use /v1/search")
        )
    warnings += fetch_policy_warnings(asked.fetch_policy)
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
