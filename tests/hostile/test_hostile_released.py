"""What a connection held is free when it is gone, by reference: the collector is off in these tests.

It counts objects and not the megabytes they hold, so what waits for it may wait for gigabytes. Each scene takes its
client away somewhere else in a call; afterwards no object of the call's is left.
"""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from hostile_kit import CHAT, becomes

from conftest import Connect, OpenGateway
from support.client import Client, request
from support.configuration import openai
from support.inprocess import InProcess
from support.replies import Act, raw, sized, sse, whole
from support.upstream import Upstream

COMPAT = "/v1/acct/gw/compat/chat/completions"
GATEWAYS = "/client/v4/accounts/acct/ai-gateway/gateways"
LONG = ("Content-Length", "1000000")
CACHED = ("cf-aig-cache-ttl", "60")
ADMIN = "an-admin-token-of-some-length"
STREAM = b'{"model":"gpt-4o","stream":true,"messages":[]}'
_PACKAGES = ("penstock.proxy.", "uvicorn.protocols.")


class Scene:
    """A gateway, its provider, and clients that come and go."""

    def __init__(self, gateway: InProcess, upstream: Upstream, connect: Connect) -> None:
        self.gateway = gateway
        self.upstream = upstream
        self.connect = connect
        self.gate = asyncio.Event()  # for provider's answers that stop half-way

    async def client(self) -> Client:
        return await self.connect(self.gateway.url)

    async def empty(self) -> None:
        """Waits until nobody is connected and no call is in flight."""
        await becomes(lambda: not (self.gateway.lanes or self.gateway.state.tasks), "an empty gateway")
        for _ in range(20):  # callbacks of what has just ended
            await asyncio.sleep(0)


def held() -> Counter[str]:
    """Our objects that the collector would have to look at."""
    kinds = (type(one) for one in gc.get_objects())
    return Counter(kind.__name__ for kind in kinds if str(kind.__module__).startswith(_PACKAGES))


async def uploading(
    here: Scene, *headers: tuple[str, str], target: str = COMPAT, sent: int = 200_000
) -> Client:
    """A client in the middle of a body, whose bytes so far have arrived."""
    client = await here.client()
    await client.send(request("POST", target, *(headers or (LONG,))) + b"a" * sent)
    await here.gateway.catch_up()
    return client


async def an_upload_that_is_read_whole(here: Scene) -> None:
    (await uploading(here)).leave()


async def a_chunked_upload(here: Scene) -> None:
    client = await uploading(here, ("Transfer-Encoding", "chunked"), sent=0)
    await client.send_chunk(b"a" * 200_000)
    await here.gateway.catch_up()
    client.leave()


async def an_upload_that_is_passed_on(here: Scene) -> None:
    client = await uploading(here, target=CHAT)
    await here.upstream.request(2)
    client.leave()


async def an_upload_behind_other_calls(here: Scene) -> None:
    here.upstream.will(raw(here.gate, early=True))
    client = await here.client()
    call = request("POST", CHAT, body=b"{}")
    await client.send(call * 2 + request("POST", COMPAT, LONG) + b"a" * 20_000)
    await here.upstream.request(2)
    await here.gateway.catch_up()
    client.leave()


async def an_upload_after_an_answered_400(here: Scene) -> None:
    client = await uploading(here, target="/v1/acct/gw/nobody/x")
    assert (await client.answer()).status == 400
    client.leave()


async def an_upload_after_an_answered_413(here: Scene) -> None:
    client = await uploading(here, ("Content-Length", "900000000"), sent=20_000)
    assert (await client.answer()).status == 413
    client.leave()


async def an_upload_that_is_too_slow(here: Scene) -> None:
    client = await uploading(here)
    here.gateway.advance(10_000)
    assert (await client.answer()).status == 408
    here.gateway.advance(1_000)
    await client.rest()
    await client.close()


async def a_request_that_is_not_sound(here: Scene) -> None:
    client = await here.client()
    await client.send(b"POST / HTTP/9.7\r\n\r\n")
    await client.rest()
    await client.close()


async def a_client_in_the_answer(here: Scene) -> None:
    here.upstream.will(sized(500_000, b"x" * 200_000, here.gate))
    client = await here.client()
    await client.send(request("POST", CHAT, body=b"{}"))
    await client.head()
    client.leave()


async def a_client_of_a_silent_provider(here: Scene) -> None:
    here.upstream.will(raw(here.gate, early=True))
    client = await here.client()
    await client.send(request("POST", CHAT, body=b"{}"))
    await here.upstream.request(2)
    client.leave()


async def a_provider_in_the_answer(here: Scene) -> None:
    here.upstream.will(raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc", Act.RESET))
    client = await here.client()
    await client.send(request("POST", CHAT, body=b"{}"))
    await client.rest()
    await client.close()


async def a_provider_before_its_answer(here: Scene) -> None:
    here.upstream.will(raw(Act.RESET))
    client = await here.client()
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 502
    client.leave()


async def one_who_joined_a_call(here: Scene) -> None:
    first, second = await two_on_one_call(here)
    second.leave()
    await here.gateway.catch_up()
    here.gate.set()
    await first.exactly(500_000)
    first.leave()


async def the_one_whose_call_others_joined(here: Scene) -> None:
    first, second = await two_on_one_call(here)
    first.leave()
    await here.gateway.catch_up()
    here.gate.set()
    await second.exactly(500_000)
    second.leave()


async def both_who_share_a_call(here: Scene) -> None:
    first, second = await two_on_one_call(here)
    first.leave()
    await here.gateway.catch_up()
    second.leave()


async def two_on_one_call(here: Scene) -> tuple[Client, Client]:
    here.upstream.will(sized(500_000, b"x" * 100_000, here.gate, b"x" * 400_000))
    clients = await here.client(), await here.client()
    for client in clients:
        await client.send(request("POST", CHAT, CACHED, body=b"{}"))
        await client.head()
    return clients


async def a_client_of_a_filtered_stream(here: Scene) -> None:
    here.upstream.will(sse(b"data: 1\n\n", here.gate))
    client = await here.client()
    await client.send(request("POST", CHAT, ("cf-aig-stream-usage", "true"), body=STREAM))
    await client.head()
    client.leave()


async def a_management_upload(here: Scene) -> None:
    client = await uploading(here, ("Authorization", f"Bearer {ADMIN}"), LONG, target=GATEWAYS)
    await here.gateway.catch_up()
    client.leave()


async def a_management_upload_without_a_token(here: Scene) -> None:
    client = await uploading(here, ("Authorization", "Bearer nobody"), LONG, target=GATEWAYS)
    assert (await client.answer()).status in (400, 401, 403)
    client.leave()


async def a_client_of_a_page(here: Scene) -> None:
    client = await here.client()
    await client.ask("GET", "/healthz")
    client.leave()


async def a_client_with_all_it_wanted(here: Scene) -> None:
    client = await here.client()
    for headers in ((), (CACHED,), (CACHED,), (("cf-aig-max-attempts", "2"), ("cf-aig-retry-delay", "1"))):
        await client.ask("POST", CHAT, *headers, body=b"{}")
    await client.ask("POST", "/v1/acct/gw", body=b'[{"provider":"openai","endpoint":"x","query":{}}]')
    client.leave()


async def a_call_that_failed_twice(here: Scene) -> None:
    here.upstream.will(whole(b"no", status=500), raw(Act.RESET))
    client = await here.client()
    tries = (("cf-aig-max-attempts", "2"), ("cf-aig-retry-delay", "1"))
    assert (await client.ask("POST", CHAT, *tries, body=b"{}")).status == 502
    client.leave()


SCENES: list[Callable[[Scene], Awaitable[None]]] = [
    an_upload_that_is_read_whole,
    a_chunked_upload,
    an_upload_that_is_passed_on,
    an_upload_behind_other_calls,
    an_upload_after_an_answered_400,
    an_upload_after_an_answered_413,
    an_upload_that_is_too_slow,
    a_request_that_is_not_sound,
    a_client_in_the_answer,
    a_client_of_a_silent_provider,
    a_provider_in_the_answer,
    a_provider_before_its_answer,
    one_who_joined_a_call,
    the_one_whose_call_others_joined,
    both_who_share_a_call,
    a_client_of_a_filtered_stream,
    a_management_upload,
    a_management_upload_without_a_token,
    a_client_of_a_page,
    a_client_with_all_it_wanted,
    a_call_that_failed_twice,
]


KEPT: dict[Callable[[Scene], Awaitable[None]], Counter[str]] = {
    # What has failed is known for a while, and a repeated request had a connection of its own, which is idle now.
    a_provider_before_its_answer: Counter({"Breaker": 1}),
    a_call_that_failed_twice: Counter({"Breaker": 1, "Connection": 1}),
}


@pytest.mark.parametrize("leaves", SCENES, ids=lambda scene: scene.__name__)
async def test_nothing_of_it_is_left_without_the_collector(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    leaves: Callable[[Scene], Awaitable[None]],
) -> None:
    gateway = await open_gateway(openai(upstream.url), {"PENSTOCK_ADMIN_TOKEN": ADMIN})
    here = Scene(gateway, upstream, connect)
    client = await here.client()
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    assert (await client.ask("POST", COMPAT, body=b"{}")).status == 400  # its path is remembered from now on
    await client.close()
    await here.empty()
    gc.collect()
    gc.disable()
    try:
        before = held()
        await leaves(here)
        await here.empty()
        after = held()
    finally:
        gc.enable()
    assert after - before == KEPT.get(leaves, Counter())
