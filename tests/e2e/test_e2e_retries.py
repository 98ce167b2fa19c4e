"""When a call is sent again, how often and after how long (Cloudflare 3.4, 3.5, G1, G2, G18, B6)."""

from __future__ import annotations

import gzip
from pathlib import Path

import openai
import pytest

from conftest import Connect, OpenGateway
from support.canned import chat_reply
from support.checks import check_error, check_ids, vendor_headers
from support.client import Header
from support.clock import FakeClock
from support.configuration import gateways, providers
from support.configuration import openai as one_provider
from support.replies import Act, Reply, head, raw, sized, whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"
FAILED = "Failed to get response from provider"
OK = whole(b"fine")


def attempts(count: int, delay: int = 100, backoff: str = "exponential") -> tuple[Header, ...]:
    """The three headers."""
    return (
        ("cf-aig-max-attempts", str(count)),
        ("cf-aig-retry-delay", str(delay)),
        ("cf-aig-backoff", backoff),
    )


def about(*seconds: float) -> object:
    """Waits of so many seconds, a tenth more or less, to the millisecond."""
    return pytest.approx(list(seconds), rel=0.11)


def with_retries(url: str, **fields: object) -> str:
    """A gateway with settings of its own."""
    return gateways(gw=fields, default={}) + providers({"openai": url})


async def test_two_failures_and_an_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """B6; one call, one row, the same request three times."""
    failure = whole(b"down", 503, (("x-failure", "1"),))
    upstream.will(failure, failure, whole(b"fine", headers=(("x-vendor", "2"),)))
    gateway = await open_gateway(one_provider(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, *attempts(3), ("Authorization", "Bearer sk-1"), body=b'{"a":1}')
    assert (answer.status, answer.body) == (200, b"fine")
    assert vendor_headers(answer) == [("x-vendor", "2"), ("content-length", "4")]
    assert gateway.clock.slept == about(0.1, 0.2)
    assert len({seen.head for seen in upstream.requests}) == 1
    assert [bytes(seen.body) for seen in upstream.requests] == [b'{"a":1}'] * 3
    row = await gateway.row()
    assert row.id == check_ids(answer)
    assert (row.status_code, row.success, row.outcome, row.attempts) == (200, True, "complete", 3)
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies == (b'{"a":1}', b"fine", False, False)


@pytest.mark.parametrize(
    ("backoff", "waits"),
    [
        ("constant", (0.1, 0.1, 0.1, 0.1)),
        ("linear", (0.1, 0.2, 0.3, 0.4)),
        ("exponential", (0.1, 0.2, 0.4, 0.8)),
    ],
)
async def test_growth_of_the_waits(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    backoff: str,
    waits: tuple[float, ...],
) -> None:
    upstream.otherwise = lambda seen: whole(b"", 500)
    gateway = await open_gateway(one_provider(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *attempts(5, 100, backoff), body=b"{}")
    assert answer.status == 500
    assert gateway.clock.slept == about(*waits)
    assert (await gateway.row()).attempts == 5


async def test_no_wait_is_longer_than_a_minute(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.otherwise = lambda seen: whole(b"", 500)
    gateway = await open_gateway(one_provider(upstream.url))
    await (await connect(gateway.url)).ask("POST", CHAT, *attempts(5, 40_000), body=b"{}")
    assert gateway.clock.slept[0] == pytest.approx(40, rel=0.1)
    assert gateway.clock.slept[1:] == [60.0] * 3


# -- where it is asked for


async def test_gateway_settings(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(whole(b"", 503), whole(b"", 503), OK)
    text = with_retries(upstream.url, retry_max_attempts=3, retry_delay=200, retry_backoff="linear")
    gateway = await open_gateway(text)
    answer = await (await connect(gateway.url)).ask("POST", CHAT, body=b"{}")
    assert answer.status == 200
    assert gateway.clock.slept == about(0.2, 0.4)
    assert (await gateway.row()).attempts == 3


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ((), (0.2, 0.4, 0.6)),
        ((("cf-aig-max-attempts", "2"),), (0.2,)),
        ((("cf-aig-max-attempts", "1"),), ()),
        ((("cf-aig-retry-delay", "50"),), (0.05, 0.1, 0.15)),
        ((("cf-aig-retry-delay", "0"),), (0, 0, 0)),
        ((("cf-aig-backoff", "Constant"),), (0.2, 0.2, 0.2)),
        (attempts(3, 10, "exponential"), (0.01, 0.02)),
        ((("cf-aig-max-attempts", "0"),), (0.2, 0.4, 0.6)),
        ((("cf-aig-max-attempts", "6"),), (0.2, 0.4, 0.6)),
        ((("cf-aig-max-attempts", "two"),), (0.2, 0.4, 0.6)),
        ((("cf-aig-retry-delay", "60001"),), (0.2, 0.4, 0.6)),
        ((("cf-aig-retry-delay", "-1"),), (0.2, 0.4, 0.6)),
        ((("cf-aig-backoff", "random"),), (0.2, 0.4, 0.6)),
    ],
)
async def test_headers_go_before_the_gateway(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    headers: tuple[Header, ...],
    waits: tuple[float, ...],
) -> None:
    """Each setting by itself; what is malformed was not said."""
    upstream.otherwise = lambda seen: whole(b"", 503)
    text = with_retries(upstream.url, retry_max_attempts=4, retry_delay=200, retry_backoff="linear")
    gateway = await open_gateway(text)
    await (await connect(gateway.url)).ask("POST", CHAT, *headers, body=b"{}")
    assert gateway.clock.slept == about(*waits)
    assert len(upstream.requests) == len(waits) + 1
    assert (await gateway.row()).attempts == len(waits) + 1


@pytest.mark.parametrize(
    "headers",
    [(), (("cf-aig-retry-delay", "10"), ("cf-aig-backoff", "linear")), (("cf-aig-max-attempts", "9"),)],
)
@pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
async def test_nothing_is_repeated_unasked(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    headers: tuple[Header, ...],
    method: str,
) -> None:
    upstream.will(whole(b"down", 503, (("x-vendor", "1"),)), raw(Act.RESET))
    gateway = await open_gateway(one_provider(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask(method, CHAT, *headers, body=b"{}")
    assert (answer.status, answer.body, answer.header("x-vendor")) == (503, b"down", "1")
    await upstream.drop_idle(0)
    await gateway.catch_up()  # has seen that: a new connection, so that it is not for a stale one
    check_error(await client.ask(method, CHAT, *headers, body=b"{}"), 502, 2005, FAILED)
    assert len(upstream.requests) == 2
    assert gateway.clock.slept == []
    assert [row.attempts for row in await gateway.rows(2)] == [1, 1]


# -- what counts as a failure


@pytest.mark.parametrize("status", [408, 429, 500, 501, 502, 503, 504, 505, 520, 529, 599])
async def test_worth_another_attempt(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    upstream.will(whole(b"", status), OK)
    gateway = await open_gateway(one_provider(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *attempts(2), body=b"{}")
    assert (answer.status, answer.body) == (200, b"fine")
    assert len(upstream.requests) == 2


@pytest.mark.parametrize(
    "status", [201, 204, 302, 400, 401, 402, 403, 404, 409, 410, 413, 422, 425, 451, 499]
)
async def test_final_at_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    only = raw(head(status)) if status == 204 else whole(b"as it is", status, (("retry-after", "1"),))
    upstream.will(only)
    gateway = await open_gateway(one_provider(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *attempts(5), body=b"{}")
    assert (answer.status, answer.body) == (status, b"" if status == 204 else b"as it is")
    assert len(upstream.requests) == 1
    assert gateway.clock.slept == []
    assert (await gateway.row()).attempts == 1


@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_no_money_is_no_reason_to_try_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, coding: str
) -> None:
    """Providers say it with the status of too many calls."""
    error = b'{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}'
    headers = (("content-encoding", coding),) if coding else ()
    upstream.will(whole(gzip.compress(error) if coding else error, 429, headers), OK)
    gateway = await open_gateway(one_provider(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *attempts(3), body=b"{}")
    assert answer.status == 429
    assert len(upstream.requests) == 1


async def test_the_last_failure_is_the_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"1", 500), raw(Act.RESET), whole(b'{"third":1}', 429, (("x-vendor", "3"),)))
    gateway = await open_gateway(one_provider(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *attempts(3), body=b"{}")
    assert (answer.status, answer.body, answer.header("x-vendor")) == (429, b'{"third":1}', "3")
    row = await gateway.row()
    assert (row.status_code, row.success, row.outcome, row.attempts) == (429, False, "complete", 3)
    assert row.error_code is None


async def test_the_last_of_several_breaks(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"1", 500), raw(Act.RESET))
    gateway = await open_gateway(one_provider(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *attempts(2), body=b"{}")
    check_error(answer, 502, 2005, FAILED)
    row = await gateway.row()
    assert (row.status_code, row.outcome, row.error_code, row.attempts) == (502, "provider_broke", 2005, 2)


BROKEN = {
    "reset": raw(Act.RESET),
    "closed": raw(Act.CLOSE),
    "half a head": raw(b"HTTP/1.1 200 OK\r\nContent-", Act.CLOSE),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Act.CLOSE),
    "head of a sized body": sized(10, Act.CLOSE),
    "head of a sized body, reset": sized(10, Act.RESET),
    "head of a chunked body": raw(head(200, (("transfer-encoding", "chunked"),)), Act.CLOSE),
    "half a chunk's size": raw(head(200, (("transfer-encoding", "chunked"),)), b"1", Act.CLOSE),
    "a chunk without a size": raw(head(200, (("transfer-encoding", "chunked"),)), b"zz\r\n", Act.CLOSE),
    "only interim answers": raw(head(103), Act.CLOSE),
    "a failure without its body": raw(head(503, (("content-length", "9"),)), Act.CLOSE),
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN.keys())
async def test_broken_before_the_first_byte(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, reply: Reply
) -> None:
    upstream.will(reply, reply, OK)
    gateway = await open_gateway(one_provider(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *attempts(3), body=b"{}")
    assert (answer.status, answer.body) == (200, b"fine")
    assert gateway.clock.slept == about(0.1, 0.2)
    row = await gateway.row()
    assert (row.status_code, row.outcome, row.attempts) == (200, "complete", 3)


@pytest.mark.parametrize(
    "reply",
    [whole(b""), raw(head(204)), raw(head(200, version="1.0"), Act.CLOSE), raw(head(103), *whole(b"").steps)],
)
async def test_an_empty_answer_is_an_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, reply: Reply
) -> None:
    upstream.will(reply)
    gateway = await open_gateway(one_provider(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *attempts(3), body=b"{}")
    assert answer.status in (200, 204)
    assert answer.body == b""
    assert len(upstream.requests) == 1


async def test_nobody_listens(open_gateway: OpenGateway, connect: Connect, tmp_path: Path) -> None:
    gateway = await open_gateway(one_provider("http://127.0.0.1:1"))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *attempts(3), body=b"{}")
    check_error(answer, 502, 2005, FAILED)
    assert gateway.clock.slept == about(0.1, 0.2)
    assert (await gateway.row()).attempts == 3


async def test_a_provider_that_comes_up_between_two_attempts(
    open_gateway: OpenGateway, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = tmp_path / "s"
    started: list[Upstream] = []

    async def wait_and_start(clock: FakeClock, seconds: float) -> None:
        started.append(await Upstream.start(unix=socket))

    monkeypatch.setattr(FakeClock, "sleep", wait_and_start)
    gateway = await open_gateway(one_provider(f"http+unix://{str(socket).replace('/', '%2F')}"))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *attempts(3), body=b"{}")
    assert answer.status == 200
    assert (await gateway.row()).attempts == 2
    (provider,) = started
    assert len(provider.requests) == 1
    await provider.close()


# -- methods, and a library


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_methods(open_gateway: OpenGateway, upstream: Upstream, connect: Connect, method: str) -> None:
    sent = None if method in ("GET", "HEAD", "OPTIONS") else b"body"
    closing = (("content-length", "4"), ("connection", "close"))
    upstream.will(raw(head(503, closing) + (b"" if method == "HEAD" else b"down"), Act.CLOSE), raw(Act.RESET))
    gateway = await open_gateway(one_provider(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask(method, CHAT, *attempts(3), body=sent)
    assert answer.status == 200
    assert [seen.method.decode() for seen in upstream.requests] == [method] * 3
    assert [bytes(seen.body) for seen in upstream.requests] == [sent or b""] * 3
    assert (await client.ask("GET", CHAT)).status == 200  # what follows on the connection is in step
    assert [row.attempts for row in await gateway.rows(2)] == [3, 1]


async def test_the_openai_library(open_gateway: OpenGateway, upstream: Upstream) -> None:
    """Its own retries are off: it sees one answer."""
    upstream.will(whole(b"{}", 503), whole(b"{}", 503), chat_reply())
    gateway = await open_gateway(one_provider(upstream.url))
    async with openai.AsyncOpenAI(
        api_key="sk-1",
        base_url=f"{gateway.url}/v1/acct/gw/openai",
        default_headers={"cf-aig-max-attempts": "3"},
        max_retries=0,
    ) as client:
        completion = await client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": "Hello"}]
        )
    assert completion.choices[0].message.content == "Hello there"
    assert gateway.clock.slept == about(0.5, 1.0)
    row = await gateway.row()
    assert (row.attempts, row.success, row.tokens_in, row.tokens_out) == (3, True, 9, 3)
