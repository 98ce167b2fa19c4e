"""Fetching one web page and turning it into text. The only file of this package that opens connections.

Redirects are followed by hand, each hop through the guard; size and time are limited; proxies of the
environment are ignored, because they would be a way around the guard.
"""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from urllib.parse import urljoin

import httpx
import msgspec

from parallel_local.documents.content import Unreadable
from parallel_local.documents.decoding import decode
from parallel_local.documents.front_matter import split_front_matter
from parallel_local.documents.html import Page, read_html
from parallel_local.documents.reader_process import ReaderProcess
from parallel_local.fetch.body import ENCODINGS, Unusable, limited_body
from parallel_local.fetch.guard import Checked, Refused, check
from penstock_common.egress import Permit, Resolver, is_public, resolve

_MOST_REDIRECTS = 5
_LARGEST_BYTES = 5_000_000
_LARGE = 200_000  # bytes of a page; the tags of larger ones may take long to read
_AT_ONCE = 2  # pages that are read
_LONGEST_FRONT_MATTER = 20_000  # characters: reading it takes long
_USER_AGENT = "parallel-local/1 (+self-hosted document engine)"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class FetchError(Exception):
    """A page that could not be had: `kind` for `error_type`, and the HTTP status if there was one."""

    def __init__(self, kind: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status


class _Reply(msgspec.Struct, frozen=True):
    status: int
    kind: str
    location: str | None
    body: bytes


class PageFetcher:
    """Fetches public pages. Resolver and permit are replaceable, so that tests can stay on one machine."""

    def __init__(self, resolver: Resolver = resolve, permit: Permit = is_public) -> None:
        self._resolver = resolver
        self._permit = permit
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def fetch(self, url: str, seconds: float) -> Page:
        """The page at `url`, within `seconds` in all. Raises `FetchError`."""
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(url)
        except TimeoutError as error:
            raise FetchError("timeout", f"no answer within {seconds:g} seconds") from error
        except Refused as error:
            raise FetchError("forbidden_url", str(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise FetchError("fetch_error", f"the connection failed: {type(error).__name__}") from error

    async def _follow(self, url: str) -> Page:
        for _ in range(_MOST_REDIRECTS + 1):
            reply = await self._get(await check(url, self._resolver, self._permit))
            if reply.status in _REDIRECTS and reply.location:
                url = urljoin(url, reply.location)
            elif reply.status >= 400:
                raise FetchError("http_error", f"the server answered {reply.status}", reply.status)
            else:
                return await self._read(reply)
        raise FetchError("too_many_redirects", f"more than {_MOST_REDIRECTS} redirects")

    async def _read(self, reply: _Reply) -> Page:
        """In a thread, few at a time; one that nobody waits for any more has its turn until it has ended."""
        await self._turns.acquire()
        reading = asyncio.ensure_future(asyncio.to_thread(_read, reply))
        reading.add_done_callback(self._ended)
        return await asyncio.shield(reading)

    def _ended(self, reading: asyncio.Future[Page]) -> None:
        self._turns.release()
        if not reading.cancelled():
            reading.exception()  # is somebody's who waits, or nobody's

    async def _get(self, where: Checked) -> _Reply:
        """One request to the checked address; name and certificate are still those of the host."""
        headers = {
            "host": where.host_header,
            "user-agent": _USER_AGENT,
            "accept": "text/html, text/*, application/pdf",
            "accept-encoding": ENCODINGS,
        }
        async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=None) as client:  # noqa: S113
            request = client.build_request(
                "GET",
                where.url(where.addresses[0]),
                headers=headers,
                extensions={"sni_hostname": where.host},
            )
            reply = await client.send(request, stream=True)
            try:
                body = await limited_body(reply, _LARGEST_BYTES)
            except Unusable as error:
                raise FetchError(error.kind, str(error), reply.status_code) from error
            finally:
                await reply.aclose()
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        return _Reply(reply.status_code, kind, reply.headers.get("location"), body)


def _read(reply: _Reply) -> Page:
    if reply.kind == "application/pdf":
        return _apart("page.pdf", reply)
    if not _is_text(reply.kind, ("text/", "application/xhtml", "application/json", "application/xml")):
        raise FetchError("unsupported_type", f"cannot read {reply.kind}", reply.status)
    source = decode(reply.body)
    if "html" in reply.kind or (not reply.kind and "<html" in source[:2000].lower()):
        return _html(source, reply.status) if len(source) <= _LARGE else _apart("page.html", reply)
    if source.find("\n---", 3, _LONGEST_FRONT_MATTER) < 0:
        return Page(text=source)
    matter, text = split_front_matter(source)
    return Page(text=text, title=matter.title, date=matter.date)


def _apart(name: str, reply: _Reply) -> Page:
    """All of its parts together. What strangers' files may want much of is read where they can do nothing."""
    with closing(ReaderProcess()) as reader:
        try:
            content = reader.read(name, reply.body)
        except Unreadable as error:
            raise FetchError("unreadable", str(error), reply.status) from error
    return Page("\n\n".join(part.text for part in content.parts), content.title, content.date)


def _html(source: str, status: int) -> Page:
    try:
        return read_html(source)
    except RecursionError as error:
        raise FetchError("unreadable", "the page is nested too deeply", status) from error


def _is_text(kind: str, prefixes: Sequence[str]) -> bool:
    return not kind or kind.startswith(tuple(prefixes))
