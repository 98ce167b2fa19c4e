"""Somebody with a token for certain operations, and a gateway that asks for one."""

from __future__ import annotations

import json

from conftest import Connect
from support.access import ACCOUNT, Access, bearer, take_up
from support.checks import check_error
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.inprocess import InProcess

KEY = ("Authorization", "Bearer sk-vendor-0123456789abcdef")
BASE = f"/v1/{ACCOUNT}/gw"
PARALLEL = f"{BASE}/parallel"
OPENAI = f"{BASE}/openai"
_SLUGS = ("openai", "anthropic", "parallel", "workers-ai", "google-ai-studio", "exa")


def configuration(upstream_url: str) -> str:
    """A gateway that asks for a token, and leads to an upstream of the test's."""
    return gateways(gw={"authentication": True}) + providers(dict.fromkeys(_SLUGS, upstream_url))


class Caller:
    """Somebody with a new token for certain operations."""

    def __init__(self, gateway: InProcess, connect: Connect, access: Access, *operations: str) -> None:
        self.token = access.token(operations=operations)
        self._gateway = gateway
        self._connect = connect
        take_up(gateway)

    async def ask(self, method: str, target: str, body: object = None, *headers: Header) -> Answer:
        client = await self._connect(self._gateway.url)
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return await client.ask(method, target, bearer(self.token), KEY, *headers, body=sent)

    async def post(self, target: str, body: object = b"{}", *headers: Header) -> Answer:
        return await self.ask("POST", target, body, *headers)

    async def get(self, target: str, *headers: Header) -> Answer:
        return await self.ask("GET", target, None, *headers)


def refused(answer: Answer) -> str:
    return check_error(answer, 403, 9403, "Not allowed for this key")
