"""The door of the pages, from outside: over real connections, in one worker and in several, by who wants in, wants it
busy, or wants to read along from a page of their own.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from conftest import Connect, OpenGateway, Serve
from penstock.pages.dashboard.page import FILE
from penstock.pages.dashboard.site import PAGES
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from support.client import request
from support.configuration import gateways
from support.gateway import Gateway
from support.inprocess import InProcess

ADMIN = "the-admin-token"
ENVIRON = {"PENSTOCK_ADMIN_TOKEN": ADMIN}
CONFIG = gateways(gw={})
LINK = re.compile(r"/sign-in\?link=(\S+)")
AT = "/accounts/acct"
MANY = 12
NAMES = {"account": "acct", "gateway_id": "gw", "route_id": "x"}
CHANGING = [page.path for page in PAGES if not page.template]
STRICT = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture
async def gateway(open_gateway: OpenGateway) -> InProcess:
    return await open_gateway(CONFIG, ENVIRON)


async def signed_in(url: str) -> dict[str, str]:
    """The headers of a browser that is signed in."""
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{url}/sign-in", data={"token": ADMIN})
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


async def statuses(url: str, path: str, headers: dict[str, str]) -> Counter[int]:
    """What so many connections of their own are answered, at the same time: any worker may have any of them."""

    async def one() -> int:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            return (await http.get(url + path, headers=headers)).status_code

    return Counter(await asyncio.gather(*(one() for _ in range(MANY))))


# -- several workers


async def test_a_link_signs_in_once_whoever_comes_with_it_at_the_same_time(serve: Serve) -> None:
    server = await two_workers(serve)
    found = LINK.search(server.stderr)
    assert found is not None
    assert await statuses(server.url, f"/sign-in?link={found[1]}", {}) == {303: 1, 403: MANY - 1}


async def test_a_session_is_one_of_all_workers_until_it_is_signed_out(serve: Serve) -> None:
    server = await two_workers(serve)
    session, other = await signed_in(server.url), await signed_in(server.url)
    assert await statuses(server.url, f"{AT}/overview", session) == {200: MANY}
    await server.stop()
    server = await two_workers(serve)  # sessions outlive the processes
    assert await statuses(server.url, f"{AT}/overview", session) == {200: MANY}
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.post(f"{server.url}/sign-out", headers=session)).status_code == 303
    assert await statuses(server.url, f"{AT}/overview", session) == {303: MANY}
    assert await statuses(server.url, f"{AT}/overview", other) == {200: MANY}


async def two_workers(serve: Serve) -> Gateway:
    return await serve(CONFIG, "--workers", "2", environ=ENVIRON)


# -- what comes back


async def test_whatever_comes_back_is_for_this_server_alone(gateway: InProcess) -> None:
    """Pages, twins, files, redirects and refusals alike; and no page of others may read them, whoever it says it is."""
    session = await signed_in(gateway.url)
    evil = {"origin": "https://evil.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    shown = [page for page in PAGES if page.template]
    paths = [page.path.format_map({**NAMES, "id": "x", "number": "1", "token_id": "x"}) for page in shown]
    twins = [
        f"{path}.json"
        for page, path in zip(shown, paths, strict=True)
        if page.template != FILE and path != "/"
    ]
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False, timeout=30) as http:
        for path in [*paths, *twins, "/index.json", "/sign-in", "/sign-in?link=x"]:
            for headers in ({}, session, {**session, **evil}):
                answer = await http.get(path, headers=headers)
                told = {name: answer.headers.get(name) for name in STRICT}
                assert told == STRICT, (path, answer.status_code)
                policy = answer.headers["content-security-policy"]
                assert "default-src 'none'" in policy
                assert "frame-ancestors 'none'" in policy
                assert "unsafe" not in policy
                assert not [name for name in answer.headers if name.startswith("access-control-")]
                assert "server" not in answer.headers


async def test_only_forms_change_something(gateway: InProcess) -> None:
    session = await signed_in(gateway.url)
    store = SqliteControlStore(gateway.data / FILE_NAME)
    before = store.snapshot().version
    query = urlencode({"name": "x", "id": "made", "permissions": "run", "sure": "yes", "do": "remove"})
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False, timeout=30) as http:
        for path in CHANGING:
            filled = path.format_map(
                {**NAMES, "id": "x", "token_id": "x", "provider_config_id": "x", "custom_provider_id": "x"}
            )
            for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"):
                answer = await http.request(method, f"{filled}?{query}", headers=session)
                assert answer.status_code in (200, 404, 405), (method, path)
    assert store.snapshot().version == before


@pytest.mark.parametrize("name", ["x-forwarded-host", "x-original-host", "x-host", "forwarded"])
async def test_nobody_says_where_this_server_is(gateway: InProcess, name: str) -> None:
    """Programs that are copied from a page send tokens there."""
    session = await signed_in(gateway.url)
    said = "host=evil.example;proto=https" if name == "forwarded" else "evil.example"
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False) as http:
        for path in (f"{AT}/start", f"{AT}/playground"):
            page = await http.get(path, headers={**session, name: said})
            assert page.status_code == 200
            assert "evil" not in page.text
            assert urlsplit(gateway.url).netloc in page.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:1", 200), ("LocalHost:8787", 200), ("[::1]:8787", 200), ("[0:0:0:0:0:0:0:1]", 200),
        ("localhost.:8787", 403), ("127.0.0.1.", 403), ("127.1", 403), ("0x7f000001", 403), ("2130706433", 403),
        ("localhost.evil.example", 403), ("evil.example:8787", 403), ("127.0.0.1.evil.example", 403),
        ("me@127.0.0.1", 400), ("127.0.0.1@evil.example", 400), ("127.0.0.1:99999", 400), ("127.0.0.1, evil", 400),
        ("", 400), ("[::1", 400), ("127.0.0.1/evil", 400),
    ],
)  # fmt: skip
async def test_names_that_this_server_is_asked_for_under(
    gateway: InProcess, connect: Connect, host: str, status: int
) -> None:
    client = await connect(gateway.url)
    data = request("GET", "/sign-in")
    await client.send(data.replace(b"Host: localhost\r\n", f"Host: {host}\r\n".encode()))
    assert (await client.answer("GET")).status == status


@pytest.mark.parametrize(
    "path",
    ["/static/../door.py", "/static/..%2fdoor.py", "/static/%2e%2e%2fdoor.py", "/static/..%5cdoor.py", "/static/",
     "/static/style.css%00", "/static//etc/passwd", "/static/style.css/../../door.py", "/static/door.py"],
)  # fmt: skip
async def test_files_are_those_of_pages(gateway: InProcess, connect: Connect, path: str) -> None:
    client = await connect(gateway.url)
    assert (await client.ask("GET", path)).status == 404


# -- too much of something


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", f"{AT}/gateways"])
async def test_a_form_of_a_hundred_megabytes_is_not_waited_for(
    gateway: InProcess, connect: Connect, path: str
) -> None:
    """Who is not signed in sends none at all; else it is refused as soon as it is too large."""
    session = await signed_in(gateway.url)
    client = await connect(gateway.url)
    head = request("POST", path, *session.items(), ("content-length", "100000000"))
    await client.send(head)
    if path != "/sign-out":  # which reads no form
        await client.send(b"a" * 300_000)
    answer = await client.answer("POST")
    assert answer.status == (303 if path == "/sign-out" else 413)
    assert (await (await connect(gateway.url)).ask("GET", "/sign-in")).status == 200


@pytest.mark.parametrize("headers", [{}, {"signed": "in"}])
@pytest.mark.parametrize(
    "page", ["logs?search=", "runs?owner=", "tokens?search=", "playground?from=", "prices?search="]
)
async def test_a_query_without_end(
    gateway: InProcess, connect: Connect, page: str, headers: dict[str, str]
) -> None:
    session = await signed_in(gateway.url) if headers else {}
    client = await connect(gateway.url, limit=2_000_000)
    answer = await client.ask("GET", f"{AT}/{page}{'%22' * 20_000}", *session.items())
    assert answer.status == (200 if session else 303)
    assert len(answer.raw) < 4000  # one is led to the sign-in without a header that no browser takes
    assert len(answer.body) < 1_000_000


@pytest.mark.parametrize(
    "query", ["&".join(["status=4xx"] * 1001), "&" * 30_000, "a=%ff", "%00=%00", "=", "a&b&c"]
)
async def test_a_query_that_is_none(gateway: InProcess, connect: Connect, query: str) -> None:
    session = await signed_in(gateway.url)
    answer = await (await connect(gateway.url)).ask("GET", f"{AT}/logs?{query}", *session.items())
    assert answer.status in (200, 400)
