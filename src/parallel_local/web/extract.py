"""`POST /v1/extract` and `POST /v1beta/extract` (Parallel 2.3, 2.4): own documents and public pages."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.clock import Clock
from parallel_local.documents.html import Page
from parallel_local.documents.markdown import passages
from parallel_local.documents.reading import file_title
from parallel_local.errors import Problem, invalid
from parallel_local.fetch.page import FetchError, PageFetcher
from parallel_local.retrieval.asked import Asked
from parallel_local.retrieval.excerpts import DEFAULT_PER_RESULT, clip, excerpts
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.policy import host_of
from parallel_local.retrieval.ranking import focus
from parallel_local.threads import in_thread
from parallel_local.web.answers import json_answer
from parallel_local.web.body import read_json
from parallel_local.web.fetch_policies import fetch_policy_problems
from parallel_local.web.query_rules import LONGEST_OBJECTIVE, LONGEST_QUERY, length_problems
from parallel_local.wire.common import FetchPolicy, UsageItem
from parallel_local.wire.search import (
    AdvancedExtractSettings,
    ExcerptSettings,
    ExtractFailure,
    ExtractRequest,
    ExtractResponse,
    ExtractResult,
    FullContentSettings,
    LegacyExcerpts,
    LegacyExtractRequest,
)

_MOST_URLS = 20
_LEGACY_MOST_URLS = 10
_MOST_QUERIES = 5
_FETCH_SECONDS = 20.0
_LONGEST_FETCH = 60.0
_LEGACY_LEAST_CHARS = 1000
_LARGEST_FULL_CONTENT = 5_000_000
_FOLDER_HOST = "docs.local"  # of documents without an address of their own; there is nobody to ask there
_NO_DOCUMENT = "no such document: the folder has none with this address"


class Ask(msgspec.Struct, frozen=True):
    """An extraction, whichever version it came in by. Limits are characters; None leaves a part out."""

    urls: list[str]
    texts: list[str]
    per_result: int | None
    total: int | None
    full: int | None
    seconds: float


class ExtractApi:
    """The extract endpoints."""

    def __init__(
        self,
        library: Library,
        clock: Clock,
        threads: Executor,
        page_threads: Executor,
        fetcher: PageFetcher,
    ) -> None:
        """What is fetched is looked through in `page_threads`: it may be anything, and others do not wait for it."""
        self._library = library
        self._clock = clock
        self._threads = threads
        self._page_threads = page_threads
        self._fetcher = fetcher

    def routes(self) -> list[Route]:
        """What is served here."""
        return [
            Route("/v1/extract", self.extract, methods=["POST"]),
            Route("/v1beta/extract", self.legacy_extract, methods=["POST"]),
        ]

    async def extract(self, request: Request) -> Response:
        """A closed schema; the session id is echoed or made."""
        asked = await read_json(request, ExtractRequest)
        answer = await self._answer(_current(asked))
        session = asked.session_id or f"session_{self._clock.new_hex()}"
        return json_answer(msgspec.structs.replace(answer, session_id=session))

    async def legacy_extract(self, request: Request) -> Response:
        """An open schema; excerpts can be switched off."""
        return json_answer(await self._answer(_legacy(await read_json(request, LegacyExtractRequest))))

    async def _answer(self, ask: Ask) -> ExtractResponse:
        urls = list(dict.fromkeys(ask.urls))
        answers = await asyncio.gather(*(self._one(url, ask) for url in urls))
        results = _within([item for item in answers if isinstance(item, ExtractResult)], ask.total)
        errors = [item for item in answers if isinstance(item, ExtractFailure)]
        usage = [UsageItem("sku_extract_excerpts", len(results))] if ask.per_result and results else []
        if ask.full and results:
            usage.append(UsageItem("sku_extract_full_content", len(results)))
        return ExtractResponse(f"extract_{self._clock.new_hex()}", results, errors, None, usage)

    async def _one(self, url: str, ask: Ask) -> ExtractResult | ExtractFailure:
        try:
            own = await in_thread(self._threads, lambda: self._own(url))
            page = own or await self._fetched(url, ask.seconds)
        except FetchError as error:
            return ExtractFailure(url, error.kind, error.status, error.message)
        threads = self._threads if own else self._page_threads
        return await in_thread(threads, lambda: self._result(url, page, ask))

    def _own(self, url: str) -> Page | None:
        """The file of a folder that has this URL, or the part of it that its fragment names."""
        cards = self._library.parts(url)
        if not cards:
            return None
        title = cards[0].title if len(cards) == 1 else file_title(cards[0].title, cards[0].url)
        text = "\n\n".join(map(self._library.text, cards))
        return Page(text, title, cards[0].date)

    async def _fetched(self, url: str, seconds: float) -> Page:
        """A page that is no document of the folder. Where its host is the folder's, that is the reason to give."""
        host = host_of(url)
        if host == _FOLDER_HOST:
            raise FetchError("not_found", _NO_DOCUMENT, 404)
        try:
            return await self._fetcher.fetch(url, seconds)
        except FetchError as error:
            known = error.status is None and await in_thread(
                self._threads, lambda: self._library.serves(host)
            )
            if known:
                reason = f"{_NO_DOCUMENT}, and it cannot be fetched: {error.message}"
                raise FetchError("not_found", reason, 404) from error
            raise

    def _result(self, url: str, page: Page, ask: Ask) -> ExtractResult:
        texts = [passage.text for passage in passages(page.text)]
        queries = [self._library.query(text) for text in ask.texts]
        ordered = focus(texts, Asked([(query, self._library.weigh(query)) for query in queries]))
        return ExtractResult(
            url=url,
            title=page.title,
            publish_date=page.date,
            excerpts=excerpts(ordered, ask.per_result) if ask.per_result else None,
            full_content=clip(page.text.strip(), ask.full) if ask.full else None,
        )


def _within(results: Sequence[ExtractResult], total: int | None) -> list[ExtractResult]:
    """Results whose excerpts together keep the limit; full content is not counted (Parallel 2.3)."""
    if total is None:
        return list(results)
    kept: list[ExtractResult] = []
    room = total
    for result in results:
        texts = excerpts(result.excerpts or [], room)
        room -= sum(map(len, texts))
        kept.append(msgspec.structs.replace(result, excerpts=None if result.excerpts is None else texts))
    return kept


def _current(asked: ExtractRequest) -> Ask:
    settings = asked.advanced_settings or AdvancedExtractSettings()
    per_result = (settings.excerpt_settings or ExcerptSettings()).max_chars_per_result
    problems = _problems(asked, _MOST_URLS, (per_result, asked.max_chars_total))
    problems += fetch_policy_problems(settings.fetch_policy, ("body", "advanced_settings", "fetch_policy"))
    if problems:
        raise invalid(problems)
    return Ask(
        urls=asked.urls,
        texts=_texts(asked.objective, asked.search_queries),
        per_result=per_result or DEFAULT_PER_RESULT,
        total=asked.max_chars_total,
        full=_full(settings.full_content),
        seconds=_seconds(settings.fetch_policy),
    )


def _legacy(asked: LegacyExtractRequest) -> Ask:
    excerpts_ = asked.excerpts
    limits = excerpts_ if isinstance(excerpts_, LegacyExcerpts) else LegacyExcerpts()
    problems = _problems(asked, _LEGACY_MOST_URLS, ())
    problems += fetch_policy_problems(asked.fetch_policy, ("body", "fetch_policy"))
    if problems:
        raise invalid(problems)
    per_result = max(limits.max_chars_per_result or DEFAULT_PER_RESULT, _LEGACY_LEAST_CHARS)
    total = limits.max_chars_total
    return Ask(
        urls=asked.urls,
        texts=_texts(asked.objective, asked.search_queries),
        per_result=None if excerpts_ is False else per_result,
        total=None if total is None else max(total, _LEGACY_LEAST_CHARS),
        full=_full(asked.full_content),
        seconds=_seconds(asked.fetch_policy),
    )


def _problems(
    asked: ExtractRequest | LegacyExtractRequest, most: int, limits: Sequence[int | None]
) -> list[Problem]:
    """Everything outside the contract's limits."""
    problems: list[Problem] = []
    queries = asked.search_queries or ()
    if not 1 <= len(asked.urls) <= most:
        problems.append(Problem(("body", "urls"), f"1 to {most} URLs are required"))
    problems += length_problems(asked.objective, LONGEST_OBJECTIVE)
    if len(queries) > _MOST_QUERIES or any(len(query) > LONGEST_QUERY for query in queries):
        text = f"at most {_MOST_QUERIES} queries of {LONGEST_QUERY} characters"
        problems.append(Problem(("body", "search_queries"), text))
    if any(limit is not None and limit <= 0 for limit in limits):
        problems.append(Problem(("body", "max_chars_total"), "limits must be greater than 0"))
    return problems


def _texts(objective: str | None, queries: Sequence[str] | None) -> list[str]:
    return [text for text in (objective, *(queries or ())) if text and text.strip()]


def _full(wanted: bool | FullContentSettings) -> int | None:
    if isinstance(wanted, FullContentSettings):
        return max(wanted.max_chars_per_result or _LARGEST_FULL_CONTENT, 1)
    return _LARGEST_FULL_CONTENT if wanted else None


def _seconds(policy: FetchPolicy | None) -> float:
    wanted = policy.timeout_seconds if policy else None
    return min(max(wanted or _FETCH_SECONDS, 1.0), _LONGEST_FETCH)
