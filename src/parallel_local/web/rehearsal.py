"""Rehearsals: latency and failures that a caller orders for its own request, so that programs can be tried out.

`x-local-latency: 250` waits that many milliseconds before anything is done, `250-900` a time between that follows
from how many such requests there were; `x-local-fail` answers 429 or 500 without doing anything, cuts the
connection in the middle of the body, lets the body drip, or has a run fail. Without a header nothing happens.
A plain ASGI layer.
"""

import itertools
import re
from collections.abc import Awaitable, Callable, Iterator

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parallel_local.clock import Clock
from parallel_local.errors import ApiError, Problem, invalid
from parallel_local.runs.signals import Signals
from parallel_local.web.answers import error_body, json_answer

LATENCY = "x-local-latency"
FAIL = "x-local-fail"
_PREFIX = b"x-local-"
_LONGEST_MILLISECONDS = 60_000
_LATENCY_FORM = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", re.ASCII)
_STEPS = 11  # a prime: with a stride of 7 all are come by, the ends included, before one comes again
_STRIDE = 7
_RUN = "run"
_FAILURES = ("429", "500", "cut", "slow", _RUN)
_REASONS = {"429": "quota exceeded", "500": "internal error"}
_DRIPS = 20  # pieces of each chunk of a body
_DRIP_SECONDS = 0.05
_LONGEST_DRIPPING = 60.0


class Order(msgspec.Struct, frozen=True):
    """What a request wants to suffer. `failure` is empty for none."""

    shortest: int = 0
    longest: int = 0
    failure: str = ""


class Rehearsal:
    """Does to a request what its headers order, and nothing to those without."""

    def __init__(self, app: ASGIApp, signals: Signals, clock: Clock) -> None:
        self._app = app
        self._signals = signals
        self._clock = clock
        self._ranged = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then let the request pass, answer it, or spoil its answer."""
        given = _given(scope["headers"]) if scope["type"] == "http" else None
        if not given:
            await self._app(scope, receive, send)
            return
        try:
            order = read_order(given)
            await self._wait(self._seconds(order))
            if order.failure in _REASONS:
                raise _rehearsed(order.failure)
        except ApiError as error:
            refusal = json_answer(error_body(error, self._clock.new_hex()), error.status)
            await refusal(scope, receive, send)
            return
        await self._spoiled(order.failure, scope, receive, send)

    async def _spoiled(self, failure: str, scope: Scope, receive: Receive, send: Send) -> None:
        """The request, with an answer that is cut, drips, or is left as it is."""
        if failure == "slow":
            await self._app(scope, receive, _Drip(send, self._wait))
        elif failure == "cut":
            try:
                await self._app(scope, receive, _Cutter(send))
            except _Cut:
                return  # an answer that is never completed: the server closes the connection
        else:
            await self._app(scope, receive, send)

    def _seconds(self, order: Order) -> float:
        if order.shortest == order.longest:
            return order.shortest / 1000
        step = next(self._ranged) * _STRIDE % _STEPS
        return (order.shortest + (order.longest - order.shortest) * step / (_STEPS - 1)) / 1000

    async def _wait(self, seconds: float) -> None:
        """Let time pass; less of it when the program ends."""
        if seconds > 0:
            await self._signals.heard("rehearsal", seconds)


def fails_run(request: Request) -> bool:
    """Whether the runs that a request makes are to fail."""
    return request.headers.get(FAIL) == _RUN


def read_order(given: dict[str, str]) -> Order:
    """What the headers order. Raises 422 for values that are none."""
    latency, failure = given.get(LATENCY), given.get(FAIL, "")
    problems: list[Problem] = []
    times = _times(latency) if latency is not None else (0, 0)
    if times is None:
        reason = f"milliseconds up to {_LONGEST_MILLISECONDS}, as 250 or 250-900"
        problems.append(Problem(("header", LATENCY), reason))
    if FAIL in given and failure not in _FAILURES:
        problems.append(Problem(("header", FAIL), f"one of {', '.join(_FAILURES)}"))
    if problems:
        raise invalid(problems)
    return Order(*(times or (0, 0)), failure)


def _times(text: str) -> tuple[int, int] | None:
    found = _LATENCY_FORM.fullmatch(text)
    if found is None:
        return None
    shortest = int(found[1])
    longest = int(found[2] or shortest)
    return (shortest, longest) if shortest <= longest <= _LONGEST_MILLISECONDS else None


def _given(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Our headers by name; several of one name are joined, which no value allows."""
    given: dict[str, str] = {}
    for name, value in headers:
        if name.startswith(_PREFIX):
            key, text = name.decode("latin-1"), value.decode("latin-1").strip()
            given[key] = f"{given[key]}, {text}" if key in given else text
    return given if LATENCY in given or FAIL in given else {}


def _rehearsed(failure: str) -> ApiError:
    return ApiError(int(failure), f"{_REASONS[failure]} (rehearsed: {FAIL})", detail={"rehearsed": failure})


class _Cut(Exception):
    """Enough of the answer was sent."""


class _Cutter:
    """Sends half of a body, or the first chunk of a stream and half of the second, and no more."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = False

    async def __call__(self, message: Message) -> None:
        """Pass on the head and the beginning."""
        body: bytes = message.get("body", b"")
        if message["type"] != "http.response.body":
            await self._send(message)
        elif self._begun or not message.get("more_body", False):
            await self._send({**message, "body": body[: len(body) // 2], "more_body": True})
            raise _Cut
        else:
            self._begun = bool(body)
            await self._send(message)


class _Drip:
    """Sends every chunk of a body in small pieces; after a minute of waits the rest comes at once."""

    def __init__(self, send: Send, wait: Callable[[float], Awaitable[None]]) -> None:
        self._send = send
        self._wait = wait
        self._left = _LONGEST_DRIPPING

    async def __call__(self, message: Message) -> None:
        """Pass on the head at once, and the body piece by piece."""
        body: bytes = message.get("body", b"")
        if message["type"] != "http.response.body" or not body:
            await self._send(message)
            return
        *pieces, last = _pieces(body)
        for piece in pieces:
            await self._send({**message, "body": piece, "more_body": True})
            if self._left > 0:
                self._left -= _DRIP_SECONDS
                await self._wait(_DRIP_SECONDS)
        await self._send({**message, "body": last})


def _pieces(body: bytes) -> Iterator[bytes]:
    size = -(-len(body) // _DRIPS)
    for start in range(0, len(body), size):
        yield body[start : start + size]
