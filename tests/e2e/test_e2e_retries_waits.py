"""How long an attempt may take, and how long the provider may ask to wait (Cloudflare 3.4, 3.5)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from conftest import Connect, OpenGateway
from support.checks import check_error
from support.client import Header, request
from support.clock import FakeClock
from support.configuration import openai as one_provider
from support.replies import Reply, head, raw, silence, sized, whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"
FAILED = "Failed to get response from provider"
OK = whole(b"fine")


def attempts(count: int) -> tuple[Header, ...]:
    """So many, 100 ms and 200 ms apart."""
    return ("cf-aig-max-attempts", str(count)), ("cf-aig-retry-delay", "100")


def about(*seconds: float) -> object:
    """Waits of so many seconds, a tenth more or less, to the millisecond."""
    return pytest.approx(list(seconds), rel=0.11)


# -- time limits


LIMIT = ("cf-aig-request-timeout", "250")


@pytest.mark.parametrize(
    "reply",
    [silence(), sized(10, asyncio.Event()), raw(head(103), asyncio.Event())],
    ids=["head", "body", "103"],
)
async def test_each_attempt_has_its_own_time_limit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, reply: Reply
) -> None:
    upstream.will(reply, reply, OK)
    gateway = await open_gateway(one_provider(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, LIMIT, *attempts(3), body=b"{}")
    assert (answer.status, answer.body) == (200, b"fine")
    assert gateway.clock.slept == about(0.1, 0.2)
    await upstream.left(0)
    await upstream.left(1)
    assert (await gateway.row()).attempts == 3


async def test_the_last_of_several_attempts_takes_as_long_as_it_takes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(silence(), Reply((gate, *OK.steps)), silence())
    gateway = await open_gateway(one_provider(upstream.url))
    patient, impatient = await connect(gateway.url), await connect(gateway.url)
    await patient.send(request("POST", CHAT, LIMIT, *attempts(2), body=b"{}"))
    await upstream.request(2)
    # Begun later with the same limit, so when this one is over, the limit of the other has passed.
    check_error(await impatient.ask("POST", CHAT, LIMIT, body=b"{}"), 504, 2005, FAILED)
    assert upstream.is_open(1)
    gate.set()
    answer = await patient.answer()
    assert (answer.status, answer.body) == (200, b"fine")


@pytest.mark.parametrize("headers", [(), (("cf-aig-max-attempts", "1"),)])
async def test_a_lone_attempt_keeps_its_time_limit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, headers: tuple[Header, ...]
) -> None:
    upstream.will(silence())
    gateway = await open_gateway(one_provider(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, LIMIT, *headers, body=b"{}")
    check_error(answer, 504, 2005, FAILED)
    row = await gateway.row()
    assert (row.status_code, row.outcome, row.attempts) == (504, "provider_broke", 1)


# -- Retry-After


def seconds_from_now(clock: FakeClock, seconds: float, form: str = "%a, %d %b %Y %H:%M:%S GMT") -> str:
    moment = datetime.fromtimestamp(clock.now_us() // 1_000_000, UTC) + timedelta(seconds=seconds)
    return moment.strftime(form)


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ("2", [2.0]),
        ("60", [60.0]),
        ("1.5", [1.5]),
        ("0", about(0.1)),
        ("soon", about(0.1)),
        ("-5", about(0.1)),
        ("", about(0.1)),
        ("61", None),
        ("60.5", None),
        ("86400", None),
        ("9" * 30, None),
    ],
)
async def test_seconds_the_provider_asks_for(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, said: str, waits: object
) -> None:
    """More than a minute is for the caller to see, at once."""
    upstream.will(whole(b"later", 429, (("Retry-After", said),)), OK)
    gateway = await open_gateway(one_provider(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *attempts(3), body=b"{}")
    if waits is None:
        assert (answer.status, answer.body, answer.header("retry-after")) == (429, b"later", said)
        assert gateway.clock.slept == []
        assert (await gateway.row()).attempts == 1
    else:
        assert (answer.status, answer.body) == (200, b"fine")
        assert gateway.clock.slept == waits


@pytest.mark.parametrize(
    "form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"]
)
async def test_a_date_the_provider_asks_for(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, form: str
) -> None:
    gateway = await open_gateway(one_provider(upstream.url))
    upstream.will(
        whole(b"", 503, (("retry-after", seconds_from_now(gateway.clock, 30, form)),)),
        whole(b"", 503, (("retry-after", seconds_from_now(gateway.clock, -3600, form)),)),
        whole(b"later", 503, (("retry-after", seconds_from_now(gateway.clock, 3600, form)),)),
    )
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *attempts(5), body=b"{}")
    assert (answer.status, answer.body) == (503, b"later")
    first, second = gateway.clock.slept
    assert 29 <= first <= 30
    assert second == pytest.approx(0.2, rel=0.11)
    assert (await gateway.row()).attempts == 3
