"""Requests to receivers and to providers: the one place outside the calls' own way that opens connections.

Proxies of the environment are honoured, by the same rule as for providers; redirects are not followed, and answers are
read up to a bound. What an answer means is the caller's business, and which receivers are guarded. The client is loaded
when it is first needed, for it takes 20 MB.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from penstock_common.egress import (
    NotPublic,
    Permit,
    Resolver,
    check_url,
    checked_addresses,
    is_public,
    resolve,
)
from penstock_common.environment_proxy import NoSuchProxy, check_proxies, proxy_for
from penstock_common.staggered import connected_socket

if TYPE_CHECKING:
    import ssl

    import httpx

DEADLINE: Final = 30.0
"""Seconds for one request and its answer."""

MOST_ANSWER_BYTES: Final = 64 * 1024
"""So much of an answer is read, unless more is asked for."""

_HTTPS_PORT = 443
_PLAIN = {"accept-encoding": "identity"}  # an answer that has to be unpacked could be of any size


class TryAgain(Exception):
    """The receiver did not take it now. `after` seconds, where it said when. The text holds no secret."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


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


Send = Callable[[str, str, Mapping[str, str], bytes], Awaitable[Answer]]
"""From method, URL, headers and body to the answer, whatever it is. Raises `TryAgain`."""


class Sender:
    """A client with its connections. Close it. `resolver` and `permit` are the guard's, for guarded receivers."""

    def __init__(
        self,
        deadline: float = DEADLINE,
        *,
        resolver: Resolver = resolve,
        permit: Permit = is_public,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._deadline = deadline
        self._resolver = resolver
        self._permit = permit
        self._tls = tls
        self._clients: dict[str | None, httpx.AsyncClient] = {}  # by the proxy they go through
        self._guarded: httpx.AsyncClient | None = None

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, most: int = MOST_ANSWER_BYTES
    ) -> Answer:
        """The answer, whatever it is, with `most` bytes of its body. Raises `TryAgain` where there is none; its text
        names the host only.
        """
        return await self._sent(method, url, headers, body, self._anywhere, most)

    async def send_guarded(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """As `send`, to a public address that was looked up and checked just now, by https and without a proxy.

        Raises `TryAgain` also where there is none: an operator may allow it yet, and nothing has gone out.
        """
        return await self._sent(method, url, headers, body, self._to_public, MOST_ANSWER_BYTES)

    async def _sent(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        request: Callable[[str, str, Mapping[str, str], bytes], Awaitable[httpx.Response]],
        most: int,
    ) -> Answer:
        import httpx  # noqa: PLC0415 - see above

        try:
            async with asyncio.timeout(self._deadline):
                response = await request(method, url, {**_PLAIN, **headers}, body)
                try:
                    return Answer(response.status_code, response.headers, await _beginning(response, most))
                finally:
                    await response.aclose()
        except NotPublic as error:
            reason = f"nothing is sent to {host_of(url)}: {error}"
            raise TryAgain(f"{reason}; allow_private_providers would let it be used") from None
        except NoSuchProxy as error:
            raise TryAgain(f"{host_of(url)}: {error}") from None
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError):
            raise TryAgain(f"no request can be made to {host_of(url)}: check its url and headers") from None
        except (httpx.TransportError, OSError, TimeoutError) as error:
            reason = (
                "no answer in time"
                if isinstance(error, TimeoutError | httpx.TimeoutException)
                else str(error)
            )
            raise TryAgain(f"{host_of(url)}: {reason or type(error).__name__}") from None

    async def _anywhere(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> httpx.Response:
        """Raises what the environment's proxies and certificates are worth: `ValueError`, `OSError`."""
        import httpx  # noqa: PLC0415 - see above

        proxies = getproxies_environment()
        proxy = proxy_for(urlsplit(url), proxies)
        client = self._clients.get(proxy)
        if client is None:
            check_proxies(proxies)
            # A client without a proxy of its own would take one from the environment, by a rule of its own.
            direct = None if proxy else httpx.AsyncHTTPTransport()
            client = httpx.AsyncClient(timeout=self._deadline, proxy=proxy, transport=direct)
            self._clients[proxy] = client
        request = client.build_request(method, url, headers=headers, content=body)
        return await client.send(request, stream=True)

    async def _to_public(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> httpx.Response:
        """Name and certificate are the host's, the address is the checked one. Each request has its own connection:
        one that is kept would be known by its address, and hosts may share that.
        """
        import httpx  # noqa: PLC0415 - see above

        parts = check_url(url)
        host = parts.hostname or ""
        if proxy_for(parts, getproxies_environment()) is not None:
            raise NotPublic("the environment's proxy would look it up again")
        port = parts.port or _HTTPS_PORT
        addresses = await checked_addresses(host, port, self._resolver, self._permit)
        if self._guarded is None:
            limits = httpx.Limits(max_keepalive_connections=0)
            self._guarded = httpx.AsyncClient(
                verify=self._tls or httpx.create_ssl_context(),
                timeout=self._deadline,
                limits=limits,
                trust_env=False,
            )
        whole = httpx.URL(url)
        request = self._guarded.build_request(
            method,
            whole.copy_with(host=await _answering(addresses, port)),
            headers={**headers, "host": whole.netloc.decode()},
            content=body,
            extensions={"sni_hostname": whole.raw_host.decode()},
        )
        return await self._guarded.send(request, stream=True)

    async def close(self) -> None:
        """Closes all connections."""
        clients = [*self._clients.values(), *([] if self._guarded is None else [self._guarded])]
        self._clients, self._guarded = {}, None
        for client in clients:
            await client.aclose()


async def _answering(addresses: Sequence[str], port: int) -> str:
    """One of some addresses at which somebody answers. The client knows no more than one, so it connects anew."""
    if len(addresses) == 1:
        return addresses[0]
    with closing(await connected_socket(addresses, port)) as found:
        return str(found.getpeername()[0])


async def _beginning(response: httpx.Response, most: int) -> bytes:
    """The body as it came; of a long one only the first part, which costs the connection."""
    found = bytearray()
    async for piece in response.aiter_raw():
        found += piece
        if len(found) > most:
            break
    return bytes(found[:most])


def host_of(url: str) -> str:
    """Host and port of a URL, which may have a password or a key elsewhere."""
    return urlsplit(url).netloc.rpartition("@")[2]
