"""What may stand between a provider's answer and a client, and between a request's body and a provider. No I/O.

A `BodyFilter` is made for one answer to one client and sees its body plain (no content coding), in the pieces that
it happens to come in. What it returns goes on; what it does not return it has held back or taken out. The answer's
head goes out with the first byte that the last filter releases, which is the commit point: a filter that raises
before it makes the answer an error. A cache, and who shares the call, have the provider's bytes; each client has
filters of its own.

A `RequestHook` sees a request's body when it is whole and what it leaves goes to the provider. It may put makers of
filters on the call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

from penstock.errors import GatewayError

Logged = Literal["before", "after"]


class BodyFilter(Protocol):
    """Decides about the body of one answer. Splitting what it is fed anywhere gives the same in the end."""

    logged: Logged
    """Whether the log keeps the body as it came to this filter, or as it left it. Of several "after" goes before
    "before": what was taken out for good is in no log.
    """

    @property
    def content_type(self) -> bytes:
        """What the body is as it leaves the filter; empty: what it was."""

    @property
    def held(self) -> int:
        """How many bytes it holds back now: they take of the worker's memory, and an answer without room ends."""

    def feed(self, data: bytes) -> bytes | Awaitable[bytes]:
        """What goes on, now that `data` has come; nothing where it is held back.

        An awaitable of it where that is for somebody else to say: the answer stops meanwhile. Raises `EndAnswer`, or
        `GatewayError` where nothing should have gone out.
        """

    def finish(self) -> bytes | Awaitable[bytes]:
        """What still goes on, now that the body is whole. Like `feed`."""


class EndAnswer(Exception):
    """The answer ends here, with `last`, an event that says why; as an error's answer if nothing has gone out."""

    def __init__(self, last: bytes, error: GatewayError) -> None:
        super().__init__(error.detail)
        self.last = last
        self.error = error


FilterMaker = Callable[[int, bytes, bytes], BodyFilter | None]
"""From an answer's status, content type and header lines to a filter for it; None where there is nothing to filter."""


def filters_for(
    makers: Sequence[FilterMaker], status: int, content_type: bytes, lines: bytes
) -> list[BodyFilter]:
    """New filters for one answer to one client. Each is told the content type that the one before it leaves."""
    found: list[BodyFilter] = []
    for make in makers:
        one = make(status, content_type, lines)
        if one is not None:
            found.append(one)
            content_type = one.content_type or content_type
    return found
