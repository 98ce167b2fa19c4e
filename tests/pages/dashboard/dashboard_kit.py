"""The dashboard in this process, over a real directory and a real ledger, as a browser without scripts sees it.

One account with two gateways, another with one; signed in with the admin's token unless a test says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.testclient import TestClient

from penstock.clock import Clock
from penstock.journal.record import CallRecord
from penstock.management.resources import Resources
from penstock.pages.dashboard.site import dashboard_routes
from penstock.settings import load
from penstock.stores.control_store import Permission
from penstock.stores.counters import CounterReader
from penstock.stores.ledger import Derived, Move, NewCall
from penstock.stores.sqlite.ledger.writer import FILE_NAME, SqliteLedger
from support.access import Access
from support.clock import FakeClock

ACCOUNT = "acc"
ADMIN = "admin-token-for-tests"
CONFIG = """
[accounts.acc.gateways.main]
[accounts.acc.gateways.other]
[accounts.acc2.gateways.main]
[pricing]
"""
HOUR_US = 3_600_000_000
START_US = Clock().now_us() // 60_000_000 * 60_000_000 - HOUR_US
AT = f"/accounts/{ACCOUNT}"

_RECORD = CallRecord(
    "id", "event", START_US, ACCOUNT, "main", "openai", "POST", "chat/completions", 200, 0, 12_345, 9_000, 100,
    200, False, False, True, "application/json", "application/json", "", "", "tests", 0, False, True, None, "",
    {}, {}, "",
)  # fmt: skip


def call_id(number: int, moment_us: int | None = None) -> str:
    """The id of the call with this number."""
    moment = START_US + number * 1_000_000 if moment_us is None else moment_us
    digits = f"{moment // 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{number * 7919:012x}"


def call(
    number: int,
    bodies: tuple[bytes, bytes] = (b"{}", b"{}"),
    *,
    model: str | None = None,
    cost_nano: int | None = None,
    tokens: tuple[int | None, int | None] = (None, None),
    operation: str = "unknown",
    **changes: object,
) -> NewCall:
    """A call that began `number` seconds after the start."""
    moment = changes.get("created_us", START_US + number * 1_000_000)
    assert isinstance(moment, int)
    own = {"id": call_id(number, moment), "event_id": call_id(number, moment), "created_us": moment}
    derived = Derived(model, None, None, *tokens, None, cost_nano=cost_nano, operation=operation)
    return NewCall(msgspec.structs.replace(_RECORD, **{**own, **changes}), derived, *bodies)


class Site:
    """The pages of one data folder, with a browser's cookies. The calls began an hour ago."""

    def __init__(
        self,
        folder: Path,
        *,
        config: str = CONFIG,
        host: str = "http://127.0.0.1:8787",
        counters: CounterReader | None = None,
    ) -> None:
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        self.access = Access(self.data)
        (folder / "penstock.toml").write_text(config)
        self._environ = {"PENSTOCK_ADMIN_TOKEN": ADMIN, "XDG_CACHE_HOME": str(folder / "cache")}
        settings = load(
            folder / "penstock.toml", environ=self._environ, overrides={"server.data": str(self.data)}
        )
        self.settings = settings
        self.clock = FakeClock()
        self.resources = Resources(lambda: settings, self.clock, self._environ, counters)
        self._application = Starlette(routes=dashboard_routes(self.resources))
        self._host = host
        self.browser = self.new_browser()
        self._moved = 0

    def new_browser(self, host: str | None = None) -> TestClient:
        """One that nobody is signed in with."""
        return TestClient(self._application, base_url=host or self._host, follow_redirects=False)

    def store(self, *calls: NewCall) -> None:
        """Puts calls into the ledger, as the shipper does."""
        ledger = SqliteLedger(self.data / FILE_NAME)
        try:
            ledger.append(calls, Move("s", self._moved, self._moved + 1))
        finally:
            ledger.close()
        self._moved += 1

    def token(
        self, *permissions: Permission, accounts: tuple[str, ...] = (), gateways: tuple[str, ...] = ()
    ) -> str:
        """The text of a token that may do this."""
        return self.access.token(permissions=permissions, accounts=accounts, gateways=gateways)

    def sign_in(self, token: str = ADMIN, to: str = "/") -> httpx.Response:
        """As the form of the page does it."""
        return cast(httpx.Response, self.browser.post("/sign-in", data={"token": token, "to": to}))

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> httpx.Response:
        """A page."""
        return cast(httpx.Response, self.browser.get(f"{path}?{urlencode(query)}" if query else path))

    def read(self, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
        """The text of a page that is there."""
        found = self.get(path, query)
        assert found.status_code == 200, found.text
        assert found.headers["content-type"] == "text/html; charset=utf-8"
        return found.text

    def json(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Any:  # noqa: ANN401 - tests look into it
        """What the twin of a page says."""
        found = self.get(f"{path}.json", query)
        assert found.status_code == 200, found.text
        assert found.headers["content-type"] == "application/json"
        return found.json()

    def send(self, page: str, path: str, form: Mapping[str, str]) -> httpx.Response:
        """A form, with what the page has put into it."""
        hidden = re.search(r'name="form" value="([^"]+)"', self.read(page))
        assert hidden is not None, "this page has no form"
        return cast(httpx.Response, self.browser.post(path, data={"form": hidden[1], **form}))


class Elements(HTMLParser):
    """The elements of a page, with their attributes: what a browser would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """Those of one kind."""
        return [attributes for name, attributes in self.found if name == tag]
