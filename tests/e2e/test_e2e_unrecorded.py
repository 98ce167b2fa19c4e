"""A call whose record cannot be made, or is not wanted: the client gets its answer, and nothing is left behind."""

from __future__ import annotations

import pytest

from conftest import Connect, OpenGateway
from penstock.proxy import settle
from support.client import request
from support.configuration import openai
from support.replies import whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"


def broken_recorder(*_: object) -> list[bytes]:
    raise OverflowError("a number that no record can hold")


async def test_the_answer_goes_out_and_the_loss_is_counted(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    with monkeypatch.context() as broken:
        broken.setattr(settle, "record_frame", broken_recorder)
        upstream.will(whole(b"unrecorded"))
        assert (await client.ask("POST", CHAT, body=b"{}")).body == b"unrecorded"
    assert gateway.parts.journal.unwritten == 1
    upstream.will(whole(b"recorded"))
    assert (await client.ask("POST", CHAT, body=b"{}")).body == b"recorded"
    assert len(await gateway.rows(1)) == 1


async def test_a_failed_step_that_is_not_logged_keeps_no_memory(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    budget = gateway.parts.pipeline._budget
    free = budget.free
    upstream.will(whole(bytes(300_000), 500), whole(b"fine"))
    step = b'{"provider": "openai", "endpoint": "chat/completions", "query": {}}'
    client = await connect(gateway.url)
    await client.send(
        request("POST", "/v1/acct/gw", ("cf-aig-collect-log", "false"), body=b"[%b, %b]" % (step, step))
    )
    assert (await client.answer()).body == b"fine"
    await gateway.settled()
    assert budget.free == free
