"""`GET /v1/local/documents`: which files are searched, which are not and why, and how far reading is."""

from collections.abc import Mapping
from concurrent.futures import Executor
from itertools import groupby, islice

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.documents.formats import format_of
from parallel_local.documents.left_out import grouped
from parallel_local.documents.reading import file_title
from parallel_local.errors import Problem, invalid
from parallel_local.retrieval.index import Card
from parallel_local.retrieval.library import Library
from parallel_local.threads import in_thread
from parallel_local.watcher import Watcher
from parallel_local.web.answers import json_answer
from parallel_local.web.body import number
from parallel_local.wire.documents import (
    DocumentsPage,
    FilesLeftOut,
    Indexing,
    MakingVectors,
    ServedDocument,
)

_LIMIT = 100
_MOST = 1000
_NAMES_OF_EACH = 20


class DocumentsApi:
    """The endpoint of the documents."""

    def __init__(self, library: Library, watcher: Watcher, threads: Executor) -> None:
        self._library = library
        self._watcher = watcher
        self._threads = threads

    def routes(self) -> list[Route]:
        """What is served here."""
        return [Route("/v1/local/documents", self.documents, methods=["GET"])]

    async def documents(self, request: Request) -> Response:
        """`limit` documents behind the path that `cursor` names."""
        limit = number(request, "limit", _LIMIT)
        if not 1 <= limit <= _MOST:
            raise invalid([Problem(("query", "limit"), f"a number from 1 to {_MOST} is required")])
        behind = request.query_params.get("cursor", "")
        return json_answer(await in_thread(self._threads, lambda: self._page(behind, int(limit))))

    def _page(self, behind: str, limit: int) -> DocumentsPage:
        files = groupby(self._library.behind(behind), key=lambda card: card.path)
        found = [list(parts) for _, parts in islice(files, limit + 1)]
        page = found[:limit]
        holdings = self._library.holdings
        return DocumentsPage(
            documents=[self._document(parts) for parts in page],
            total=self._library.count(),
            next_cursor=page[-1][0].path if len(found) > limit else None,
            left_out=_grouped(holdings.left_out),
            noted=_grouped(holdings.noted),
            indexing=self._indexing(),
            making_vectors=self._making_vectors(),
        )

    def _document(self, parts: list[Card]) -> ServedDocument:
        first = parts[0]
        stamp = self._library.holdings.stamps.get(first.path)
        format_ = format_of(first.path)
        return ServedDocument(
            path=first.path,
            url=first.url.partition("#")[0],
            title=file_title(first.title, first.url),
            date=max((card.date for card in parts if card.date), default=None),
            format=format_.name if format_ else "",
            size=stamp.size if stamp else 0,
            parts=len(parts),
        )

    def _indexing(self) -> Indexing:
        reading = self._watcher.reading
        if reading is None:
            return Indexing("ready", 0, 0, 0, 0)
        return Indexing("reading", reading.done, reading.total, reading.done_bytes, reading.total_bytes)

    def _making_vectors(self) -> MakingVectors | None:
        made = self._watcher.embedding
        return MakingVectors(made.done, made.total) if made else None


def _grouped(reasons: Mapping[str, str]) -> list[FilesLeftOut]:
    return [
        FilesLeftOut(group.reason, group.count, group.files) for group in grouped(reasons, _NAMES_OF_EACH)
    ]
