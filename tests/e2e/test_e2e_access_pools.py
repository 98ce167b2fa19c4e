"""Several stored keys of one alias: taken in turn, and one that is refused gives way to the next in the same call."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from support.access import ACCOUNT, CHAT, UNIVERSAL, Access, bearer, steps
from support.client import Answer, Header, request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import Reply, sse, whole
from support.upstream import Seen, Upstream

KEYS = ("sk-a-0123456789", "sk-b-0123456789", "sk-c-0123456789")
A, B, C = KEYS
REFUSALS = (401, 402, 403, 429)


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


class Caller:
    """Calls a gateway that has the first `count` keys."""

    def __init__(
        self, access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
    ) -> None:
        self._access = access
        self._open = open_gateway
        self._upstream = upstream
        self._connect = connect
        self.token = access.token()
        self.gateway: InProcess

    async def begin(self, count: int, limits: str = "", **fields: object) -> InProcess:
        for key in KEYS[:count]:
            self._access.key("openai", key)
        text = gateways(gw={"authentication": True, **fields}) + providers({"openai": self._upstream.url})
        self.gateway = await self._open(text + limits)
        return self.gateway

    async def ask(self, *headers: Header, target: str = CHAT, body: bytes = b'{"model":"m"}') -> Answer:
        client = await self._connect(self.gateway.url)
        return await client.ask("POST", target, bearer(self.token), *headers, body=body)

    async def keys(self, calls: int) -> list[str]:
        """The keys that so many calls go with."""
        before = len(self._upstream.requests)
        for _ in range(calls):
            await self.ask()
        return used(*self._upstream.requests[before:])


def used(*seen: Seen) -> list[str]:
    return [(one.header("authorization") or b"").decode().removeprefix("Bearer ") for one in seen]


@pytest.fixture
def caller(access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> Caller:
    return Caller(access, open_gateway, upstream, connect)


def refusal(status: int, retry_after: str = "") -> Reply:
    headers = (("retry-after", retry_after),) if retry_after else ()
    return whole(b'{"error":"refused by the vendor"}', status, headers)


async def test_in_turn(caller: Caller) -> None:
    await caller.begin(3)
    assert await caller.keys(7) == [A, B, C, A, B, C, A]


@pytest.mark.parametrize("status", REFUSALS)
async def test_a_refused_key_gives_way_to_the_next(caller: Caller, upstream: Upstream, status: int) -> None:
    upstream.will(refusal(status), whole(b"{}"))
    gateway = await caller.begin(2)
    answer = await caller.ask()
    assert (answer.status, answer.body) == (200, b"{}")
    assert used(*upstream.requests) == [A, B]
    assert [bytes(seen.body) for seen in upstream.requests] == [b'{"model":"m"}'] * 2
    row = await gateway.row()
    assert (row.status_code, row.success, row.byok, row.attempts) == (200, True, True, 2)
    assert gateway.clock.slept == []  # nobody is made to wait for it


@pytest.mark.parametrize("status", [400, 404, 408, 409, 422, 500, 502, 503, 529])
async def test_other_errors_are_not_the_keys_fault(caller: Caller, upstream: Upstream, status: int) -> None:
    upstream.will(refusal(status))
    await caller.begin(2)
    assert (await caller.ask()).status == status
    assert used(*upstream.requests) == [A]
    assert await caller.keys(2) == [B, A]


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("status", REFUSALS)
async def test_all_refused_is_the_vendors_own_answer(
    caller: Caller, upstream: Upstream, count: int, status: int
) -> None:
    upstream.will(*(refusal(status, "77") for _ in range(count)))
    gateway = await caller.begin(count)
    answer = await caller.ask()
    assert (answer.status, answer.body) == (status, b'{"error":"refused by the vendor"}')
    assert answer.header("retry-after") == "77"
    assert sorted(used(*upstream.requests)) == list(KEYS[:count])
    row = await gateway.row()
    assert (row.status_code, row.attempts, row.outcome) == (status, count, "complete")


async def test_all_set_aside_still_asks_the_one_that_comes_back_first(
    caller: Caller, upstream: Upstream
) -> None:
    """Once, not once for each key."""
    upstream.will(refusal(429, "50"), refusal(429, "20"))
    await caller.begin(2)
    await caller.ask()
    upstream.will(refusal(429, "50"))
    assert (await caller.ask()).status == 429
    assert used(*upstream.requests) == [A, B, B]


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [
        (401, "", 60),
        (402, "", 60),
        (403, "5", 60),
        (429, "", 10),
        (429, "30", 30),
        (429, "0", 1),
        (429, "100000", 900),
        (429, "soon", 10),
    ],
)
async def test_how_long_a_key_is_set_aside(
    caller: Caller, upstream: Upstream, status: int, retry_after: str, seconds: float
) -> None:
    upstream.will(refusal(status, retry_after))
    gateway = await caller.begin(2)
    assert await caller.keys(1) == [A, B]
    gateway.advance(seconds - 0.5)
    assert await caller.keys(2) == [B, B]
    gateway.advance(1)
    assert sorted(await caller.keys(2)) == [A, B]


async def test_a_key_refused_again_is_left_alone_for_longer(caller: Caller, upstream: Upstream) -> None:
    """A minute, two, four, up to fifteen; one good answer, and it begins anew."""
    gateway = await caller.begin(2)
    upstream.otherwise = lambda seen: refusal(401) if used(seen) == [A] else whole(b"{}")
    for seconds in (60, 120, 240, 480, 900, 900):
        assert A in await caller.keys(2)
        gateway.advance(seconds - 1)
        assert await caller.keys(2) == [B, B]
        gateway.advance(2)
    upstream.otherwise = lambda seen: whole(b"{}")
    assert A in await caller.keys(2)
    upstream.otherwise = lambda seen: refusal(401) if used(seen) == [A] else whole(b"{}")
    assert A in await caller.keys(2)
    gateway.advance(61)
    assert A in await caller.keys(2)


async def test_slow_refusals_come_to_an_end(caller: Caller, upstream: Upstream) -> None:
    """While one key is refused the other's pause ends: still each is tried once."""
    gateway = await caller.begin(2)

    def late(body: bytes) -> bytes:
        gateway.clock.ahead += 2
        step = refusal(429, "0").steps[0]
        assert isinstance(step, bytes)
        return step

    upstream.otherwise = lambda seen: Reply((late,))
    assert (await caller.ask()).status == 429
    assert used(*upstream.requests) == [A, B]


async def test_many_calls_at_once_beside_a_bad_key(caller: Caller, upstream: Upstream) -> None:
    """All are answered; once the key is known to be bad nobody takes it."""
    gateway = await caller.begin(3)
    upstream.otherwise = lambda seen: refusal(401) if used(seen) == [B] else whole(b"{}")
    answers = await asyncio.gather(*(caller.ask() for _ in range(24)))
    assert {answer.status for answer in answers} == {200}
    tried = used(*upstream.requests)
    assert len(tried) - tried.count(B) == 24
    assert B not in await caller.keys(6)
    assert {row.status_code for row in await gateway.rows(30)} == {200}


async def test_pools_of_aliases_and_senders_do_not_mix(
    caller: Caller, access: Access, upstream: Upstream
) -> None:
    access.key("openai", "sk-batch-0123456789", alias="batch")
    await caller.begin(2)
    upstream.will(refusal(401))
    assert (await caller.ask(("cf-aig-byok-alias", "batch"))).status == 401
    upstream.will(refusal(401))
    assert (await caller.ask(("Authorization", "Bearer sk-mine-0123456789"))).status == 401
    assert await caller.keys(2) == [A, B]
    assert used(*upstream.requests)[:2] == ["sk-batch-0123456789", "sk-mine-0123456789"]


async def test_a_stream_is_not_touched_once_it_has_begun(caller: Caller, upstream: Upstream) -> None:
    upstream.will(refusal(429), sse(b"data: 1\n\n", b"data: 2\n\n"))
    await caller.begin(2)
    answer = await caller.ask()
    assert (answer.status, answer.body) == (200, b"data: 1\n\ndata: 2\n\n")


# -- bodies


@pytest.mark.parametrize("size", [0, 100, 40_000, 300_000])
async def test_a_chunked_upload_is_sent_again(
    caller: Caller, upstream: Upstream, connect: Connect, size: int
) -> None:
    upstream.will(refusal(401), whole(b"{}"))
    gateway = await caller.begin(2)
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, bearer(caller.token), ("Transfer-Encoding", "chunked")))
    pieces = [b"x" * 20_000] * (size // 20_000) + ([b"y" * (size % 20_000)] if size % 20_000 else [])
    for piece in pieces:
        await client.send_chunk(piece)
    await client.send(b"0\r\n\r\n")
    assert (await client.answer()).status == 200
    assert used(*upstream.requests) == [A, B]
    assert [bytes(seen.body) for seen in upstream.requests] == [b"".join(pieces)] * 2


@pytest.mark.parametrize("framing", ["sized", "chunked"])
async def test_an_upload_too_large_to_be_kept_goes_out_once(
    caller: Caller, upstream: Upstream, connect: Connect, framing: str
) -> None:
    """The refusal goes to the caller; the next call takes the other key."""
    upstream.will(refusal(401))
    gateway = await caller.begin(2, "[server.limits]\nmax_buffered_body_bytes = 65536\n")
    client = await connect(gateway.url)
    data = b"x" * 200_000
    if framing == "sized":
        await client.send(request("POST", CHAT, bearer(caller.token), body=data))
    else:
        await client.send(request("POST", CHAT, bearer(caller.token), ("Transfer-Encoding", "chunked")))
        for start in range(0, len(data), 20_000):
            await client.send_chunk(data[start : start + 20_000])
        await client.send(b"0\r\n\r\n")
    answer = await client.answer()
    assert (answer.status, answer.body) == (401, b'{"error":"refused by the vendor"}')
    assert bytes((await upstream.only()).body) == data
    assert await caller.keys(2) == [B, B]


async def test_a_get_without_a_body(caller: Caller, upstream: Upstream, connect: Connect) -> None:
    upstream.will(refusal(403), whole(b"[]"))
    gateway = await caller.begin(2)
    client = await connect(gateway.url)
    answer = await client.ask("GET", f"/v1/{ACCOUNT}/gw/openai/models", bearer(caller.token))
    assert (answer.status, answer.body) == (200, b"[]")
    assert used(*upstream.requests) == [A, B]


# -- together with other controls


async def test_replacing_a_key_is_no_retry(caller: Caller, upstream: Upstream) -> None:
    """Both happen, and only the retry waits."""
    upstream.will(refusal(401), whole(b"down", 503), whole(b"{}"))
    gateway = await caller.begin(2)
    answer = await caller.ask(("cf-aig-max-attempts", "2"), ("cf-aig-retry-delay", "1000"))
    assert answer.status == 200
    assert used(*upstream.requests) == [A, B, B]
    assert len(gateway.clock.slept) == 1
    assert (await gateway.row()).attempts == 3


async def test_refused_keys_in_steps(caller: Caller, upstream: Upstream) -> None:
    """All keys of the first step are tried before the next step is."""
    upstream.will(refusal(429), refusal(429))
    await caller.begin(2)
    body = steps(("openai", "one", {"n": 1}), ("openai", "two", {"n": 2}))
    answer = await caller.ask(target=UNIVERSAL, body=body)
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert [json.loads(seen.body)["n"] for seen in upstream.requests] == [1, 1, 2]


async def test_a_replaced_keys_answer_is_not_what_the_cache_keeps(caller: Caller, upstream: Upstream) -> None:
    upstream.will(refusal(429), whole(b'{"good":1}'))
    await caller.begin(2, cache_ttl=300)
    found = [await caller.ask() for _ in range(2)]
    assert [one.body for one in found] == [b'{"good":1}'] * 2
    assert [one.header("cf-aig-cache-status") for one in found] == ["MISS", "HIT"]
    assert len(upstream.requests) == 2


async def test_connections_of_refused_answers_do_not_leak(caller: Caller, upstream: Upstream) -> None:
    gateway = await caller.begin(3)
    upstream.otherwise = lambda seen: refusal(401)
    for _ in range(5):
        assert (await caller.ask()).status == 401
    await gateway.settled()
    pools = gateway.parts.upstream.pools.values()
    assert [one for pool in pools for one in pool.connections if one.exchange is not None] == []
