"""All kinds of answers in a random mixture over a few shared connections.

What one answer leaves behind on a connection must never touch the next. Each call has a tag that stands in its
target, its answer's header and its answer's body; a seed that once failed belongs into the list.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from conftest import OpenGateway
from support.client import Answer, Broken, Client, request
from support.configuration import openai
from support.replies import Act, Headers, Reply, chunked, head, raw, whole
from support.upstream import Seen, Upstream

CLIENTS, CALLS = 6, 60
METHODS = ("GET", "HEAD", "POST", "POST", "PUT")
STRAY = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison"


def _bytes(reply: Reply) -> bytes:
    return b"".join(step for step in reply.steps if isinstance(step, bytes))


KINDS: dict[str, Callable[[bytes, Headers], Reply]] = {
    "whole": lambda body, tag: whole(body, headers=tag),
    "split": lambda body, tag: raw(*(bytes([byte]) for byte in _bytes(whole(body, headers=tag)))),
    "empty": lambda body, tag: whole(b"", headers=tag),
    "chunked": lambda body, tag: chunked(body[:1], body[1:], headers=tag, trailers=b"X-T: 1\r\n"),
    "joined": lambda body, tag: raw(_bytes(chunked(body, headers=tag))),
    "nothing-new": lambda body, tag: raw(head(304, (*tag, ("content-length", "99")))),
    "no-content": lambda body, tag: raw(head(204, tag)),
    "interim": lambda body, tag: raw(
        head(100) + head(103, (("X-Tag", "no"),)) + _bytes(whole(body, headers=tag))
    ),
    "closing": lambda body, tag: whole(body, headers=(*tag, ("connection", "close"))),
    "http10": lambda body, tag: raw(head(200, tag, version="1.0"), body, Act.CLOSE),
    "stray-answer": lambda body, tag: raw(_bytes(whole(body, headers=tag)) + STRAY),
    "stray-bytes": lambda body, tag: raw(_bytes(whole(body, headers=tag)) + b"zz"),
    "early": lambda body, tag: Reply(whole(body, 413, tag).steps, early=True),
    "cut": lambda body, tag: chunked(body, Act.CLOSE, headers=tag, finished=False),
    "dead": lambda body, tag: raw(Act.CLOSE),
}
BODILESS = {"empty", "nothing-new", "no-content"}
MAY_BREAK = {"cut", "dead", "early"}


def _scripted(seen: Seen) -> Reply:
    kind, _, tag = seen.target.decode().partition("?")[2].partition("=")
    headers = (("X-Tag", tag),)
    if seen.method == b"HEAD":
        return raw(head(200, (*headers, ("content-length", str(len(tag))))))
    return KINDS[kind](tag.encode(), headers)


def _check(answer: Answer, method: str, kind: str, tag: str) -> None:
    if answer.status == 502:
        assert kind in MAY_BREAK, (kind, method, answer.body)
        return
    assert answer.header("x-tag") == tag, (kind, method, answer.raw)
    bodiless = method == "HEAD" or kind in BODILESS
    assert answer.body == (b"" if bodiless else tag.encode()), (kind, method)


def _random_request(random: Random, method: str, target: str) -> bytes:
    if method in ("GET", "HEAD"):
        return request(method, target)
    body = b"b" * random.choice((0, 1, 70_000, 300_000))
    if random.random() < 0.6:
        return request(method, target, body=body)
    framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    return request(method, target, ("Transfer-Encoding", "chunked")) + framed


async def _talk(url: str, number: int, random: Random) -> None:
    client = await Client.connect(url)
    for turn in range(CALLS):
        kind, method, tag = random.choice(list(KINDS)), random.choice(METHODS), f"{number}-{turn}"
        try:
            await client.send(_random_request(random, method, f"/v1/acct/gw/openai/x?{kind}={tag}"))
            if random.random() > 0.08:
                _check(await client.answer(method), method, kind, tag)
                continue
        except Broken:
            assert kind in MAY_BREAK, (kind, method)
        await client.close()  # it left at once, or was let down
        client = await Client.connect(url)
    await client.close()


@pytest.mark.parametrize("seed", range(4))
async def test_random_mixture(open_gateway: OpenGateway, upstream: Upstream, seed: int) -> None:
    upstream.otherwise = _scripted
    gateway = await open_gateway(openai(upstream.url))
    await asyncio.gather(
        *(_talk(gateway.url, number, Random(seed * 100 + number)) for number in range(CLIENTS))
    )
    await gateway.settled()
    times = Counter((seen.method, seen.target) for seen in upstream.requests)
    assert {count for (method, _), count in times.items() if method == b"POST"} == {1}
    assert max(times.values()) <= 2
    assert 200 < len(upstream.requests) <= CLIENTS * CALLS * 2
