"""An address that keeps failing is left alone for a while, and tried again with one call."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest

from conftest import Connect, OpenGateway
from support.checks import check_error
from support.client import Answer, Client, Header, request
from support.configuration import gateways, openai, providers
from support.inprocess import InProcess
from support.replies import Act, Reply, head, raw, silence, whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"
GROQ = "/v1/acct/gw/groq/chat/completions"
NOBODY = "http://127.0.0.1:1"
FAILED = "Failed to get response from provider"
LIMIT = ("cf-aig-request-timeout", "250")


def breaker(**fields: float) -> str:
    """The table of settings."""
    return "[breaker]\n" + "".join(f"{name} = {value}\n" for name, value in fields.items())


def address(socket: Path) -> str:
    """A provider at a socket, where somebody may listen later."""
    return f"http+unix://{quote(str(socket), safe='')}"


async def ask(client: Client, *headers: Header, path: str = CHAT) -> Answer:
    return await client.ask("POST", path, *headers, body=b"{}")


async def statuses(client: Client, count: int, path: str = CHAT) -> list[int]:
    return [(await ask(client, path=path)).status for _ in range(count)]


async def refused(client: Client, seconds: int, path: str = CHAT) -> None:
    """The next call is not even tried."""
    answer = await ask(client, path=path)
    check_error(answer, 503, 2005, FAILED)
    assert answer.header("retry-after") == str(seconds)


async def opened(gateway: InProcess, client: Client) -> None:
    """Five calls to where nobody listens."""
    assert await statuses(client, 5) == [502] * 5


async def test_five_failures_to_connect(open_gateway: OpenGateway, connect: Connect, tmp_path: Path) -> None:
    gateway = await open_gateway(openai(address(tmp_path / "s")))
    client = await connect(gateway.url)
    await opened(gateway, client)
    provider = await Upstream.start(unix=tmp_path / "s")
    await refused(client, 5)
    gateway.clock.ahead += 3.5
    await refused(client, 2)
    assert provider.connections == 0
    await provider.close()
    rows = await gateway.rows(7)
    assert [(row.status_code, row.error_code, row.outcome) for row in rows[-2:]] == [
        (503, 2005, "provider_broke")
    ] * 2
    assert [row.attempts for row in rows] == [1] * 5 + [0] * 2


async def test_recovery(open_gateway: OpenGateway, connect: Connect, tmp_path: Path) -> None:
    gateway = await open_gateway(openai(address(tmp_path / "s")))
    client = await connect(gateway.url)
    await opened(gateway, client)
    provider = await Upstream.start(unix=tmp_path / "s")
    gateway.clock.ahead += 5
    assert await statuses(client, 30) == [200] * 30
    assert len(provider.requests) == 30
    await provider.close()


async def test_each_failed_probe_doubles_the_pause(open_gateway: OpenGateway, connect: Connect) -> None:
    gateway = await open_gateway(openai(NOBODY, breaker(open=7)))
    client = await connect(gateway.url)
    await opened(gateway, client)
    pause = 7
    for longer in (14, 28, 56, 60, 60):
        await refused(client, pause)
        gateway.clock.ahead += pause
        assert await statuses(client, 1) == [502]  # the probe
        pause = longer
    await refused(client, 60)


async def test_one_probe_at_a_time(open_gateway: OpenGateway, connect: Connect, tmp_path: Path) -> None:
    gateway = await open_gateway(openai(address(tmp_path / "s")))
    client, other = await connect(gateway.url), await connect(gateway.url)
    await opened(gateway, client)
    provider = await Upstream.start(unix=tmp_path / "s")
    gate = asyncio.Event()
    provider.will(Reply((gate, *whole(b"back").steps)))
    gateway.clock.ahead += 5
    await client.send(request("POST", CHAT, body=b"{}"))
    await provider.request()
    for _ in range(3):
        await refused(other, 5)
    assert len(provider.requests) == 1
    gate.set()
    assert (await client.answer()).body == b"back"
    assert await statuses(other, 3) == [200] * 3
    await provider.close()


@pytest.mark.parametrize("how", ["reset", "close"])
async def test_a_client_that_leaves_its_probe(
    open_gateway: OpenGateway, connect: Connect, tmp_path: Path, how: str
) -> None:
    """Time and again: the next call is the probe."""
    gateway = await open_gateway(openai(address(tmp_path / "s")))
    client = await connect(gateway.url)
    await opened(gateway, client)
    provider = await Upstream.start(unix=tmp_path / "s")
    gateway.clock.ahead += 5
    for number in range(1, 4):
        provider.will(silence())
        leaving = await connect(gateway.url)
        await leaving.send(request("POST", CHAT, body=b"{}"))
        await provider.request(number)
        if how == "reset":
            leaving.leave()
        else:
            await leaving.close()
        await gateway.settled()
    assert await statuses(client, 2) == [200, 200]
    await provider.close()


async def test_a_probe_that_is_never_answered_does_not_lock_it(
    open_gateway: OpenGateway, connect: Connect, tmp_path: Path
) -> None:
    gateway = await open_gateway(openai(address(tmp_path / "s")))
    client, other = await connect(gateway.url), await connect(gateway.url)
    await opened(gateway, client)
    provider = await Upstream.start(unix=tmp_path / "s")
    provider.will(silence())
    gateway.clock.ahead += 5
    await client.send(request("POST", CHAT, body=b"{}"))
    await provider.request()
    gateway.clock.ahead += 29
    await refused(other, 1)
    gateway.clock.ahead += 1
    assert await statuses(other, 2) == [200, 200]
    await provider.close()


async def test_failures_to_connect_are_counted_in_a_row(
    open_gateway: OpenGateway, connect: Connect, tmp_path: Path
) -> None:
    socket = tmp_path / "s"
    gateway = await open_gateway(openai(address(socket)))
    client = await connect(gateway.url)
    assert await statuses(client, 4) == [502] * 4
    provider = await Upstream.start(unix=socket)
    provider.will(raw(head(200, (("content-length", "2"), ("connection", "close"))) + b"ok", Act.CLOSE))
    assert await statuses(client, 1) == [200]
    await provider.close()
    socket.unlink(missing_ok=True)
    assert await statuses(client, 5) == [502] * 5
    await refused(client, 5)


async def test_settings_of_the_row(open_gateway: OpenGateway, connect: Connect) -> None:
    gateway = await open_gateway(openai(NOBODY, breaker(connect_failures=2, open=90)))
    client = await connect(gateway.url)
    assert await statuses(client, 2) == [502] * 2
    await refused(client, 90)


# -- the share of failures


SHARE = breaker(min_calls=4, error_share=0.5, window=10)


@pytest.mark.parametrize(
    "failure",
    [whole(b"", 500), whole(b"", 503), whole(b"", 599), raw(Act.RESET), raw(b"nonsense\r\n\r\n", Act.CLOSE)],
    ids=["500", "503", "599", "reset", "nonsense"],
)
async def test_half_of_the_calls_fail(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, failure: Reply
) -> None:
    gateway = await open_gateway(openai(upstream.url, SHARE))
    client = await connect(gateway.url)
    for reply in (failure, whole(b""), whole(b""), failure):
        upstream.will(reply)
        await ask(client)
        await gateway.catch_up()
    await refused(client, 5)
    assert len(upstream.requests) == 4
    gateway.clock.ahead += 5
    assert await statuses(client, 3) == [200] * 3


async def test_less_than_half_fail(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await open_gateway(openai(upstream.url, breaker(min_calls=10)))
    client = await connect(gateway.url)
    upstream.will(*[whole(b""), whole(b""), whole(b"", 500)] * 5)
    assert await statuses(client, 15) == [200, 200, 500] * 5


async def test_too_few_calls_to_tell(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await open_gateway(openai(upstream.url, SHARE))
    client = await connect(gateway.url)
    for _ in range(4):
        upstream.will(*[whole(b"", 500)] * 3)
        assert await statuses(client, 3) == [500] * 3
        gateway.clock.ahead += 11  # what was before is forgotten


@pytest.mark.parametrize("status", [400, 401, 404, 408, 409, 422, 429])
async def test_the_callers_own_mistakes_do_not_count(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    upstream.otherwise = lambda seen: whole(b"", status)
    gateway = await open_gateway(openai(upstream.url, SHARE))
    assert await statuses(await connect(gateway.url), 12) == [status] * 12


async def test_the_callers_own_impatience_does_not_count(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """One client with a time limit of its own must not take the provider from all others."""
    upstream.will(*[silence()] * 5)
    gateway = await open_gateway(openai(upstream.url, SHARE))
    client = await connect(gateway.url)
    assert [(await ask(client, LIMIT)).status for _ in range(5)] == [504] * 5
    assert await statuses(client, 2) == [200, 200]


async def test_silence_until_the_servers_own_deadline_counts(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(silence(), silence())
    gateway = await open_gateway(openai(upstream.url, breaker(min_calls=2, window=3600)))
    client = await connect(gateway.url)
    for number in (1, 2):
        await client.send(request("POST", CHAT, body=b"{}"))
        await upstream.request(number)
        gateway.advance(0)
        gateway.advance(901)
        check_error(await client.answer(), 504, 2005, FAILED)
    await refused(client, 5)


async def test_clients_that_leave_do_not_count(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(*[silence()] * 6)
    gateway = await open_gateway(openai(upstream.url, SHARE))
    for number in range(1, 7):
        leaving = await connect(gateway.url)
        await leaving.send(request("POST", CHAT, body=b"{}"))
        await upstream.request(number)
        leaving.leave()
        await gateway.settled()
    assert await statuses(await connect(gateway.url), 2) == [200, 200]


async def test_connections_of_ours_that_are_all_in_use_do_not_count(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((gate, *whole(b"").steps)))
    text = openai(upstream.url, "[server.limits]\nmax_connections = 1\n" + SHARE)
    gateway = await open_gateway(text)
    busy, client = await connect(gateway.url), await connect(gateway.url)
    await busy.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    assert await statuses(client, 8) == [502] * 8
    gate.set()
    assert (await busy.answer()).status == 200
    assert await statuses(client, 2) == [200, 200]


# -- who is concerned


async def test_other_addresses_go_on(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    text = gateways(gw={}, other={}) + providers({"openai": NOBODY, "mistral": NOBODY, "groq": upstream.url})
    gateway = await open_gateway(text)
    client = await connect(gateway.url)
    await opened(gateway, client)
    assert await statuses(client, 6, GROQ) == [200] * 6
    await refused(client, 5)
    await refused(client, 5, "/v1/acct/gw/mistral/v1/models")  # another provider, the same address
    await refused(client, 5, "/v1/acct/other/openai/models")  # another gateway, the same address


@pytest.mark.parametrize("status", [500, 503])
async def test_other_addresses_with_shares(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    second = await Upstream.start()
    second.otherwise = lambda seen: whole(b"", status)
    text = gateways() + providers({"openai": second.url, "groq": upstream.url}) + SHARE
    gateway = await open_gateway(text)
    client = await connect(gateway.url)
    assert await statuses(client, 4) == [status] * 4
    await refused(client, 5)
    assert await statuses(client, 4, GROQ) == [200] * 4
    await second.close()


# -- off


async def test_off(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.otherwise = lambda seen: whole(b"", 500)
    text = gateways() + providers({"openai": NOBODY, "groq": upstream.url})
    gateway = await open_gateway(text + breaker(connect_failures=0, error_share=0, min_calls=1))
    client = await connect(gateway.url)
    assert await statuses(client, 30) == [502] * 30
    assert await statuses(client, 30, GROQ) == [500] * 30


async def test_only_the_count_of_connections_is_off(open_gateway: OpenGateway, connect: Connect) -> None:
    gateway = await open_gateway(openai(NOBODY, breaker(connect_failures=0)))
    client = await connect(gateway.url)
    assert await statuses(client, 20) == [502] * 20
    await refused(client, 5)
