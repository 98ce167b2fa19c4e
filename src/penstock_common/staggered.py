"""Connections to hosts of several addresses: attempts that begin one after the other and run side by side (RFC 8305).

One of them that is not answered holds up the next for a quarter of a second only. Where a host's addresses come from,
and which of them may be dialled, the caller decides (`egress.py`).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from itertools import zip_longest
from typing import Final, TypeVar

T = TypeVar("T")

DELAY: Final = 0.25
"""Seconds after which the next attempt begins; at once, where one fails (RFC 8305, 8)."""


async def first_to_stand(
    attempts: Sequence[Callable[[], Awaitable[T]]], discard: Callable[[T], None], delay: float = DELAY
) -> T:
    """What the first attempt brings that succeeds; the others are cancelled by then, and what they have is discarded.

    Raises what the last one that failed raised, an `OSError`, where all fail; anything else at once.
    """
    if len(attempts) == 1:
        return await attempts[0]()
    running: set[asyncio.Task[T]] = set()
    to_come = iter(attempts)
    failure: OSError = ConnectionError("there is no address")
    try:
        while True:
            attempt = next(to_come, None)
            if attempt is not None:
                running.add(asyncio.ensure_future(_run(attempt)))
            elif not running:
                raise failure
            wait = None if attempt is None else delay
            done, _ = await asyncio.wait(running, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                try:
                    result = task.result()
                except OSError as error:
                    failure = error
                    running.discard(task)
                else:
                    running.discard(task)
                    return result
    finally:
        await _end(running, discard)


async def _run(attempt: Callable[[], Awaitable[T]]) -> T:
    return await attempt()


async def _end(running: set[asyncio.Task[T]], discard: Callable[[T], None]) -> None:
    """Some may have come about in the same moment."""
    for task in running:
        task.cancel()
    for late in await asyncio.gather(*running, return_exceptions=True):
        if not isinstance(late, BaseException):
            discard(late)


def by_turns(addresses: Sequence[str]) -> list[str]:
    """The same addresses, both families by turns, beginning with the first one's (RFC 8305, 4)."""
    if not addresses:
        return []
    first = ":" in addresses[0]
    same = [one for one in addresses if (":" in one) == first]
    others = [one for one in addresses if (":" in one) != first]
    return [one for pair in zip_longest(same, others) for one in pair if one is not None]


async def connected_socket(addresses: Sequence[str], port: int) -> socket.socket:
    """A socket to the first of some addresses that answers. Raises `OSError`."""
    return await first_to_stand(
        [_to(address, port) for address in by_turns(addresses)], lambda late: late.close()
    )


def _to(address: str, port: int) -> Callable[[], Awaitable[socket.socket]]:
    async def connect() -> socket.socket:
        family, kind, protocol, _, place = socket.getaddrinfo(
            address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )[0]
        made = socket.socket(family, kind, protocol)
        try:
            made.setblocking(False)
            await asyncio.get_running_loop().sock_connect(made, place)
        except BaseException:
            made.close()
            raise
        return made

    return connect
