"""The harness itself: both kinds of gateway answer, log and stop."""

from __future__ import annotations

from conftest import Connect, OpenGateway, Serve
from support.configuration import openai
from support.upstream import Upstream


async def test_in_process(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask("POST", "/v1/acct/gw/openai/chat/completions", body=b"{}")
    assert (answer.status, answer.body) == (200, b"{}")
    assert (await upstream.only()).target == b"/v1/chat/completions"
    assert (await gateway.row()).id == answer.header("cf-aig-log-id")


async def test_in_processes_of_its_own(serve: Serve, upstream: Upstream, connect: Connect) -> None:
    gateway = await serve(openai(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask("POST", "/v1/acct/gw/openai/chat/completions", body=b"{}")
    assert (answer.status, answer.body) == (200, b"{}")
    (row,) = await gateway.logs(1)
    assert row.id == answer.header("cf-aig-log-id")
    await gateway.stop()
