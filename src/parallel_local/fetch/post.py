"""Sending one webhook to an address that a caller chose, through the guard (`guard.py`).

The answer's status is all that is looked at: its body is not read, and redirects are not followed. Proxies of the
environment are ignored, because they would be a way around the guard.
"""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property

import httpx

from parallel_local.fetch.guard import Checked, Refused, Unresolved, check
from penstock_common.egress import Permit, Resolver, is_public, resolve

_SECONDS = 15.0  # for all of it
_TIMEOUT = httpx.Timeout(None, connect=4.0)
_USER_AGENT = "parallel-local/1 (+self-hosted document engine)"


class NotSent(Exception):
    """Nobody has said that it arrived; the message says why, without the address."""


class Forbidden(NotSent):
    """It must not be sent there."""


class HookSender:
    """Posts to public addresses; with `inside`, to any. Resolver and permit are the tests' to replace."""

    def __init__(
        self, *, inside: bool = False, resolver: Resolver = resolve, permit: Permit = is_public
    ) -> None:
        self._inside = inside
        self._resolver = resolver
        self._permit = permit

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """Whom to believe; made once, as that takes long."""
        return httpx.create_ssl_context(trust_env=False)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Returns when the receiver has said 2xx. Raises `NotSent`."""
        try:
            async with asyncio.timeout(_SECONDS):
                status = await self._status(url, headers, body)
        except TimeoutError as error:
            raise NotSent(f"no answer within {_SECONDS:g} seconds") from error
        except Unresolved as error:
            raise NotSent(str(error)) from error
        except Refused as error:
            raise Forbidden(str(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise NotSent(f"the connection failed: {type(error).__name__}") from error
        if not 200 <= status < 300:
            raise NotSent(f"it was answered with {status}")

    async def _status(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The answer of the first address that can be reached: `localhost` has two, and programs listen on one."""
        where = await check(url, self._resolver, self._permit, inside=self._inside)
        for address in where.addresses[:-1]:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await _posted(where, address, headers, body, self._trusted)
        return await _posted(where, where.addresses[-1], headers, body, self._trusted)


async def _posted(
    where: Checked, address: str, headers: Mapping[str, str], body: bytes, trusted: ssl.SSLContext
) -> int:
    """One request to a checked address; name and certificate are still those of the host."""
    async with httpx.AsyncClient(
        verify=trusted, trust_env=False, follow_redirects=False, timeout=_TIMEOUT
    ) as client:
        request = client.build_request(
            "POST",
            where.url(address),
            headers={**headers, "host": where.host_header, "user-agent": _USER_AGENT},
            content=body,
            extensions={"sni_hostname": where.host},
        )
        reply = await client.send(request, stream=True)
        await reply.aclose()
    return reply.status_code
