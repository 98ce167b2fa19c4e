"""Providers of the operator's own: in the file, and in the directory (Cloudflare 3.15)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from penstock.stores.control_store import Remove
from support.access import ACCOUNT, COMPAT, UNIVERSAL, Access, bearer, from_here, steps, take_up
from support.checks import check_error
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.upstream import Upstream

BASE = f"/v1/{ACCOUNT}/gw"
SECRET = "acme-secret-0123456789"


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


async def ask(
    connect: Connect,
    gateway: InProcess,
    target: str,
    *headers: Header,
    body: bytes = b"{}",
    method: str = "POST",
) -> Answer:
    return await (await connect(gateway.url)).ask(method, target, *headers, body=body)


def unknown(answer: Answer) -> None:
    check_error(answer, 400, 2008, "Invalid provider")


@pytest.mark.parametrize("where", ["directory", "file"])
async def test_native_unified_and_universal(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, where: str
) -> None:
    """What follows the slug is appended to the base URL; its headers go with every call, and win."""
    url = f"{upstream.url}/base/v1"
    text = gateways()
    if where == "directory":
        access.provider("acme", url, headers={"X-Api-Key": SECRET, "x-org": "a b"})
    else:
        text += providers({"custom-acme": url})
        text += f'[providers.custom-acme.headers]\nX-Api-Key = "{SECRET}"\nx-org = "a b"\n'
    token = access.token()
    gateway = await open_gateway(text)
    forged = ("X-API-Key", "forged-0123456789")
    native = await ask(connect, gateway, f"{BASE}/custom-acme/any/thing?q=1", bearer(token), forged)
    unified = await ask(
        connect, gateway, COMPAT, bearer(token), forged, body=b'{"model":"custom-acme/org/m"}'
    )
    universal = await ask(
        connect, gateway, UNIVERSAL, bearer(token), body=steps(("custom-acme", "deep/er?q=2", {"a": 1}))
    )
    assert [answer.status for answer in (native, unified, universal)] == [200, 200, 200]
    assert [seen.target for seen in upstream.requests] == [
        b"/base/v1/any/thing?q=1",
        b"/base/v1/chat/completions",
        b"/base/v1/deep/er?q=2",
    ]
    for seen in upstream.requests:
        assert seen.header("x-api-key") == SECRET.encode()
        assert seen.header("x-org") == b"a b"
        assert seen.header("authorization") is None
        assert seen.header("host") == upstream.url.removeprefix("http://").encode()
    assert json.loads(upstream.requests[1].body)["model"] == "org/m"
    rows = await gateway.rows(3)
    assert {row.provider for row in rows} == {"custom-acme"}
    assert SECRET not in repr(await gateway.calls(3))


async def test_a_callers_credential_and_a_stored_key(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """A stored key goes as a Bearer token; a sent one goes first; fixed headers stay."""
    access.provider("acme", upstream.url, headers={"x-org": "acme"})
    access.key("custom-acme", "sk-stored-0123456789")
    token = access.token()
    gateway = await open_gateway(gateways(gw={"authentication": True}))
    target = f"{BASE}/custom-acme/x"
    await ask(connect, gateway, target, bearer(token))
    await ask(connect, gateway, target, bearer(token), ("Authorization", "Bearer sk-mine"))
    found = [(seen.header("authorization"), seen.header("x-org")) for seen in upstream.requests]
    assert found == [(b"Bearer sk-stored-0123456789", b"acme"), (b"Bearer sk-mine", b"acme")]
    assert [row.byok for row in await gateway.rows(2)] == [True, False]


async def test_a_disabled_one_is_unknown(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    row = access.provider("acme", upstream.url, enable=False)
    gateway = await open_gateway(gateways())
    calls = [
        (f"{BASE}/custom-acme/x", b"{}"),
        (COMPAT, b'{"model":"custom-acme/m"}'),
        (UNIVERSAL, steps(("custom-acme", "x", {}))),
    ]
    for target, body in calls:
        unknown(await ask(connect, gateway, target, body=body))
    assert upstream.connections == 0
    row = access.switch(row, on=True)
    take_up(gateway)
    for target, body in calls:
        assert (await ask(connect, gateway, target, body=body)).status == 200
    row = access.switch(row, on=False)
    take_up(gateway)
    for target, body in calls:
        unknown(await ask(connect, gateway, target, body=body))
    access.control_store.apply([Remove(row)])
    take_up(gateway)
    unknown(await ask(connect, gateway, f"{BASE}/custom-acme/x"))
    assert len(upstream.requests) == 3


async def test_they_are_their_accounts_own(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The same slug may lead elsewhere in another account, and to nothing in a third."""
    access.provider("acme", f"{upstream.url}/one", account="one", headers={"x-key": SECRET})
    access.provider("acme", f"{upstream.url}/two", account="two")
    text = "".join(gateways(account) for account in ("one", "two", "three"))
    gateway = await open_gateway(text)
    for account in ("one", "two"):
        answer = await from_here(connect, gateway.url, f"/v1/{account}/gw/custom-acme/x")
        assert answer.status == 200
    found = [(seen.target, seen.header("x-key")) for seen in upstream.requests]
    assert found == [(b"/one/x", SECRET.encode()), (b"/two/x", None)]
    unknown(await ask(connect, gateway, "/v1/three/gw/custom-acme/x"))


async def test_a_wrong_row_is_left_out_and_others_serve(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    access.provider("bad", "ftp://127.0.0.1/x")
    access.provider("acme", upstream.url)
    gateway = await open_gateway(gateways())
    assert "custom-bad" in caplog.text
    unknown(await ask(connect, gateway, f"{BASE}/custom-bad/x"))
    assert (await ask(connect, gateway, f"{BASE}/custom-acme/x")).status == 200


async def test_the_file_goes_before_the_directory(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.provider("acme", f"{upstream.url}/directory", headers={"x-key": SECRET})
    gateway = await open_gateway(gateways() + providers({"custom-acme": f"{upstream.url}/file"}))
    assert (await ask(connect, gateway, f"{BASE}/custom-acme/x")).status == 200
    seen = await upstream.only()
    assert seen.target == b"/file/x"
    assert SECRET.encode() not in seen.head


async def test_an_address_that_changed_has_no_kept_answers(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Updating drops cached answers (Cloudflare 3.15)."""
    row = access.provider("acme", f"{upstream.url}/one")
    gateway = await open_gateway(gateways())
    kept = ("cf-aig-cache-ttl", "300")
    target = f"{BASE}/custom-acme/x"
    found = [(await ask(connect, gateway, target, kept)).header("cf-aig-cache-status") for _ in range(2)]
    assert found == ["MISS", "HIT"]
    access.control_store.apply([Remove(row)])
    access.provider("acme", f"{upstream.url}/two")
    take_up(gateway)
    assert (await ask(connect, gateway, target, kept)).header("cf-aig-cache-status") == "MISS"
    assert [seen.target for seen in upstream.requests] == [b"/one/x", b"/two/x"]
