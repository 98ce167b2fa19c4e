"""A call whose record cannot be made: the client gets its answer all the same, and the loss is counted."""

from __future__ import annotations

import pytest

from conftest import Connect, OpenGateway
from penstock.proxy import settle
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
