"""Every endpoint with every kind of token: who gets in, who is a stranger, and who may not do this.

The expectations are worked out here from the endpoint's row and the permissions' meaning (Cloudflare 3.12), not from
the code that decides. Only the status counts.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from penstock.management.api import ENDPOINTS
from penstock.management.application import management_routes
from penstock.management.endpoint import Endpoint
from penstock.management.resources import Resources
from penstock.proxy.room import Room
from penstock.settings import load
from penstock.stores.control_store import Add, Permission, StoredGateway
from support.access import Access
from support.clock import FakeClock
from support.gateway import prepare

ADMIN = "the-admin-token"
GRANTED = {
    "read": {"read", "edit"},
    "edit": {"edit"},
    "run": {"run"},
    "metadata_read": {"metadata_read", "read", "edit"},
}
NAMES = {"account_id": "acct", "gateway_id": "g", "provider": "openai"}


@dataclass(frozen=True)
class Kind:
    """A kind of token, and what is true of it. `place` is where it is good: everywhere, or only there."""

    name: str
    permissions: tuple[Permission, ...] = ("read", "run", "edit", "metadata_read")
    is_good: bool = True
    accounts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()

    def status(self, endpoint: Endpoint) -> int:
        """401, 403, or 200 for whatever comes behind the door."""
        if not self.is_good:
            return 401
        if endpoint.path == "/graphql":
            return 200 if GRANTED["metadata_read"] & set(self.permissions) else 403
        if endpoint.permission is None:
            return 200
        fits = bool(GRANTED[endpoint.permission] & set(self.permissions))
        here = not self.accounts or "acct" in self.accounts
        whole = not self.gateways
        mine = whole or not {"g", "acct/g"}.isdisjoint(self.gateways)
        some = whole or any(one.rpartition("/")[0] in ("", "acct") for one in self.gateways)
        reach = {"gateway": mine, "account": whole, "some": some}[endpoint.scope]
        return 200 if fits and here and reach else 403


ADMIN_KIND = Kind("admin")
STRANGERS = [Kind(name, is_good=False) for name in ("none", "empty", "garbage", "unknown", "almost-admin")]
ENDED = [Kind(name, is_good=False) for name in ("expired", "revoked", "rotated")]
TOKENS = [
    Kind("all"),
    Kind("read", ("read",)),
    Kind("run", ("run",)),
    Kind("edit", ("edit",)),
    Kind("metadata_read", ("metadata_read",)),
    Kind("read of this account", ("read",), accounts=("acct",)),
    Kind("all of another account", accounts=("other",)),
    Kind("all of an account that looks alike", accounts=("ACCT", "acct2", "acc")),
    Kind("all of this gateway", gateways=("g",)),
    Kind("all of this gateway by its path", gateways=("acct/g",)),
    Kind("read of this gateway", ("read",), gateways=("g",)),
    Kind("all of another gateway", gateways=("h", "G", "acct/gg")),
    Kind("all of that gateway elsewhere", gateways=("other/g",)),
    Kind("all of that gateway, of another account", accounts=("other",), gateways=("g",)),
]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The API alone, without sockets: these are a thousand requests."""
    environ = {"PENSTOCK_ADMIN_TOKEN": ADMIN}
    settings = load(prepare(tmp_path, ""), environ=environ, overrides={"server.data": str(tmp_path / "data")})
    resources = Resources(lambda: settings, FakeClock(), environ)
    transport = httpx.ASGITransport(
        Starlette(routes=management_routes(ENDPOINTS, resources, Room(2**26, resources.clock)))
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as found:
        yield found


@pytest.fixture
def shown(tmp_path: Path) -> dict[str, str]:
    """What each kind of caller shows."""
    access = Access(tmp_path / "data")
    gateway = StoredGateway(id="i", account="acct", gateway="g", fields={}, created_us=1, modified_us=1)
    access.control_store.apply([Add(gateway)])
    revoked, rotated = access.token(permissions=("edit",)), access.token(permissions=("edit",))
    access.revoke(revoked)
    access.rotate(rotated, -1)
    texts = {
        "empty": "",
        "garbage": "nonsense",
        "unknown": f"pst_{'0' * 16}_{'0' * 43}",
        "almost-admin": ADMIN[:-1],
        "expired": access.token(permissions=("edit",), expires=-1),
        "revoked": revoked,
        "rotated": rotated,
        "admin": ADMIN,
    }
    for kind in TOKENS:
        texts[kind.name] = access.token(
            permissions=kind.permissions, accounts=kind.accounts, gateways=kind.gateways
        )
    return texts


@pytest.mark.parametrize("kind", [*STRANGERS, *ENDED, *TOKENS, ADMIN_KIND], ids=lambda kind: kind.name)
async def test_every_endpoint_lets_in_whom_it_should(
    client: httpx.AsyncClient, shown: dict[str, str], kind: Kind
) -> None:
    headers = {"authorization": f"Bearer {shown[kind.name]}"} if kind.name in shown else {}
    wrong = []
    for endpoint in sorted(
        ENDPOINTS, key=lambda one: one.method == "DELETE"
    ):  # what is there stays to the end
        path = re.sub(r"\{(\w+)\}", lambda name: NAMES.get(name[1], "nobody"), endpoint.path)
        answer = await client.request(endpoint.method, f"/client/v4{path}", headers=headers, content=b"!")
        status = answer.status_code if answer.status_code in (401, 403) else 200
        if status != kind.status(endpoint) or answer.status_code >= 500:
            wrong.append(
                f"{endpoint.method} {endpoint.path}: {answer.status_code}, not {kind.status(endpoint)}"
            )
        if status != 200:
            (error,) = answer.json()["errors"]
            text, _, why = error["message"].partition(": ")
            assert (error["code"], text) == (10000, "Authentication error")
            assert bool(why) == (status == 401), "who may not is not told why, and who is nobody is"
    assert not wrong
