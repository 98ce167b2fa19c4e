"""One question to the service that makes access tokens of signed statements (RFC 7523), and what it says.

The address is Google's, or the operator's: nothing that a caller sends names it, and no redirect is followed. Answers
are read up to a bound, and of what they say only words for people get any further.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from penstock.proxy.upstream.exchange import Exchange, UpstreamError
from penstock.proxy.upstream.pool import Upstream
from penstock_common.printable import one_line

DEADLINE: Final = 10.0
"""Seconds for one question and its answer."""

_GRANT = quote("urn:ietf:params:oauth:grant-type:jwt-bearer", safe="")
_HEADERS = (
    b"content-type: application/x-www-form-urlencoded\r\n"
    b"accept: application/json\r\n"
    b"accept-encoding: identity\r\n"
)
_MOST_BYTES = 64 * 1024
_TOKEN = re.compile(r"[!-~]{8,8192}")
_MOST_SECONDS = 24 * 3600
_MOST_SAID = 300  # characters


class _Told(msgspec.Struct, frozen=True):
    """An answer, good or bad."""

    access_token: str = ""
    expires_in: int | float = 0
    error: str = ""
    error_description: str = ""


_to_told = msgspec.json.Decoder(_Told).decode


@dataclass(frozen=True, slots=True)
class Granted:
    """A token, and for how many seconds it is good."""

    token: bytes = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True)
class NotGranted:
    """There is no token. `refused`: because of the account; else another try may help."""

    why: str
    refused: bool = False
    timeout: bool = False


class _Question(msgspec.Struct, eq=False):
    """The request, in one piece; to ask twice does no harm."""

    target: bytes
    body: bytes
    replayable: bool = True
    harmless: bool = True

    def send_to(self, exchange: Exchange, host_lines: bytes, prefix: bytes) -> None:
        begin = b"POST %b%b HTTP/1.1\r\n" % (prefix, self.target)
        framing = b"content-length: %d\r\n\r\n" % len(self.body)
        exchange.send(b"".join((begin, host_lines, _HEADERS, framing, self.body)))


class TokenEndpoint:
    """Asks for tokens, over the connections of calls."""

    def __init__(self, upstream: Upstream, deadline: float = DEADLINE) -> None:
        self._upstream = upstream
        self._deadline = deadline

    async def ask(self, url: str, assertion: bytes) -> Granted | NotGranted:
        """What the service at `url` says to a statement. Never raises but when it is cancelled."""
        host = urlsplit(url).netloc
        body = b"grant_type=%b&assertion=%b" % (_GRANT.encode(), assertion)
        try:
            async with asyncio.timeout(self._deadline):
                status, answer = await self._answer(url, body)
        except TimeoutError:
            return NotGranted(f"{host} did not answer within {self._deadline:g} s", timeout=True)
        except UpstreamError as error:
            return NotGranted(f"{host}: {error.reason}", timeout=error.timeout)
        return _read(host, status, answer, assertion)

    async def _answer(self, url: str, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        pool = self._upstream.pool(f"{parts.scheme}://{parts.netloc}")
        exchange = await self._upstream.open(pool, _Question((parts.path or "/").encode(), body), False)
        found = bytearray()

        def take(data: bytes) -> None:
            found.extend(data[: _MOST_BYTES + 1 - len(found)])

        try:
            await exchange.relay(take)
        finally:
            exchange.close()
        return exchange.status, bytes(found)


def _read(host: str, status: int, answer: bytes, assertion: bytes) -> Granted | NotGranted:
    try:
        told = _to_told(answer if len(answer) <= _MOST_BYTES else b"")
    except (msgspec.MsgspecError, RecursionError):
        told = _Told()
    if status == 200:
        if _TOKEN.fullmatch(told.access_token) is None or not 0 < told.expires_in <= _MOST_SECONDS:
            return NotGranted(f"what {host} answered is no access token")
        return Granted(told.access_token.encode(), told.expires_in)
    said = _said(told, assertion)
    if 300 <= status < 400:
        return NotGranted(f"{host} answered with a redirect, which is not followed")
    return NotGranted(f"{host} answered with status {status}{said}", refused=status in (400, 401, 403))


def _said(told: _Told, assertion: bytes) -> str:
    """Its reason in one line, without what it was shown."""
    text = ": ".join(part for part in (told.error, told.error_description) if part)
    for part in (assertion.decode(), *assertion.decode().split(".")):
        text = text.replace(part, "…")
    return f": {one_line(text)[:_MOST_SAID]}" if text else ""
