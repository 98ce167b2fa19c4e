"""The management API in this process, over a real directory and a real ledger, for the tests of what lists calls.

One account with two gateways, another with one; the admin's token unless a test says otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict, Unpack, cast
from urllib.parse import urlencode

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.testclient import TestClient

from penstock.journal.record import CallRecord
from penstock.management.api import ENDPOINTS
from penstock.management.application import management_routes
from penstock.management.resources import Resources
from penstock.proxy.room import Room
from penstock.settings import load
from penstock.stores.control_store import Permission
from penstock.stores.ledger import Derived, Move, NewCall
from penstock.stores.sqlite.ledger.writer import FILE_NAME, SqliteLedger
from support.access import Access
from support.clock import FakeClock

ACCOUNT, GATEWAY = "acc", "main"
ADMIN = "admin-token-for-tests"
START_US = 1_780_000_000_000_000
CONFIG = "[accounts.acc.gateways.main]\n[accounts.acc.gateways.other]\n[accounts.acc2.gateways.main]\n"
NOTHING = Derived(None, None, None, None, None, None)
Json = dict[str, object]

_RECORD = CallRecord(
    "id", "event", START_US, ACCOUNT, GATEWAY, "openai", "POST", "chat/completions", 200, 0, 12_345, 9_000, 100,
    200, False, False, True, "application/json", "application/json", "", "", "tests", 0, False, True, None, "",
    {}, {}, "",
)  # fmt: skip


def call_id(number: int) -> str:
    """The id of the call that began `number` seconds after the start."""
    digits = f"{(START_US + number * 1_000_000) // 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{number * 7919:012x}"


def call(
    number: int,
    sent: tuple[bytes, bytes] = (b"{}", b"{}"),
    *,
    model: str | None = None,
    cost_nano: int | None = None,
    tokens: tuple[int | None, int | None] = (None, None),
    operation: str = "unknown",
    **changes: object,
) -> NewCall:
    """A call that began `number` seconds after the start."""
    own = {"id": call_id(number), "event_id": call_id(number), "created_us": START_US + number * 1_000_000}
    derived = msgspec.structs.replace(
        NOTHING,
        model=model,
        cost_nano=cost_nano,
        tokens_in=tokens[0],
        tokens_out=tokens[1],
        operation=operation,
    )
    return NewCall(msgspec.structs.replace(_RECORD, **{**own, **changes}), derived, *sent)


class Where(TypedDict, total=False):
    """Who asks, and of which gateway."""

    token: str
    account: str
    gateway: str


class Api:
    """The API, asked as a client asks it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        self.access = Access(self.data)
        config = folder / "penstock.toml"
        config.write_text(CONFIG)
        settings = load(
            config,
            environ={"PENSTOCK_ADMIN_TOKEN": ADMIN},
            overrides={"server.data": str(self.data)},
        )
        self.clock = FakeClock()
        resources = Resources(lambda: settings, self.clock, {})
        self._client = TestClient(
            Starlette(routes=management_routes(ENDPOINTS, resources, Room(2**26, self.clock)))
        )
        self._moved = 0

    def __enter__(self) -> Api:
        """From now on all requests go through one event loop, as in a worker, so that many may come at once."""
        self._client.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._client.__exit__()

    def store(self, *calls: NewCall) -> None:
        """Puts calls into the ledger, as the shipper does."""
        ledger = SqliteLedger(self.data / FILE_NAME)
        try:
            ledger.append(calls, Move("s", self._moved, self._moved + 1))
        finally:
            ledger.close()
        self._moved += 1

    def token(self, *permissions: Permission, gateways: tuple[str, ...] = ()) -> str:
        """The text of a token that may do this."""
        return self.access.token(permissions=permissions, gateways=gateways)

    def send(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] | str = (),
        *,
        body: object = None,
        raw: bytes | None = None,
        token: str = ADMIN,
        account: str = ACCOUNT,
        gateway: str = GATEWAY,
    ) -> httpx.Response:
        """One request; `path` stands below the gateway."""
        text = query if isinstance(query, str) else urlencode(query)
        url = f"/client/v4/accounts/{account}/ai-gateway/gateways/{gateway}{path}"
        content = raw if raw is not None or body is None else json.dumps(body).encode()
        return self.ask(method, f"{url}?{text}" if text else url, content, token=token)

    def ask(
        self, method: str, url: str, content: bytes | None = None, *, token: str = ADMIN
    ) -> httpx.Response:
        """One request."""
        headers = {"authorization": f"Bearer {token}"}
        return cast(httpx.Response, self._client.request(method, url, content=content, headers=headers))

    def get(self, path: str, query: Sequence[tuple[str, str]] | str = (), **more: Unpack[Where]) -> Json:
        """What a GET that succeeds answers."""
        return good(self.send("GET", path, query, **more))

    def post(self, path: str, body: object) -> Json:
        """The `result` of a POST that succeeds."""
        return cast(Json, good(self.send("POST", path, body=body))["result"])

    def logs(self, *filters: Mapping[str, object], **parameters: str) -> list[int]:
        """The numbers of the calls that a list holds, in its order; filters as JSON."""
        query = [*parameters.items()]
        if filters:
            query.append(("filters", json.dumps(filters)))
        return numbers(self.get("/logs", query))


def one(key: str, operator: str, *values: object) -> Json:
    """A filter."""
    return {"key": key, "operator": operator, "value": list(values)}


def good(answer: httpx.Response) -> Json:
    """The body of an answer that is a success."""
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    assert body["success"] is True
    return body


def numbers(body: Json) -> list[int]:
    """Which calls a list of logs holds."""
    rows = cast(list[Json], body["result"])
    return [int(str(row["id"])[-12:], 16) // 7919 for row in rows]


def problems(answer: httpx.Response, status: int = 400) -> list[tuple[int, list[str]]]:
    """Code and path of each error."""
    assert answer.status_code == status, answer.text
    body: Json = answer.json()
    assert (body["success"], body["result"]) == (False, None)
    return [(error["code"], error.get("path", [])) for error in cast(list[dict[str, object]], body["errors"])]  # type: ignore[misc]
