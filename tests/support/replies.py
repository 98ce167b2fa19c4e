"""What a scripted provider answers: a list of steps, each of them bytes, a gate, or an act.

A gate is an `asyncio.Event`: the script goes on when the test sets it. Pure data, no sockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus

Headers = tuple[tuple[str, str], ...]


class Act(Enum):
    """What a script can do besides sending and waiting."""

    BODY = auto()  # wait until the request's body is whole
    CLOSE = auto()  # close the connection in an orderly way
    RESET = auto()  # break the connection off


Step = bytes | asyncio.Event | Act | Callable[[bytes], bytes]  # the last: from the request's body


@dataclass(frozen=True)
class Reply:
    """One answer. `early`: before the request's body is whole; `reading`: the gate before that is read."""

    steps: tuple[Step, ...]
    early: bool = False
    reading: asyncio.Event | None = None


def head(status: int = 200, headers: Headers = (), *, version: str = "1.1") -> bytes:
    """A status line and header lines, with the empty line."""
    known = status in HTTPStatus._value2member_map_
    phrase = HTTPStatus(status).phrase if known else "Odd"
    lines = [f"HTTP/{version} {status} {phrase}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def whole(body: bytes = b"", status: int = 200, headers: Headers = ()) -> Reply:
    """An answer with a content-length, in one piece."""
    return Reply((head(status, (*headers, ("content-length", str(len(body))))) + body,))


def bodiless(reply: Reply) -> Reply:
    """The same answer without its body, as for a HEAD request."""
    (step,) = reply.steps
    assert isinstance(step, bytes)
    return Reply((step.partition(b"\r\n\r\n")[0] + b"\r\n\r\n",))


def sized(length: int, *steps: Step, headers: Headers = ()) -> Reply:
    """An answer that declares `length` bytes and then takes these steps."""
    return Reply((head(200, (*headers, ("content-length", str(length)))), *steps))


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def chunked(*steps: Step, headers: Headers = (), trailers: bytes = b"", finished: bool = True) -> Reply:
    """A chunked answer; bytes become one chunk each. `finished=False` leaves out the terminator."""
    framed = tuple(chunk(step) if isinstance(step, bytes) else step for step in steps)
    end = (b"0\r\n" + trailers + b"\r\n",) if finished else ()
    return Reply((head(200, (*headers, ("transfer-encoding", "chunked"))), *framed, *end))


def sse(*steps: Step, finished: bool = True) -> Reply:
    """A stream of server-sent events, one chunk each."""
    return chunked(*steps, headers=(("content-type", "text/event-stream"),), finished=finished)


def raw(*steps: Step, early: bool = False) -> Reply:
    """Exactly these steps."""
    return Reply(steps, early=early)


def echo() -> Reply:
    """The request's body comes back."""
    return Reply((lambda body: head(200, (("content-length", str(len(body))),)) + body,))


def silence() -> Reply:
    """No answer at all, until the other side leaves."""
    return Reply((asyncio.Event(),), early=True)
