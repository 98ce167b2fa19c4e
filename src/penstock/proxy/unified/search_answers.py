"""A provider's answer to a search on its way to the caller: in Parallel's shape, or its error in Parallel's own.

One filter is made for each answer to each client, so that caches and flights keep the provider's bytes, and so does
the log. What is made of an answer is in `wire/search/`.
"""

from __future__ import annotations

from collections.abc import Awaitable
from hashlib import sha256
from typing import Final

from penstock.proxy.body_filter import BodyFilter, FilterMaker
from penstock.proxy.call import Call, OwnAnswer
from penstock.proxy.held_filter import HeldFilter, read_aside
from penstock.proxy.upstream.exchange import Progress, UpstreamError
from penstock.wire.headers import by_name
from penstock.wire.search.answer import write_answer
from penstock.wire.search.errors import failure, failure_body
from penstock.wire.search.provider import SearchProvider, Unreadable
from penstock.wire.search.question import SearchAsked

_FIRST_ERROR: Final = 400
_JSON: Final = b"application/json"
_MOST: Final = 16 * 1024 * 1024  # bytes of an answer: twenty results are far less
_HEX: Final = 32


class Searched:
    """One search: what was asked of whom, on which call. Makes the caller's of what comes back."""

    def __init__(
        self,
        call: Call,
        provider: SearchProvider,
        asked: SearchAsked,
        warnings: tuple[str, ...],
        *,
        own_shape: bool,
    ) -> None:
        """`own_shape`: the provider was asked in the caller's own words, and answers so."""
        self._call = call
        self._provider = provider
        self._asked = asked
        self._warnings = warnings
        self._own_shape = own_shape

    def answer(self, body: bytes, lines: bytes) -> bytes:
        """Of a good status. Raises `Unreadable`."""
        told = self._provider.read(body)
        if self._own_shape:
            return body
        slug = self._slug
        # By what came, so that an answer that is kept has the same name whenever it is given again.
        search_id = "search_" + sha256(b"%b\n%b\n%b" % (slug.encode(), _date(lines), body)).hexdigest()[:_HEX]
        session = self._asked.session or "session_" + sha256(self._call.id.encode()).hexdigest()[:_HEX]
        return write_answer(told, self._asked, search_id, session, self._warnings)

    def error(self, status: int, lines: bytes, body: bytes) -> OwnAnswer:
        """Of any other status."""
        failed = failure(
            self._slug,
            status,
            by_name(lines),
            body,
            stored=bool(self._call.stored_key),
            own_shape=self._own_shape,
        )
        wait = b"retry-after: %b\r\n" % failed.wait.encode("ascii") if failed.wait else b""
        return OwnAnswer(failed.status, wait, failure_body(failed, self._call.id))

    @property
    def _slug(self) -> str:
        return "" if self._call.provider is None else self._call.provider.slug


def searching(searched: Searched) -> FilterMaker:
    """Makes the filters of one call."""

    def made(status: int, _content_type: bytes, lines: bytes) -> BodyFilter:
        return _Whole(searched, status, lines)

    return made


class _Whole(HeldFilter):
    """An answer of which nothing can be said before it is all there."""

    content_type = _JSON

    def __init__(self, searched: Searched, status: int, lines: bytes) -> None:
        super().__init__()
        self._searched = searched
        self._status = status
        self._lines = lines

    def feed(self, data: bytes) -> bytes:
        super().feed(data)
        if self.held > _MOST:
            raise UpstreamError(f"its answer is more than {_MOST} bytes", Progress.ANSWERED)
        return b""

    def finish(self) -> bytes | Awaitable[bytes]:
        return read_aside(self._made, self.taken())

    def _made(self, body: bytes) -> bytes:
        if self._status >= _FIRST_ERROR:
            raise self._searched.error(self._status, self._lines, body)
        try:
            return self._searched.answer(body, self._lines)
        except Unreadable as error:
            raise UpstreamError(f"its answer is no search: {error}", Progress.ANSWERED) from None


def _date(lines: bytes) -> bytes:
    """When it was answered: two equal answers are two searches."""
    return by_name(lines).get("date", "").encode("latin-1")
