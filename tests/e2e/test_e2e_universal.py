"""Universal requests: steps in order, the first success, and one row for each (Cloudflare 1.7, G12, A14, B19)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from conftest import Connect, OpenGateway
from support.checks import UUID7, check_error, vendor_headers
from support.client import Answer, Client, Header
from support.configuration import gateways, openai, providers
from support.inprocess import InProcess
from support.replies import Act, Reply, head, raw, sized, whole
from support.upstream import Upstream

UNIVERSAL = "/v1/acct/gw"
FAILED = "Failed to get response from provider"
SLUGS = ("openai", "groq", "anthropic", "custom-own")
Step = dict[str, object]
Providers = dict[str, Upstream]


@pytest.fixture
async def four() -> AsyncIterator[Providers]:
    """A provider of its own for each slug."""
    found = {slug: await Upstream.start() for slug in SLUGS}
    yield found
    for server in found.values():
        await server.close()


def configuration(four: Providers, **fields: object) -> str:
    urls = {slug: server.url for slug, server in four.items()}
    return gateways(gw=fields, default={}) + providers(urls)


def step(provider: str, endpoint: str = "chat/completions", query: object = None, **fields: object) -> Step:
    return {"provider": provider, "endpoint": endpoint, "query": query or {"model": provider}, **fields}


async def ask(client: Client, steps: object, *headers: Header) -> Answer:
    return await client.ask("POST", UNIVERSAL, *headers, body=json.dumps(steps).encode())


async def rows(gateway: InProcess, count: int) -> list[tuple[str, int, int]]:
    """Provider, status and step of all rows."""
    return [(row.provider, row.status_code, row.step) for row in await gateway.rows(count)]


# -- order


async def test_first_success_verbatim(open_gateway: OpenGateway, four: Providers, connect: Connect) -> None:
    four["openai"].will(whole(b'{"a": 1}', 201, (("Content-Type", "application/json"), ("X-Vendor", "1"))))
    gateway = await open_gateway(configuration(four))
    answer = await ask(await connect(gateway.url), [step("openai"), step("groq")])
    assert (answer.status, answer.body, answer.header("cf-aig-step")) == (201, b'{"a": 1}', "0")
    assert [pair for pair in vendor_headers(answer) if pair[0] != "cf-aig-step"] == [
        ("Content-Type", "application/json"),
        ("X-Vendor", "1"),
        ("content-length", "8"),
    ]
    assert four["groq"].connections == 0
    assert await rows(gateway, 1) == [("openai", 201, 0)]


async def test_second_after_the_first_has_failed(
    open_gateway: OpenGateway, four: Providers, connect: Connect
) -> None:
    """A14, and what the rows of both say."""
    four["openai"].will(
        whole(b'{"error":"down"}', 500, (("content-type", "application/json"), ("x-one", "1")))
    )
    four["groq"].will(whole(b"fine", headers=(("content-type", "text/plain"),)))
    gateway = await open_gateway(configuration(four))
    steps = [step("openai", query={"model": "a"}), step("groq", "models?x=1", {"model": "b"})]
    answer = await ask(await connect(gateway.url), steps, ("cf-aig-event-id", "abc"), ("User-Agent", "me/1"))
    assert (answer.status, answer.body, answer.header("cf-aig-step")) == (200, b"fine", "1")
    assert answer.header("x-one") is None
    assert answer.header("cf-aig-event-id") == "abc"
    first, second = await gateway.rows(2)
    assert (first.provider, first.path, first.status_code, first.step) == (
        "openai",
        "chat/completions",
        500,
        0,
    )
    assert (second.provider, second.path, second.status_code, second.step) == ("groq", "models?x=1", 200, 1)
    assert [row.success for row in (first, second)] == [False, True]
    assert [row.event_id for row in (first, second)] == ["abc", "abc"]
    assert [row.attempts for row in (first, second)] == [1, 1]
    assert [row.user_agent for row in (first, second)] == ["me/1"] * 2
    assert [row.response_content_type for row in (first, second)] == ["application/json", "text/plain"]
    assert [row.method for row in (first, second)] == ["POST"] * 2
    assert second.id == answer.header("cf-aig-log-id") == answer.header("cf-aig-request-id")
    assert first.id != second.id
    assert UUID7.fullmatch(first.id)
    assert UUID7.fullmatch(second.id)


async def test_steps_share_an_event(open_gateway: OpenGateway, four: Providers, connect: Connect) -> None:
    """Also when the caller has named none."""
    for slug in ("openai", "groq"):
        four[slug].will(whole(b"", 500))
    gateway = await open_gateway(configuration(four))
    client = await connect(gateway.url)
    first = await ask(client, [step("openai"), step("groq"), step("anthropic")])
    second = await ask(client, [step("openai")])
    found = await gateway.rows(4)
    assert len({row.id for row in found}) == 4
    assert {row.event_id for row in found[:3]} == {first.header("cf-aig-event-id")}
    assert found[2].id == first.header("cf-aig-log-id")
    assert found[3].event_id == second.header("cf-aig-event-id") != found[0].event_id


@pytest.mark.parametrize("lone", [False, True], ids=["array", "object"])
async def test_a_lone_step_has_one_identifier(
    open_gateway: OpenGateway, four: Providers, connect: Connect, lone: bool
) -> None:
    """Of a request with one step all three are the same (Cloudflare 2.5)."""
    gateway = await open_gateway(configuration(four))
    answer = await ask(await connect(gateway.url), step("openai") if lone else [step("openai")])
    assert (answer.status, answer.header("cf-aig-step")) == (200, "0")
    names = ("cf-aig-log-id", "cf-aig-request-id", "cf-aig-event-id")
    assert len({answer.header(name) for name in names}) == 1
    row = await gateway.row()
    assert row.id == row.event_id == answer.header("cf-aig-log-id")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529])
async def test_any_error_is_a_failed_step(
    open_gateway: OpenGateway, four: Providers, connect: Connect, status: int
) -> None:
    four["openai"].will(whole(b"no", status))
    gateway = await open_gateway(configuration(four))
    answer = await ask(await connect(gateway.url), [step("openai"), step("groq")])
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert await rows(gateway, 2) == [("openai", status, 0), ("groq", 200, 1)]


@pytest.mark.parametrize("status", [200, 202, 204, 302, 304])
async def test_anything_else_is_a_success(
    open_gateway: OpenGateway, four: Providers, connect: Connect, status: int
) -> None:
    bodiless = status in (204, 304)
    four["openai"].will(raw(head(status)) if bodiless else whole(b"body", status))
    gateway = await open_gateway(configuration(four))
    answer = await ask(await connect(gateway.url), [step("openai"), step("groq")])
    assert (answer.status, answer.body, answer.header("cf-aig-step")) == (
        status,
        b"" if bodiless else b"body",
        "0",
    )


BROKEN = {
    "reset": raw(Act.RESET),
    "closed": raw(Act.CLOSE),
    "no HTTP": raw(b"SSH-2.0\r\n\r\n", Act.CLOSE),
    "head without its body": sized(10, Act.CLOSE),
    "stream without its first byte": raw(head(200, (("transfer-encoding", "chunked"),)), Act.RESET),
    "an unknown encoding": raw(head(200, (("transfer-encoding", "gzip, chunked"),)), b"0\r\n\r\n"),
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN.keys())
async def test_broken_before_the_first_byte(
    open_gateway: OpenGateway, four: Providers, connect: Connect, reply: Reply
) -> None:
    four["openai"].will(reply)
    gateway = await open_gateway(configuration(four))
    answer = await ask(await connect(gateway.url), [step("openai"), step("groq")])
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    first, second = await gateway.rows(2)
    assert (first.status_code, first.outcome, first.error_code) == (502, "provider_broke", 2005)
    assert (second.status_code, second.outcome, second.error_code) == (200, "complete", None)


async def test_nobody_listens(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    text = gateways() + providers({"openai": "http://127.0.0.1:1", "groq": upstream.url})
    gateway = await open_gateway(text)
    answer = await ask(await connect(gateway.url), [step("openai"), step("groq")])
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert await rows(gateway, 2) == [("openai", 502, 0), ("groq", 200, 1)]


# -- all of them fail


async def test_last_error_with_the_last_index(
    open_gateway: OpenGateway, four: Providers, connect: Connect
) -> None:
    four["openai"].will(whole(b"one", 500))
    four["groq"].will(whole(b"two", 429))
    four["anthropic"].will(whole(b'{"three":3}', 418, (("x-three", "3"),)))
    gateway = await open_gateway(configuration(four))
    client = await connect(gateway.url)
    answer = await ask(client, [step("openai"), step("groq"), step("anthropic", "v1/messages")])
    assert (answer.status, answer.body, answer.header("x-three")) == (418, b'{"three":3}', "3")
    assert answer.header("cf-aig-step") == "2"
    assert await rows(gateway, 3) == [("openai", 500, 0), ("groq", 429, 1), ("anthropic", 418, 2)]
    assert (await client.ask("GET", "/v1/acct/gw/openai/models")).status == 200


async def test_the_last_one_breaks(open_gateway: OpenGateway, four: Providers, connect: Connect) -> None:
    four["openai"].will(whole(b"one", 500))
    four["groq"].will(raw(Act.RESET))
    gateway = await open_gateway(configuration(four))
    answer = await ask(await connect(gateway.url), [step("openai"), step("groq")])
    check_error(answer, 502, 2005, FAILED)
    assert answer.header("cf-aig-step") == "1"
    assert answer.header("cf-aig-log-id") == (await gateway.rows(2))[1].id


# -- providers


async def test_provider_that_nobody_knows_in_the_middle(
    open_gateway: OpenGateway, four: Providers, connect: Connect
) -> None:
    four["openai"].will(whole(b"", 500))
    gateway = await open_gateway(configuration(four))
    answer = await ask(await connect(gateway.url), [step("openai"), step("nosuch"), step("groq")])
    assert (answer.status, answer.header("cf-aig-step")) == (200, "2")
    _, second, third = await gateway.rows(3)
    assert (second.status_code, second.error_code, second.outcome, second.step) == (400, 2008, "refused", 1)
    assert (second.attempts, second.path) == (0, "chat/completions")
    assert third.event_id == second.event_id


async def test_provider_that_nobody_knows_at_the_end(
    open_gateway: OpenGateway, four: Providers, connect: Connect
) -> None:
    four["openai"].will(whole(b"", 500))
    gateway = await open_gateway(configuration(four))
    answer = await ask(await connect(gateway.url), [step("openai"), step("custom-nosuch")])
    check_error(answer, 400, 2008, "Invalid provider")
    assert answer.header("cf-aig-step") == "1"


async def test_custom_provider(open_gateway: OpenGateway, four: Providers, connect: Connect) -> None:
    gateway = await open_gateway(configuration(four))
    answer = await ask(await connect(gateway.url), [step("custom-own", "any/where?x=%20y")])
    assert answer.status == 200
    assert (await four["custom-own"].only()).target == b"/any/where?x=%20y"
    assert await rows(gateway, 1) == [("custom-own", 200, 0)]


async def test_unified_steps(open_gateway: OpenGateway, four: Providers, connect: Connect) -> None:
    """The provider of each stands in its query."""
    four["openai"].will(whole(b"", 500))
    gateway = await open_gateway(configuration(four))
    steps = [
        step("compat", query={"model": "openai/gpt-5", "n": 1}),
        step("compat", query={"model": "no-prefix"}),
        step("compat", query={"model": "nosuch/x"}),
        step("compat", "models"),
        step("compat", query={"model": "groq/llama", "n": 1}),
    ]
    answer = await ask(await connect(gateway.url), steps)
    assert (answer.status, answer.header("cf-aig-step")) == (200, "4")
    assert json.loads((await four["openai"].only()).body) == {"model": "gpt-5", "n": 1}
    seen = await four["groq"].only()
    assert json.loads(seen.body) == {"model": "llama", "n": 1}
    assert seen.target == b"/openai/v1/chat/completions"
    found = await gateway.rows(5)
    assert [row.error_code for row in found] == [None, 2019, 2008, found[3].error_code, None]
    assert [row.compatibilityMode for row in found] == [True] * 5
    assert (found[0].provider, found[4].provider) == ("openai", "groq")


async def test_any_spelling_of_the_path(open_gateway: OpenGateway, four: Providers, connect: Connect) -> None:
    """With and without a slash, at either end."""
    gateway = await open_gateway(configuration(four))
    client = await connect(gateway.url)
    body = json.dumps([step("openai", "/chat/completions")]).encode()
    for path in ("/v1/acct/gw", "/v1/acct/gw/", "/v1/acct/default", "/v1/acct/default/"):
        answer = await client.ask("POST", path, body=body)
        assert (answer.status, answer.header("cf-aig-step")) == (200, "0"), path
    assert {seen.target for seen in four["openai"].requests} == {b"/v1/chat/completions"}
    assert [row.gateway for row in await gateway.rows(4)] == ["gw", "gw", "default", "default"]


async def test_the_next_call_of_a_connection_is_no_step(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """A step's failure says nothing about a later call of the same connection."""
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    upstream.will(whole(b"", 500))
    assert (await ask(client, [step("openai"), step("openai")])).header("cf-aig-step") == "1"
    plain = await client.ask("GET", "/v1/acct/gw/openai/models")
    assert "cf-aig-step" not in plain.names
    assert [row.step for row in await gateway.rows(3)] == [0, 1, 0]
