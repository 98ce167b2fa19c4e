"""Calling a model server over HTTP: one JSON body there, one back, within a time and a size.

Tries again where a server is busy or failing, and waits no longer for that than the caller has. What a server says
in an error is kept for whoever can understand it and never shown: servers repeat keys in there. Which endpoint is
called, and what an answer means, is known elsewhere.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from parallel_local.clock import Clock
from parallel_local.model_server.settings import ModelSettings

_MOST_TRIES = 3
_LONGEST_PAUSE = 30.0
_CONNECT_SECONDS = 10.0
_LARGEST_ANSWER = 2_000_000
_LARGEST_ERROR = 20_000
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
_REFUSING = frozenset({400, 415, 422})
_USER_AGENT = "parallel-local/1 (+self-hosted document engine)"

Result = TypeVar("Result")


class ModelError(Exception):
    """No answer from the model. `cause` is a short, fixed text without anything a server or a document said."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class ModelRefusal(ModelError):
    """The server does not take the request as it is; `said` is why, in its words."""

    def __init__(self, cause: str, said: str) -> None:
        super().__init__(cause)
        self.said = said


class _Reply(msgspec.Struct, frozen=True):
    status: int
    retry_after: str
    body: bytes


class ModelServer:
    """A server, with its connections. Used from the event loop; `aclose` when no more is asked."""

    def __init__(self, settings: ModelSettings, clock: Clock, largest_answer: int = _LARGEST_ANSWER) -> None:
        self._base = settings.url
        self._key = settings.key
        self._clock = clock
        self._largest_answer = largest_answer
        self._client = httpx.AsyncClient(
            trust_env=not _is_local(settings.url),  # a proxy knows no way back to this machine
            follow_redirects=False,  # a key goes nowhere else
            timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS),
        )

    async def post(self, path: str, body: Mapping[str, object], seconds: float) -> bytes:
        """The answer to a body, within `seconds` in all. Raises `ModelError`."""
        return await within(self._clock, seconds, self._persistently(path, msgspec.json.encode(body)))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _persistently(self, path: str, body: bytes) -> bytes:
        tried = 0
        while True:
            tried += 1
            try:
                reply = await self._once(path, body)
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                if tried == _MOST_TRIES:
                    raise ModelError(f"the connection failed: {type(error).__name__}") from None
                await self._pause(_backoff(tried))
                continue
            if reply.status in _PASSING and tried < _MOST_TRIES:
                await self._pause(_asked_pause(reply.retry_after) or _backoff(tried))
            else:
                return _body_of(reply)

    async def _once(self, path: str, body: bytes) -> _Reply:
        headers = {
            "content-type": "application/json",
            "accept": "application/json",
            "user-agent": _USER_AGENT,
        }
        headers["accept-encoding"] = "identity"  # a few bytes could become any number
        if self._key is not None:
            headers["authorization"] = f"Bearer {self._key.reveal()}"
        request = self._client.build_request("POST", f"{self._base}{path}", content=body, headers=headers)
        reply = await self._client.send(request, stream=True)
        try:
            largest = self._largest_answer if reply.status_code < 300 else _LARGEST_ERROR
            whole = await _limited(reply, largest)
        finally:
            await reply.aclose()
        return _Reply(reply.status_code, reply.headers.get("retry-after", ""), whole)

    async def _pause(self, seconds: float) -> None:
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._clock.wait(never, seconds)


async def within(clock: Clock, seconds: float, work: Coroutine[object, object, Result]) -> Result:
    """The result of `work`, which is cancelled when it takes longer, and with its caller."""
    task = asyncio.ensure_future(work)
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ring(_task: asyncio.Future[Result]) -> None:
        if not done.done():
            done.set_result(None)

    task.add_done_callback(ring)
    try:
        await clock.wait(done, max(seconds, 0.0))
        if not task.done():
            raise ModelError("it took too long")
        return task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _limited(reply: httpx.Response, largest: int) -> bytes:
    """The body as it comes; an error's is cut, an answer's refused, as soon as it grows too large."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in reply.aiter_raw():
        size += len(chunk)
        chunks.append(chunk)
        if size > largest:
            if reply.status_code < 300:
                raise ModelError("its answer is too large")
            break
    return b"".join(chunks)[:largest]


def _body_of(reply: _Reply) -> bytes:
    if 200 <= reply.status < 300:
        return reply.body
    cause = f"its server answered with status {reply.status}"
    if reply.status in _REFUSING:
        raise ModelRefusal(cause, reply.body.decode("utf-8", "replace"))
    raise ModelError(cause)


def _asked_pause(retry_after: str) -> float | None:
    """The seconds a server asks for, within bounds; a date is not waited for."""
    return (
        min(float(retry_after), _LONGEST_PAUSE) if retry_after.isascii() and retry_after.isdigit() else None
    )


def _backoff(tried: int) -> float:
    return 0.5 * 2.0**tried


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
