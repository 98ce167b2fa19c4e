"""What keeps failing at an address is left alone by itself: a model, a deployment, a key. All else there goes on."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from support.access import ACCOUNT, Access, bearer
from support.checks import check_error
from support.client import Answer, Client, Header, request
from support.configuration import gateways, openai, providers
from support.replies import Act, Reply, raw, whole
from support.upstream import Seen, Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"
FAILED = "Failed to get response from provider"
SHARE = "[breaker]\nmin_calls = 4\nopen = 5\n"
JSON = ("content-type", "application/json")


async def ask(client: Client, model: str, *headers: Header, path: str = CHAT) -> Answer:
    return await client.ask("POST", path, JSON, *headers, body=json.dumps({"model": model}).encode())


class Provider:
    """Fails for what holds a word, which is looked for in the head, and in the body once that is whole."""

    def __init__(self, upstream: Upstream, word: bytes, status: int = 500) -> None:
        self.upstream = upstream

        def answer(seen: Seen) -> Reply:
            def decide(body: bytes) -> bytes:
                fails = word in seen.head or word in body
                line = b"HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\n{}" % (status if fails else 200)
                return line if status else b"" if fails else line

            return Reply((Act.BODY, decide))

        upstream.otherwise = answer


async def alternating(
    client: Client, bad: Header | str, good: Header | str, **more: str
) -> tuple[list[int], list[int]]:
    """Two failing calls to one sound one, and what each got."""
    lists: tuple[list[int], list[int]] = [], []
    for _ in range(6):
        for which, one in enumerate((bad, bad, good)):
            model, headers = (one, ()) if isinstance(one, str) else ("m", (one,))
            answer = await ask(client, model, *headers, **more)
            lists[which == 2].append(answer.status)
    return lists


async def test_a_model(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    Provider(upstream, b'"bad"')
    gateway = await open_gateway(openai(upstream.url, SHARE))
    client = await connect(gateway.url)
    bad, good = await alternating(client, "bad", "gpt-4o-mini")
    assert good == [200] * 6
    assert bad == [500] * 4 + [503] * 8
    answer = await ask(client, "bad")
    check_error(answer, 503, 2005, FAILED)
    assert answer.header("retry-after") == "5"
    gateway.clock.ahead += 5
    assert [(await ask(client, "bad")).status for _ in range(2)] == [500, 503]
    Provider(upstream, b"nothing")
    gateway.clock.ahead += 10
    assert [(await ask(client, "bad")).status for _ in range(9)] == [200] * 9


async def test_the_numbers_as_they_are_shipped(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    Provider(upstream, b'"bad"')
    client = await connect((await open_gateway(openai(upstream.url))).url)
    bad, good = [], []
    for _ in range(20):
        bad += [(await ask(client, "bad")).status for _ in range(2)]
        good.append((await ask(client, "gpt-4o-mini")).status)
    assert good == [200] * 20
    assert bad == [500] * 20 + [503] * 20


@pytest.mark.parametrize("how", ["late", "chunked"])
async def test_a_model_in_a_body_that_comes_after_its_head(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, how: str
) -> None:
    """It goes out as it comes at first; once something fails there it is looked at before."""
    Provider(upstream, b'"bad"')
    gateway = await open_gateway(openai(upstream.url, SHARE))
    client = await connect(gateway.url)

    async def late(model: str) -> int:
        body = json.dumps({"model": model}).encode()
        framing = ("transfer-encoding", "chunked") if how == "chunked" else ("content-length", str(len(body)))
        await client.send(request("POST", CHAT, JSON, framing))
        await gateway.catch_up()
        if how == "chunked":
            await client.send_chunk(body)
            await client.send(b"0\r\n\r\n")
        else:
            await client.send(body)
        return (await client.answer()).status

    bad, good = [], []
    for _ in range(6):
        bad += [await late("bad"), await late("bad")]
        good.append(await late("good"))
    assert good == [200] * 6
    assert bad == [500] * 5 + [503] * 7


async def test_a_key(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    Provider(upstream, b"Bearer bad")
    client = await connect((await open_gateway(openai(upstream.url, SHARE))).url)
    bad, good = await alternating(client, ("authorization", "Bearer bad"), ("authorization", "Bearer good"))
    assert (bad, good) == ([500] * 4 + [503] * 8, [200] * 6)


async def test_a_deployment_whose_bodies_name_the_same_model(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    Provider(upstream, b"/bad/")
    gateway = await open_gateway(gateways() + providers({"azure-openai": upstream.url}) + SHARE)
    client = await connect(gateway.url)
    bad, good = [], []
    path = "/v1/acct/gw/azure-openai/res/{}/chat/completions?api-version=1"
    for _ in range(6):
        bad += [(await ask(client, "gpt-4o", path=path.format("bad"))).status for _ in range(2)]
        good.append((await ask(client, "gpt-4o", path=path.format("good"))).status)
    assert (bad, good) == ([500] * 4 + [503] * 8, [200] * 6)


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("google-ai-studio", "v1beta/models/{}:generateContent"),
        ("aws-bedrock", "bedrock-runtime/us-east-1/model/{}/invoke"),
        ("workers-ai", "@cf/meta/{}"),
        ("replicate", "v1/models/owner/{}/predictions"),
    ],
)
async def test_a_model_in_a_path(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, provider: str, path: str
) -> None:
    Provider(upstream, b"bad")
    gateway = await open_gateway(gateways() + providers({provider: upstream.url}) + SHARE)
    client = await connect(gateway.url)
    bad: list[int] = []
    good: list[int] = []
    for _ in range(6):
        for model, found in (("bad", bad), ("bad", bad), ("good", good)):
            answer = await client.ask(
                "POST",
                f"/v1/acct/gw/{provider}/{path.format(model)}",
                JSON,
                ("authorization", "Bearer k"),
                body=b"{}",
            )
            found.append(answer.status)
    assert (bad, good) == ([500] * 4 + [503] * 8, [200] * 6)


async def test_a_model_of_the_unified_endpoint(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """It is the same one as on the provider's own path."""
    Provider(upstream, b'"bad"')
    client = await connect((await open_gateway(openai(upstream.url, SHARE))).url)
    compat = "/v1/acct/gw/compat/chat/completions"
    bad, good = await alternating(client, "openai/bad", "openai/good", path=compat)
    assert (bad, good) == ([500] * 4 + [503] * 8, [200] * 6)
    assert [(await ask(client, model)).status for model in ("bad", "good")] == [503, 200]


async def test_another_tenant_and_the_same_model(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """What one account sends may be what makes it fail."""
    Provider(upstream, b"make-it-fail")
    text = gateways(gw={}) + gateways("other", gw={}) + providers({"openai": upstream.url}) + SHARE
    client = await connect((await open_gateway(text)).url)
    bad = [(await ask(client, "m", ("x-y", "make-it-fail"))).status for _ in range(6)]
    assert bad == [500] * 4 + [503] * 2
    other = CHAT.replace("acct", "other")
    assert [(await ask(client, "m", path=other)).status for _ in range(6)] == [200] * 6


async def test_a_model_that_breaks_connections(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The address took the request: it is about what was asked, too."""
    client = await connect((await open_gateway(openai(upstream.url, SHARE))).url)
    for _ in range(4):
        upstream.will(raw(Act.RESET))
        assert (await ask(client, "bad")).status == 502
        assert (await ask(client, "good")).status == 200
    assert [(await ask(client, "bad")).status for _ in range(2)] == [503] * 2
    assert (await ask(client, "good")).status == 200


async def test_successes_that_were_under_way_count(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """A few of many calls at once fail, and fail first: that is no half of them."""
    gate = asyncio.Event()
    gateway = await open_gateway(openai(upstream.url, "[breaker]\nmin_calls = 8\n"))
    clients = [await connect(gateway.url) for _ in range(16)]
    upstream.will(*[Reply((gate, *whole(b"{}").steps))] * 12, *[whole(b"{}", 500)] * 7)
    for number, client in enumerate(clients[:12], 1):
        await client.send(request("POST", CHAT, JSON, body=b'{"model":"m"}'))
        await upstream.request(number)
    for client in clients[12:]:
        assert (await ask(client, "m")).status == 500
    gate.set()
    assert [(await client.answer()).status for client in clients[:12]] == [200] * 12
    assert [(await ask(clients[0], "m")).status for _ in range(5)] == [500] * 3 + [200] * 2


async def test_steps_pass_over_what_is_left_alone(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    Provider(upstream, b'"bad"')
    gateway = await open_gateway(openai(upstream.url, SHARE))
    client = await connect(gateway.url)
    steps = [
        {"provider": "openai", "endpoint": "chat/completions", "headers": {}, "query": {"model": model}}
        for model in ("bad", "good")
    ]
    for _ in range(6):
        answer = await client.ask("POST", "/v1/acct/gw", JSON, body=json.dumps(steps).encode())
        assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert len(upstream.requests) == 4 + 6


@pytest.mark.parametrize("invent", ["model", "key"])
async def test_who_invents_things_that_fail_closes_nothing_for_others(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, invent: str
) -> None:
    Provider(upstream, b"bad")
    text = gateways(gw={}) + gateways("other", gw={}) + providers({"openai": upstream.url}) + SHARE
    gateway = await open_gateway(text)
    client = await connect(gateway.url)
    for number in range(200):
        name = f"bad-{number}"
        one = (name, ()) if invent == "model" else ("m", (("authorization", f"Bearer {name}"),))
        assert (await ask(client, one[0], *one[1])).status == 500
    assert (await ask(client, "good")).status == 200
    assert (await ask(client, "good", path=CHAT.replace("acct", "other"))).status == 200


async def test_a_stored_key_at_which_everything_fails_gives_way_to_another(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    access = Access(tmp_path / "gateway-0" / "data")
    for key in ("bad-key", "good-key"):
        access.key("openai", key)
    token = access.token()
    Provider(upstream, b"bad-key")
    text = gateways(gw={"authentication": True}) + providers({"openai": upstream.url}) + SHARE
    client = await connect((await open_gateway(text)).url)
    path = f"/v1/{ACCOUNT}/gw/openai/chat/completions"
    got = [(await ask(client, "m", bearer(token), path=path)).status for _ in range(20)]
    assert got.count(500) == 4
    assert got[8:] == [200] * 12
