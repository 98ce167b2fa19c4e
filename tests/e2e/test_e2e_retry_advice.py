"""What a provider says of trying again: when, in milliseconds too, and whether at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from support.access import ACCOUNT, Access, bearer
from support.client import Header
from support.configuration import gateways, openai, providers
from support.replies import whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"
TWICE: tuple[Header, ...] = (("cf-aig-max-attempts", "2"), ("cf-aig-retry-delay", "1"))


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


async def asked(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream, status: int, *headers: Header
) -> tuple[int, list[float]]:
    """What comes of a first answer and a sound second one, and the waits."""
    upstream.will(whole(b"{}", status, headers), whole(b"fine"))
    gateway = await open_gateway(openai(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *TWICE, body=b"{}")
    return answer.status, gateway.clock.slept


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((("retry-after-ms", "1200"),), 1.2),
        ((("Retry-After-Ms", " 1200.5 "),), 1.201),
        ((("x-ms-retry-after-ms", "1200"),), 1.2),
        ((("x-acme-retry-after-ms", "1200"),), 1.2),
        ((("retry-after", "2"), ("retry-after-ms", "1200")), 1.2),
        ((("x-ms-retry-after-ms", "1200"), ("retry-after", "2")), 1.2),
        ((("retry-after-ms", "300"), ("x-ms-retry-after-ms", "1200")), 1.2),
        ((("retry-after-ms", "soon"), ("retry-after", "2")), 2.0),
        ((("retry-after-ms", "-5"), ("retry-after", "2")), 2.0),
        ((("retry-after-ms", "60000"),), 60.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_when(
    open_gateway: OpenGateway,
    connect: Connect,
    upstream: Upstream,
    status: int,
    headers: tuple[Header, ...],
    seconds: float,
) -> None:
    assert await asked(open_gateway, connect, upstream, status, *headers) == (200, [seconds])


@pytest.mark.parametrize("headers", [("retry-after-ms", "60001"), ("x-ms-retry-after-ms", "9" * 30)])
async def test_later_than_anybody_waits(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream, headers: Header
) -> None:
    assert await asked(open_gateway, connect, upstream, 429, headers) == (429, [])


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_not_at_all(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream, status: int
) -> None:
    header = ("X-Should-Retry", "False")
    assert await asked(open_gateway, connect, upstream, status, header) == (status, [])
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("status", [400, 404, 409])
async def test_in_spite_of_the_status(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream, status: int
) -> None:
    headers = (("x-should-retry", "true"), ("retry-after-ms", "1200"))
    assert await asked(open_gateway, connect, upstream, status, *headers) == (200, [1.2])


@pytest.mark.parametrize("word", ["", "maybe", "0"])
async def test_a_word_that_nobody_knows(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream, word: str
) -> None:
    status, slept = await asked(open_gateway, connect, upstream, 429, ("x-should-retry", word))
    assert (status, len(slept)) == (200, 1)


async def test_a_good_answer_is_not_asked_for_again(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream
) -> None:
    assert await asked(open_gateway, connect, upstream, 200, ("x-should-retry", "true")) == (200, [])
    assert len(upstream.requests) == 1


async def test_a_step_that_is_not_to_be_tried_again_gives_way_to_the_next(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream
) -> None:
    upstream.will(whole(b"{}", 503, (("x-should-retry", "false"),)), whole(b"fine"))
    gateway = await open_gateway(openai(upstream.url))
    step = b'{"provider":"openai","endpoint":"chat/completions","headers":{},"query":{}}'
    answer = await (await connect(gateway.url)).ask(
        "POST", "/v1/acct/gw", *TWICE, body=b"[%b,%b]" % (step, step)
    )
    assert (answer.status, answer.header("cf-aig-step"), gateway.clock.slept) == (200, "1", [])


@pytest.mark.parametrize(
    ("headers", "rests"),
    [
        ((("retry-after-ms", "2500"),), 2.5),
        ((("x-ms-retry-after-ms", "2500"), ("retry-after", "9")), 2.5),
        ((("x-should-retry", "false"),), 60.0),
        ((("x-should-retry", "false"), ("retry-after-ms", "2500")), 2.5),
    ],
)
async def test_how_long_a_stored_key_rests(
    open_gateway: OpenGateway,
    connect: Connect,
    upstream: Upstream,
    access: Access,
    headers: tuple[Header, ...],
    rests: float,
) -> None:
    """The call goes out with the other key at once."""
    for key in ("first-key", "second-key"):
        access.key("openai", key)
    token = access.token()
    upstream.otherwise = lambda seen: (
        whole(b"{}", 429, headers) if b"first-key" in seen.head else whole(b"{}")
    )
    gateway = await open_gateway(gateways(gw={"authentication": True}) + providers({"openai": upstream.url}))
    client = await connect(gateway.url)
    path = f"/v1/{ACCOUNT}/gw/openai/chat/completions"

    async def used() -> list[bool]:
        """Which calls went out with the first key, of the next two."""
        before = len(upstream.requests)
        for _ in range(2):
            answer = await client.ask("POST", path, bearer(token), body=b"{}")
            assert answer.status == 200, answer.body
        return [b"first-key" in seen.head for seen in upstream.requests[before:]]

    assert any(await used())
    gateway.clock.ahead += rests - 0.1
    assert not any(await used())
    gateway.clock.ahead += 0.2
    assert any(await used())
