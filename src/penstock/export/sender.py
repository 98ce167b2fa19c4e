"""POST and PUT to receivers: the one place of the exporters that opens connections.

Proxies of the environment are honoured, redirects are not followed, and answers are read up to a bound. What an
answer means is the caller's business. The client is loaded when the first exporter needs it, for it takes 20 MB.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from penstock.export.delivery import TryAgain

if TYPE_CHECKING:
    import httpx

DEADLINE: Final = 30.0
"""Seconds for one request and its answer."""

_MOST_ANSWER_BYTES = 64 * 1024
_PLAIN = {"accept-encoding": "identity"}  # an answer that has to be unpacked could be of any size
_NEVER_BY_PROXY = ("all://localhost", "all://127.0.0.1", "all://[::1]")


class Answer(NamedTuple):
    """What a receiver said: status, headers with names in lower case, the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether it took what was sent."""
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Seconds the receiver asks to wait; a date counts as not said."""
        value = self.headers.get("retry-after", "")
        return float(value) if value.isascii() and value.isdigit() else None


class Sender:
    """A client with its connections. Close it."""

    def __init__(self, deadline: float = DEADLINE) -> None:
        self._deadline = deadline
        self._client: httpx.AsyncClient | None = None

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer, whatever it is. Raises `TryAgain` where there is none; its text names the host only."""
        import httpx  # noqa: PLC0415 - see above

        try:
            client = self._client or self._opened()
            async with (
                asyncio.timeout(self._deadline),
                client.stream(method, url, headers={**_PLAIN, **headers}, content=body) as response,
            ):
                return Answer(response.status_code, response.headers, await _beginning(response))
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError):
            raise TryAgain(f"no request can be made to {host_of(url)}: check its url and headers") from None
        except (httpx.TransportError, OSError, TimeoutError) as error:
            reason = (
                "no answer in time"
                if isinstance(error, TimeoutError | httpx.TimeoutException)
                else str(error)
            )
            raise TryAgain(f"{host_of(url)}: {reason or type(error).__name__}") from None

    def _opened(self) -> httpx.AsyncClient:
        """Raises what the environment's proxies and certificates are worth: `ValueError`, `OSError`."""
        import httpx  # noqa: PLC0415 - see above

        self._client = httpx.AsyncClient(timeout=self._deadline, mounts=dict.fromkeys(_NEVER_BY_PROXY))
        return self._client

    async def close(self) -> None:
        """Closes all connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None


async def _beginning(response: httpx.Response) -> bytes:
    """The body as it came; of a long one only the first part, which costs the connection."""
    found = bytearray()
    async for piece in response.aiter_raw():
        found += piece
        if len(found) > _MOST_ANSWER_BYTES:
            break
    return bytes(found[:_MOST_ANSWER_BYTES])


def host_of(url: str) -> str:
    """Host and port of a URL, which may have a password or a key elsewhere."""
    return urlsplit(url).netloc.rpartition("@")[2]
