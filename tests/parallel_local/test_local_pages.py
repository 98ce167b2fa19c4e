"""Web pages and the local engine: where any key is good, only programs of this machine may ask."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from local_engine import served

from parallel_local.web.auth import ApiKeyGuard

SEARCH = {"objective": "amber", "search_queries": ["amber"]}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:8790"}, 200),
        ({"host": "evil.example:8790"}, 401),
        ({"host": "127.0.0.1.nip.io"}, 401),
        ({"origin": "http://evil.example"}, 401),
        ({"origin": "null"}, 401),
        ({"sec-fetch-site": "cross-site"}, 401),
        ({"x-forwarded-for": "203.0.113.7"}, 401),
        ({"via": "1.1 proxy"}, 401),
        ({"origin": "http://127.0.0.1:8787", "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://[::1]:8787", "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://127.0.0.1:8787"}, 401),
        ({"origin": "http://127.0.0.1:8787", "sec-fetch-site": "same-site"}, 401),
        ({"origin": "http://127.0.0.1:8787", "sec-fetch-site": "cross-site"}, 401),
        ({"origin": "http://127.0.0.1.nip.io:8787", "sec-fetch-site": "same-origin"}, 401),
        ({"origin": "http://evil.example", "sec-fetch-site": "same-origin"}, 401),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, 401),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"host": "evil.example", "origin": "http://127.0.0.1:8787", "sec-fetch-site": "same-origin"}, 401),
        ({"origin": "http://127.0.0.1:8787", "sec-fetch-site": "same-origin", "via": "1.1 proxy"}, 401),
    ],
)
async def test_no_page_reads_documents(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async with served(tmp_path, workers=0) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        answer = await client.post("/v1beta/search", json=SEARCH, headers={"x-api-key": "any", **headers})
        assert answer.status_code == status
        if status == 401:
            assert answer.json()["code"] == 16
            assert "--api-key" in answer.json()["message"]


@pytest.mark.parametrize(("key", "server", "status"), [
    ("right", ("127.0.0.1", 8790), 200),
    ("wrong", ("127.0.0.1", 8790), 401),
    (None, ("127.0.0.1", 8790), 401),
    (None, ("/run/engine.sock", None), 200),
])  # fmt: skip
async def test_a_right_key_and_a_gateway_come_from_anywhere(
    key: str | None, server: tuple[str, int | None], status: int
) -> None:
    """On a Unix socket there is a gateway, which has looked already."""
    sent: list[int] = []

    async def app(scope: object, receive: object, send: object) -> None:
        sent.append(200)

    async def send(message: dict[str, object]) -> None:
        if "status" in message:
            sent.append(int(str(message["status"])))

    guard = ApiKeyGuard(app, None if key is None else "right")
    given = (key or "any").encode()
    headers = [(b"host", b"evil.example"), (b"x-api-key", given)]
    await guard({"type": "http", "headers": headers, "server": server}, app, send)  # type: ignore[arg-type]
    assert sent == [status]
