"""Which answers are kept, and what a hit looks like on the wire (Cloudflare 3.2, 6.1 G4)."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from recall_kit import (
    CHAT,
    JSON,
    TTL,
    Caller,
    all_stored,
    becomes,
    cache_status,
    caching,
    caller,
    numbering,
)

from conftest import Connect, OpenGateway
from support.checks import check_ids
from support.client import Answer, Broken
from support.configuration import openai
from support.replies import Act, Reply, chunked, head, raw, sized, whole
from support.upstream import Upstream

MEBIBYTE = bytes(range(256)) * 4096
LIMIT = 25 * 1024 * 1024
OWN = ("cf-aig-cache-status", "cf-aig-event-id", "cf-aig-log-id", "cf-aig-request-id", "age")
GZIP = ("Accept-Encoding", "gzip")


def own_taken_out(answer: Answer) -> list[tuple[str, str]]:
    return [(name, value) for name, value in answer.headers if name.lower() not in OWN]


# -- what is not kept


@pytest.mark.parametrize(
    "status", [201, 202, 203, 204, 205, 206, 300, 302, 304, 400, 401, 404, 418, 429, 500, 503, 599]
)
async def test_only_200_is_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    bodiless = status in (204, 304)
    odd = raw(head(status)) if bodiless else whole(b"odd", status)
    upstream.will(odd, odd, whole(b"good"))
    gateway = await open_gateway(caching(upstream.url))
    client = await caller(gateway, connect)
    for _ in range(2):
        answer = await client.ask()
        assert (answer.status, answer.body) == (status, b"" if bodiless else b"odd")
        assert cache_status(answer) == "MISS"
    assert [cache_status(await client.ask()) for _ in range(2)] == ["MISS", "HIT"]
    assert len(upstream.requests) == 3
    assert [row.cached for row in await gateway.rows(4)] == [False, False, False, True]


@pytest.mark.parametrize(
    "broken",
    [
        sized(10, b"half", Act.CLOSE),
        sized(10, b"half", Act.RESET),
        chunked(b"half", Act.CLOSE, finished=False),
        chunked(b"half", Act.RESET, finished=False),
        raw(head(200, (("transfer-encoding", "chunked"),)), b"4\r\nhalf\r\nno number\r\n"),
    ],
    ids=["length-close", "length-reset", "chunked-close", "chunked-reset", "chunked-garbage"],
)
async def test_what_broke_off_is_not_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, broken: Reply
) -> None:
    upstream.will(broken)
    numbering(upstream)
    gateway = await open_gateway(caching(upstream.url))
    with pytest.raises(Broken):
        await (await caller(gateway, connect)).ask()
    answer = await (await caller(gateway, connect)).ask()
    assert (cache_status(answer), answer.json()) == ("MISS", {"number": 2})
    rows = await gateway.rows(2)
    assert [row.outcome for row in rows] == ["provider_broke", "complete"]


async def test_what_the_clients_leaving_cut_is_not_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(sized(10, b"half", asyncio.Event()))
    numbering(upstream)
    gateway = await open_gateway(caching(upstream.url))
    leaving = await caller(gateway, connect)
    await leaving.send()
    await leaving.client.head()
    assert await leaving.client.exactly(4) == b"half"
    leaving.client.leave()
    await upstream.left(0)
    await gateway.settled()
    answer = await (await caller(gateway, connect)).ask()
    assert (cache_status(answer), answer.json()) == ("MISS", {"number": 2})


async def test_what_the_provider_never_answered_is_not_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(raw(Act.CLOSE))
    numbering(upstream)
    client = await caller(await open_gateway(caching(upstream.url)), connect)
    assert (await client.ask()).status == 502
    assert cache_status(await client.ask()) == "MISS"


async def test_as_large_as_may_be(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """Cloudflare 3.2: up to 25 MB."""
    body = MEBIBYTE * 25
    upstream.will(whole(body))
    gateway = await open_gateway(caching(upstream.url, "[server.limits]\nmax_logged_body_bytes = 0\n"))
    client = await caller(gateway, connect)
    assert (await client.ask()).body == body
    answer = await client.ask()
    assert cache_status(answer) == "HIT"
    assert answer.body == body


async def test_larger_is_passed_on_and_not_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    body = MEBIBYTE * 25 + b"x"
    upstream.will(whole(body))
    numbering(upstream)
    gateway = await open_gateway(caching(upstream.url, "[server.limits]\nmax_logged_body_bytes = 0\n"))
    client = await caller(gateway, connect)
    first = await client.ask()
    assert (cache_status(first), len(first.body)) == ("MISS", LIMIT + 1)
    assert first.body == body
    second = await client.ask()
    assert (cache_status(second), second.json()) == ("MISS", {"number": 2})


async def test_without_memory_to_spare_nothing_large_is_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    small, large = b"s" * 60_000, MEBIBYTE
    upstream.will(whole(large), whole(large), whole(small))
    gateway = await open_gateway(caching(upstream.url, "[server.limits]\nmax_capture_bytes = 0\n"))
    client = await caller(gateway, connect)
    for _ in range(2):
        answer = await client.ask()
        assert (cache_status(answer), answer.body == large) == ("MISS", True)
    assert [cache_status(await client.ask()) for _ in range(2)] == ["MISS", "HIT"]
    assert (await client.ask()).body == small


# -- what a hit looks like


@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize("body", [b"", b"\x00\xff\r\n\r\n0\r\n\r\n", bytes(range(256)) * 1000])
async def test_a_hit_is_the_answer_byte_for_byte(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, in_chunks: bool, body: bytes
) -> None:
    headers = (("Content-Type", "image/png"), ("X-Odd", " a  b"), ("x-two", "1"), ("X-Two", "2"))
    pieces = [body] if body else []
    upstream.will(chunked(*pieces, headers=headers) if in_chunks else whole(body, headers=headers))
    gateway = await open_gateway(caching(upstream.url))
    client = await caller(gateway, connect)
    first = await client.ask()
    await all_stored(gateway)
    second = await client.ask()
    assert [cache_status(first), cache_status(second)] == ["MISS", "HIT"]
    assert (first.body, second.body) == (body, body)
    wanted = [("Content-Type", "image/png"), ("X-Odd", "a  b"), ("x-two", "1"), ("X-Two", "2")]
    assert own_taken_out(second)[:4] == wanted
    assert own_taken_out(second)[4:] == [("content-length", str(len(body)))]
    check_ids(second)


async def test_image(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """Cloudflare 3.2: text and images alike."""
    upstream.will(whole(MEBIBYTE, headers=(("content-type", "image/jpeg"),)))
    client = await caller(await open_gateway(caching(upstream.url)), connect)
    path = CHAT.replace("chat/completions", "images/generations")
    answers = [await client.ask(path=path) for _ in range(3)]
    assert [cache_status(answer) for answer in answers] == ["MISS", "HIT", "HIT"]
    assert all(answer.body == MEBIBYTE for answer in answers)
    assert {answer.header("content-type") for answer in answers} == {"image/jpeg"}


async def test_a_cookie_is_not_given_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"{}", headers=(("Set-Cookie", "session=1"), ("set-cookie", "b=2"), *JSON)))
    client = await caller(await open_gateway(caching(upstream.url)), connect)
    first, second = [await client.ask() for _ in range(2)]
    assert first.names.count("set-cookie") == 2
    assert cache_status(second) == "HIT"
    assert "set-cookie" not in second.names


async def test_what_the_provider_says_of_its_own_cache_is_not_taken_for_ours(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """An answer that was old when it came: there is one `Age`, and one status of one cache (RFC 9111, 5.1)."""
    theirs = (("Age", "100"), ("cf-aig-cache-status", "HIT"), ("cf-aig-log-id", "theirs"))
    upstream.will(whole(b"{}", headers=(*theirs, *JSON)))
    gateway = await open_gateway(caching(upstream.url))
    client = await caller(gateway, connect)
    first = await client.ask()
    assert (cache_status(first), first.header("age")) == ("MISS", "100")
    gateway.clock.ahead += 7
    second = await client.ask()
    assert cache_status(second) == "HIT"
    assert second.header("age") in ("7", "107")
    check_ids(second)


async def test_hop_by_hop_headers_are_not_given_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    headers = (("Connection", "close, X-Hop"), ("X-Hop", "1"), ("X-Stays", "1"), ("Keep-Alive", "timeout=1"))
    upstream.will(whole(b"{}", headers=headers))
    client = await caller(await open_gateway(caching(upstream.url)), connect)
    first, second = [await client.ask() for _ in range(2)]
    for answer in (first, second):
        assert answer.header("x-stays") == "1"
        assert {"connection", "x-hop", "keep-alive"}.isdisjoint(answer.names)
    assert cache_status(second) == "HIT"


async def test_a_hit_over_http_1_0(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(whole(b"plain"))
    gateway = await open_gateway(caching(upstream.url))
    await (await caller(gateway, connect)).ask()
    older = await caller(gateway, connect)
    await older.client.send(Caller.question().replace(b"HTTP/1.1", b"HTTP/1.0", 1))
    answer = await older.client.answer()
    assert (cache_status(answer), answer.body) == ("HIT", b"plain")
    assert await older.client.rest() == b""


async def test_hits_in_a_row_on_one_connection(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    numbering(upstream)
    client = await caller(await open_gateway(caching(upstream.url)), connect)
    await client.ask()
    await client.client.send(Caller.question() * 5 + Caller.question(body=b"{}") + Caller.question())
    answers = [await client.client.answer() for _ in range(7)]
    assert [answer.json()["number"] for answer in answers] == [1, 1, 1, 1, 1, 2, 1]


async def test_chunked_and_measured_bodies_ask_the_same(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    client = await caller(await open_gateway(caching(upstream.url)), connect)
    await client.ask(body=b"{}")
    await client.send(("Transfer-Encoding", "chunked"), body=b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
    assert cache_status(await client.client.answer()) == "HIT"


async def test_a_question_too_large_to_read_whole_is_passed_on(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    extra = "[server.limits]\nmax_buffered_body_bytes = 1000\n"
    client = await caller(await open_gateway(caching(upstream.url, extra)), connect)
    large = b"x" * 1001
    assert [cache_status(await client.ask(body=large)) for _ in range(2)] == [None, None]
    assert [bytes(seen.body) for seen in upstream.requests] == [large] * 2
    assert [cache_status(await client.ask(body=large[1:])) for _ in range(2)] == ["MISS", "HIT"]


# -- encodings


async def test_an_encoded_answer_goes_only_to_who_takes_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    packed = gzip.compress(b'{"packed":true}')
    headers = (("Content-Encoding", "gzip"), *JSON)
    upstream.will(whole(packed, headers=headers), *(whole(b"plain") for _ in range(4)))
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    first, second = await client.ask(TTL, GZIP), await client.ask(TTL, GZIP)
    assert [cache_status(first), cache_status(second)] == ["MISS", "HIT"]
    assert (second.body, second.header("content-encoding")) == (packed, "gzip")
    plain = await client.ask(TTL)
    assert (cache_status(plain), plain.body) == ("MISS", b"plain")
    assert "content-encoding" not in plain.names


@pytest.mark.parametrize(
    ("accepts", "expected"),
    [
        ("gzip", "HIT"),
        ("GZIP", "HIT"),
        ("br, gzip;q=0.5", "HIT"),
        ("*", "HIT"),
        ("gzip;q=0", "MISS"),
        ("gzip;q=0.000, *", "MISS"),
        ("br", "MISS"),
        ("identity", "MISS"),
        ("", "MISS"),
    ],
)
async def test_who_takes_gzip(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, accepts: str, expected: str
) -> None:
    upstream.will(whole(gzip.compress(b"{}"), headers=(("content-encoding", "gzip"),)))
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    await client.ask(TTL, GZIP)
    assert cache_status(await client.ask(TTL, ("Accept-Encoding", accepts))) == expected


async def test_a_plain_answer_is_for_everybody(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    await client.ask(TTL)
    for accepts in ("gzip", "br", "identity"):
        assert cache_status(await client.ask(TTL, ("Accept-Encoding", accepts))) == "HIT"


async def test_memory_is_given_back(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await open_gateway(caching(upstream.url))
    budget = gateway.parts.pipeline._budget
    before = budget.free
    upstream.will(whole(MEBIBYTE), sized(len(MEBIBYTE) * 2, MEBIBYTE, Act.CLOSE))
    await (await caller(gateway, connect)).ask()
    with pytest.raises(Broken):
        await (await caller(gateway, connect)).ask(body=b"{}")
    await gateway.rows(2)
    await becomes(lambda: budget.free == before, "all memory back")
