"""However bytes are cut into pieces on their way, the same call comes out of it.

Random requests and answers go through real sockets twice: whole, and cut at random places on both sides.
Provider, client and log must see the same both times. What travels is valid; how it travels is hostile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import uvloop
from hostile_kit import CHAT, becomes, gateway_limits, records
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.journal.record import CallRecord
from support.client import Answer, Client
from support.inprocess import InProcess
from support.replies import raw
from support.upstream import Upstream

BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
NAMES = st.sampled_from(["X-A", "x-b", "Accept", "authorization", "Content-Type", "X-C"])
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=4, unique_by=lambda pair: pair[0].lower())
CHUNKS = st.lists(st.binary(min_size=1, max_size=400), max_size=4)
BODIES = st.tuples(st.sampled_from(["length", "chunked"]), CHUNKS)
STATUSES = st.sampled_from([200, 201, 204, 304, 400, 404, 429, 500, 503])
CUTS = st.lists(st.integers(min_value=0, max_value=2000), max_size=8)


def framed(kind: str, chunks: Sequence[bytes]) -> bytes:
    """The end of a head, and a body."""
    if kind == "length":
        body = b"".join(chunks)
        return b"Content-Length: %d\r\n\r\n" % len(body) + body
    lines = [b"%x\r\n%b\r\n" % (len(data), data) for data in chunks]
    return b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(lines) + b"0\r\n\r\n"


def head(first: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """A first line and headers."""
    return "".join(f"{line}\r\n" for line in (first, *(f"{n}: {v}" for n, v in headers))).encode()


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    """The data in pieces, cut at these places."""
    ends = sorted({place % len(data) for place in places} - {0})
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


@dataclass(frozen=True)
class Exchange:
    """What the two sides say."""

    method: str
    request: bytes
    answer: bytes


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    """A valid request and a valid answer to it."""
    method = draw(METHODS)
    start = head(
        f"{method} {CHAT}?n={draw(st.integers(0, 99))} HTTP/1.1", [("Host", "localhost"), *draw(HEADERS)]
    )
    status = draw(STATUSES)
    kind, chunks = draw(BODIES)
    if method == "HEAD" or status in (204, 304):
        body = b"\r\n"
    else:
        body = framed(kind, chunks)
    answer = head(f"HTTP/1.1 {status} Fine", draw(HEADERS)) + body
    return Exchange(method, start + framed(*draw(BODIES)), answer)


@dataclass
class Seen:
    """What the three parties saw."""

    provider: tuple[bytes, bytes]
    client: tuple[int, list[tuple[str, str]], bytes]
    row: dict[str, object]


_VARYING = {"id", "event_id", "created_us", "duration_us", "first_byte_us"}


def comparable(record: CallRecord) -> dict[str, object]:
    """A record without what differs between any two calls."""
    return {name: getattr(record, name) for name in record.__struct_fields__ if name not in _VARYING}


def answer_of(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers but for ours and for framing, body."""
    ours = ("cf-aig-", "content-length", "transfer-encoding", "connection")
    headers = [pair for pair in answer.headers if not pair[0].lower().startswith(ours)]
    return answer.status, headers, answer.body


async def travel(
    gateway: InProcess, upstream: Upstream, said: Exchange, there: Sequence[int], back: Sequence[int]
) -> Seen:
    """One call, its request cut at `there` and its answer at `back`; every piece is read before the next."""
    before = len(upstream.requests)
    pieces = cut(said.answer, back)
    gates = [asyncio.Event() for _ in pieces]
    upstream.will(raw(*(step for pair in zip(gates, pieces, strict=True) for step in pair)))
    client = await Client.connect(gateway.url)
    try:
        for piece in cut(said.request, there):
            await client.send(piece)
            await gateway.catch_up()
        provided = await upstream.request(before + 1)
        await provided.whole_body()
        for gate in gates:
            gate.set()
            await gateway.catch_up()
        answer = await client.answer(said.method)
    finally:
        await client.close()
    await becomes(lambda: len(records(gateway)) == before + 1, "the record")
    row = comparable(records(gateway)[-1])
    return Seen((provided.head, bytes(provided.body)), answer_of(answer), row)


async def both_ways(said: Exchange, there: Sequence[int], back: Sequence[int], folder: Path) -> None:
    """Whole and cut, through one gateway."""
    upstream = await Upstream.start()
    gateway = await InProcess.start(folder, gateway_limits(upstream.url))
    try:
        whole = await travel(gateway, upstream, said, [], [])
        pieces = await travel(gateway, upstream, said, there, back)
    finally:
        await gateway.stop()
        await upstream.close()
    assert pieces == whole
    assert whole.row["outcome"] == 0


def run(story: Coroutine[None, None, None]) -> None:
    """Runs it on the loop that workers use."""
    uvloop.run(story)


@BOUNDED
@given(exchanges(), CUTS, CUTS)
def test_pieces_make_no_difference(said: Exchange, there: list[int], back: list[int]) -> None:
    with TemporaryDirectory() as folder:
        run(both_ways(said, there, back, Path(folder)))


@pytest.mark.parametrize("kind", ["length", "chunked"])
def test_byte_by_byte(kind: str, tmp_path: Path) -> None:
    start = head(f"POST {CHAT} HTTP/1.1", [("Host", "localhost"), ("X-A", "b")])
    answer = head("HTTP/1.1 200 Fine", [("X-C", "d")]) + framed(kind, [b"hello", b", ", b"world"])
    said = Exchange("POST", start + framed(kind, [b"some", b"thing"]), answer)
    everywhere = range(1, len(said.request))
    run(both_ways(said, everywhere, range(1, len(answer)), tmp_path))
