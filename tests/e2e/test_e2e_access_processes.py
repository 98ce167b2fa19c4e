"""The commands over the directory beside a running gateway of several workers, and the token of the first start."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from conftest import Connect, Serve
from support.access import CHAT, bearer, from_here, holding
from support.checks import check_error
from support.client import Answer, request
from support.configuration import gateways, providers
from support.gateway import PROGRAM, Gateway, environment
from support.replies import sse
from support.upstream import Upstream
from support.waiting import PATIENCE

TOKEN = re.compile(r"pst_[0-9a-z]{16}_[0-9A-Za-z]{43}")
VENDOR = ("Authorization", "Bearer sk-vendor-0123456789")
ADMIN = "the-admin-token-of-the-environment"
STORED = "sk-stored-0123456789abcdef"
ACME = "acme-secret-0123456789"
OWN = "/v1/acct/gw/custom-acme/x"
IN_A_ROW = 12  # fresh connections; that all of them reach one of two workers is next to impossible


def secured(url: str) -> str:
    return gateways(gw={"authentication": True}) + providers({"openai": url})


async def penstock(data: Path, *arguments: str, stdin: str = "") -> str:
    """What a command says on standard output, run as an operator would."""
    command = [*PROGRAM, *arguments, "--data", str(data)]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, input=stdin, env=environment(), capture_output=True, text=True, check=False, timeout=60
        )

    done = await asyncio.to_thread(run)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


async def ask(connect: Connect, gateway: Gateway, token: str) -> Answer:
    """A call on a connection of its own, which any worker may take."""
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, bearer(token), VENDOR, body=b"{}")
    await client.close()
    return answer


async def comes_true(
    call: Callable[[], Awaitable[Answer]], status: int, what: str, in_a_row: int = IN_A_ROW
) -> None:
    """Waits until so many calls in a row have this status, whatever worker took them."""
    loop = asyncio.get_running_loop()
    end, row = loop.time() + PATIENCE, 0
    while row < in_a_row:
        row = row + 1 if (await call()).status == status else 0
        assert loop.time() < end, f"not within {PATIENCE} s: {what}"


async def test_tokens_are_made_rotated_and_revoked_beside_the_gateway(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(secured(upstream.url), "--workers", "2")
    await gateway.workers(2)
    made = json.loads(await penstock(gateway.data, "keys", "create", "bot", "--user", "ada", "--json"))
    old = made["token"]
    await comes_true(lambda: ask(connect, gateway, old), 200, "the new token")
    async with asyncio.timeout(PATIENCE):
        while upstream.connections < 2:  # each worker has its own, and the other may not have had a turn yet
            assert (await ask(connect, gateway, old)).status in (200, 401)  # nor have heard of the token
    gate = asyncio.Event()
    upstream.will(sse(b"data: 1\n\n", gate, b"data: 2\n\n"))
    streaming = await connect(gateway.url)
    await streaming.send(request("POST", CHAT, bearer(old), VENDOR, body=b"{}"))
    await streaming.head()
    assert await streaming.chunk() == b"data: 1\n\n"
    new = await penstock(gateway.data, "keys", "rotate", made["id"])
    await comes_true(lambda: ask(connect, gateway, new), 200, "the rotated token")
    await comes_true(lambda: ask(connect, gateway, old), 401, "the end of the old secret")
    await penstock(gateway.data, "keys", "revoke", made["id"], "--yes")
    await comes_true(lambda: ask(connect, gateway, new), 401, "the end of the token")
    gate.set()  # what is under way goes on
    assert await streaming.chunk() == b"data: 2\n\n"
    assert await streaming.chunk() == b""
    assert holding(gateway.folder, old, new) == []
    await gateway.stop()


async def test_stored_keys_and_own_providers_beside_the_gateway(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    """Added, sealed anew under another master key, switched off, and without the master key."""
    text = gateways(gw={"byok_only": True}) + providers({"openai": upstream.url})
    gateway = await serve(text)
    account = ("--account", "acct")

    def openai() -> Awaitable[Answer]:
        return from_here(connect, gateway.url)

    def acme() -> Awaitable[Answer]:
        return from_here(connect, gateway.url, OWN, VENDOR)

    await penstock(gateway.data, "provider-keys", "add", "openai", *account, stdin=f"{STORED}\n")
    await comes_true(openai, 200, "the stored key", 1)
    assert upstream.requests[-1].header("authorization") == f"Bearer {STORED}".encode()
    before = (gateway.data / "master.key").read_bytes()
    await penstock(gateway.data, "provider-keys", "rotate-master-key")
    assert (gateway.data / "master.key").read_bytes() != before
    header = ("--header", "x-api-key: -", "--allow-private")
    await penstock(gateway.data, "providers", "add", "acme", upstream.url, *account, *header, stdin=ACME)
    await comes_true(acme, 200, "the own provider", 1)  # so the new master key has been taken up, too
    assert upstream.requests[-1].header("x-api-key") == ACME.encode()
    assert (await openai()).status == 200
    assert upstream.requests[-1].header("authorization") == f"Bearer {STORED}".encode()
    await penstock(gateway.data, "providers", "disable", "acme", *account)
    await comes_true(acme, 400, "the end of the own provider", 1)
    check_error(await acme(), 400, 2008, "Invalid provider")
    await gateway.stop()
    assert holding(gateway.folder, STORED, ACME) == []

    (gateway.data / "master.key").rename(gateway.data / "away")
    again = await serve(text)
    await again.says("stored secrets cannot be used")
    assert (await from_here(connect, again.url, CHAT, VENDOR)).status == 200
    assert upstream.requests[-1].header("authorization") == VENDOR[1].encode()
    await again.stop()


async def test_the_first_token(serve: Serve, upstream: Upstream, connect: Connect) -> None:
    """Shown once, good for calls, and kept nowhere in the clear."""
    text = secured(upstream.url)
    gateway = await serve(text)
    (token,) = TOKEN.findall(gateway.stderr)
    assert f"admin token, shown only now: {token}" in gateway.stderr
    assert (await ask(connect, gateway, token)).status == 200
    assert (await ask(connect, gateway, token[:-1])).status == 401
    listed = json.loads(await penstock(gateway.data, "keys", "list", "--json"))
    assert listed["name"] == "admin"
    assert token not in json.dumps(listed)
    await gateway.stop()
    assert holding(gateway.data, token) == []
    again = await serve(text)
    assert TOKEN.findall(again.stderr) == []
    assert (await ask(connect, again, token)).status == 200
    await again.stop()


async def test_no_first_token_beside_one_of_the_environment(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    gateway = await serve(secured(upstream.url), environ={"PENSTOCK_ADMIN_TOKEN": ADMIN})
    assert (await ask(connect, gateway, ADMIN)).status == 200
    check_error(await ask(connect, gateway, f"{ADMIN}x"), 401, 2009, "Unauthorized")
    assert await penstock(gateway.data, "keys", "list", "--json") == ""
    said = await gateway.stop()
    assert TOKEN.findall(said) == []
    assert ADMIN not in said
    assert holding(gateway.data, ADMIN) == []


@pytest.mark.parametrize("permission", ["edit", "run"])
async def test_a_first_token_only_while_nobody_may_change_things(
    serve: Serve, upstream: Upstream, tmp_path: Path, permission: str
) -> None:
    data = tmp_path / "gateway" / "data"
    data.mkdir(parents=True, mode=0o700)
    await penstock(data, "keys", "create", "own", "--permission", permission)
    gateway = await serve(secured(upstream.url))
    assert len(TOKEN.findall(gateway.stderr)) == (permission == "run")
    await gateway.stop()
