"""The management API of a gateway in this event loop, as a client with a token sees it.

Real sockets, the real directory; `take_up` of `support.access` lets the data plane see what was changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from penstock.control.catalog import Catalog
from penstock.control.opening import open_catalog
from support.access import Access
from support.inprocess import InProcess

ADMIN = "the-admin-token"
ENVIRON = {"PENSTOCK_ADMIN_TOKEN": ADMIN}
ACCOUNT = "/accounts/acct"
GATEWAYS = f"{ACCOUNT}/ai-gateway/gateways"
PLAIN: Mapping[str, object] = {
    "cache_invalidate_on_update": False,
    "cache_ttl": 0,
    "collect_logs": True,
    "rate_limiting_interval": 0,
    "rate_limiting_limit": 0,
}


class Reply:
    """An answer, taken apart."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.text = response.text
        self.json: Any = response.json() if response.content else None

    @property
    def result(self) -> dict[str, object]:
        """The result of a success."""
        assert self.status == 200, self.text
        assert self.json["success"] is True
        assert self.json["errors"] == []
        found = self.json["result"]
        assert isinstance(found, dict), found
        return found

    @property
    def items(self) -> list[dict[str, object]]:
        """The result of a list."""
        assert self.status == 200, self.text
        found = self.json["result"]
        assert isinstance(found, list), found
        return found

    def problem(self, status: int, code: int) -> dict[str, object]:
        """The one error of a failure."""
        (found,) = self.problems(status)
        assert found["code"] == code, self.text
        return found

    def problems(self, status: int) -> list[dict[str, object]]:
        """All errors of a failure."""
        assert self.status == status, self.text
        assert self.json["success"] is False
        assert self.json["result"] is None
        found: list[dict[str, object]] = self.json["errors"]
        return found


class Api:
    """A client below `/client/v4`. Without a token it shows none."""

    def __init__(self, gateway: InProcess, token: str | None = ADMIN) -> None:
        self.gateway = gateway
        self.data: Path = gateway.data
        self.access = Access(gateway.data)
        self._token = token

    def using(self, token: str | None) -> Api:
        """The same gateway, with another token."""
        return Api(self.gateway, token)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """`path` stands below `/client/v4`, and goes over the wire as it is."""
        shown = {} if self._token is None else {"authorization": f"Bearer {self._token}"}
        sent = content if content is not None else None if body is None else json.dumps(body).encode()
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=30) as client:
            url = f"{self.gateway.url}/client/v4{path}"
            return Reply(
                await client.request(method, url, content=sent, headers={**shown, **(headers or {})})
            )

    async def get(self, path: str) -> Reply:
        """GET."""
        return await self.call("GET", path)

    async def post(self, path: str, body: object) -> Reply:
        """POST."""
        return await self.call("POST", path, body)

    async def put(self, path: str, body: object) -> Reply:
        """PUT."""
        return await self.call("PUT", path, body)

    async def patch(self, path: str, body: object) -> Reply:
        """PATCH."""
        return await self.call("PATCH", path, body)

    async def delete(self, path: str) -> Reply:
        """DELETE."""
        return await self.call("DELETE", path)

    def catalog(self) -> Catalog:
        """All gateways, with their secrets in the open."""
        return open_catalog(self.gateway.settings, self.access.control_store.snapshot(), {})

    async def gateway_(self, name: str = "g", **fields: object) -> dict[str, object]:
        """A new gateway."""
        return (await self.post(GATEWAYS, {"id": name, **PLAIN, **fields})).result
