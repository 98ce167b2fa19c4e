"""Requests to the management API that no client of good will sends, byte by byte: slow, cut, coded, mixed and huge."""

from __future__ import annotations

import gzip
import json
import time

import pytest

from conftest import Connect, OpenGateway
from penstock.stores.control_store import StoredGateway
from support.access import Access
from support.client import Broken, request
from support.inprocess import InProcess

ADMIN = "the-admin-token"
AUTHORIZED = ("Authorization", f"Bearer {ADMIN}")
GATEWAYS = "/client/v4/accounts/acct/ai-gateway/gateways"
PLAIN: dict[str, object] = {
    "cache_invalidate_on_update": False,
    "cache_ttl": 0,
    "collect_logs": True,
    "rate_limiting_interval": 0,
    "rate_limiting_limit": 0,
}
NEW = json.dumps({"id": "g", **PLAIN}).encode()
HURRIED = "[server.timeouts]\nbody_grace = 0.5\nbody_rate = 1000000.0\n"


@pytest.fixture
async def gateway(open_gateway: OpenGateway) -> InProcess:
    """A gateway that does not wait long for a body."""
    return await open_gateway(HURRIED, {"PENSTOCK_ADMIN_TOKEN": ADMIN})


def stored(gateway: InProcess) -> list[str]:
    """The gateways there are."""
    return [one.gateway for one in Access(gateway.data).control_store.all(StoredGateway)]


async def test_a_body_that_does_not_come_is_not_waited_for_long(gateway: InProcess, connect: Connect) -> None:
    client = await connect(gateway.url)
    length = ("Content-Length", str(len(NEW)))
    await client.send(request("POST", GATEWAYS, AUTHORIZED, length) + NEW[:-1])
    answer = await client.answer()
    assert answer.status == 408
    assert answer.header("connection") == "close"
    assert answer.json()["errors"][0]["path"] == ["body"]
    with pytest.raises(Broken):
        await client.head()
    assert stored(gateway) == []


async def test_a_body_that_is_cut_changes_nothing(gateway: InProcess, connect: Connect) -> None:
    for leaving in (True, False):
        client = await connect(gateway.url)
        await client.send(request("POST", GATEWAYS, AUTHORIZED, ("Content-Length", "99999")) + NEW)
        if leaving:
            client.leave()
        else:
            client.end_sending()
    other = await connect(gateway.url)
    assert (await other.ask("GET", GATEWAYS, AUTHORIZED)).status == 200
    assert stored(gateway) == []


async def test_chunks_and_expectations_are_http(gateway: InProcess, connect: Connect) -> None:
    client = await connect(gateway.url)
    expecting = (("Expect", "100-continue"), ("Content-Length", str(len(NEW))))
    await client.send(request("POST", GATEWAYS, AUTHORIZED, *expecting))
    assert (await client.head()).status == 100
    await client.send(NEW)
    assert (await client.answer()).status == 200
    await client.send(request("PUT", f"{GATEWAYS}/g", AUTHORIZED, ("Transfer-Encoding", "chunked")))
    body = json.dumps({**PLAIN, "cache_ttl": 7}).encode()
    for at in range(0, len(body), 9):
        await client.send_chunk(body[at : at + 9])
    await client.send_chunk(b"")
    assert (await client.answer()).json()["result"]["cache_ttl"] == 7
    assert (await client.ask("DELETE", f"{GATEWAYS}/g", AUTHORIZED, body=b"{}")).status == 200
    assert (await client.ask("GET", f"{GATEWAYS}/g", AUTHORIZED, body=b"{}")).status == 404


async def test_a_coded_body_is_refused_by_name(gateway: InProcess, connect: Connect) -> None:
    client = await connect(gateway.url)
    coded = ("Content-Encoding", "gzip")
    answer = await client.ask("POST", GATEWAYS, AUTHORIZED, coded, body=gzip.compress(NEW))
    assert answer.status == 400
    assert "content-encoding" in answer.json()["errors"][0]["message"]
    plain = ("Content-Encoding", "identity")
    assert (await client.ask("POST", GATEWAYS, AUTHORIZED, plain, body=NEW)).status == 200


async def test_calls_and_changes_take_turns_on_one_connection(gateway: InProcess, connect: Connect) -> None:
    client = await connect(gateway.url)
    call = request("POST", "/v1/acct/nobody/openai/x", body=b"{}")
    mixed = [
        (request("POST", GATEWAYS, AUTHORIZED, body=b"{{{"), 400),
        (call, 400),
        (request("POST", GATEWAYS, AUTHORIZED, body=NEW), 200),
        (request("GET", f"{GATEWAYS}/g"), 401),
        (call, 400),
        (request("HEAD", f"{GATEWAYS}/g", AUTHORIZED), 200),
        (request("OPTIONS", GATEWAYS, AUTHORIZED), 405),
        (request("GET", f"{GATEWAYS}/g", AUTHORIZED), 200),
    ]
    await client.send(b"".join(data for data, _ in mixed))
    for data, status in mixed:
        assert (await client.answer(data.split(b" ")[0].decode())).status == status


WRONG = {
    "unknown names": {f"k{number}": 1 for number in range(100_000)},
    "wrong items": {**PLAIN, "otel": [{"url": "x", "headers": {}}] * 60_000},
    "too many receivers": {**PLAIN, "otel": [{"url": "https://a.example", "headers": {}}] * 60_000},
    "too many headers": {
        **PLAIN,
        "otel": [{"url": "https://a.example", "headers": {f"x-{number}": "v" for number in range(100_000)}}],
    },
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
async def test_a_body_that_is_wrong_in_countless_places(
    gateway: InProcess, connect: Connect, body: dict[str, object]
) -> None:
    client = await connect(gateway.url, limit=2**20)
    begun = time.process_time()
    answer = await client.ask("POST", GATEWAYS, AUTHORIZED, body=json.dumps({"id": "g", **body}).encode())
    assert answer.status == 400
    assert 0 < len(answer.json()["errors"]) <= 100
    assert len(answer.body) < 200_000
    assert time.process_time() - begun < 3  # an order of magnitude more than it takes


async def test_a_route_of_ten_thousand_elements(gateway: InProcess, connect: Connect) -> None:
    client = await connect(gateway.url)
    await client.ask("POST", GATEWAYS, AUTHORIZED, body=NEW)
    body = json.dumps({"name": "r", "elements": [{"id": "s"}] * 10_000}).encode()
    answer = await client.ask("POST", f"{GATEWAYS}/g/routes", AUTHORIZED, body=body)
    assert (answer.status, len(answer.json()["errors"])) == (400, 1)
