"""Extract: documents of the folder, public pages through the guard, and failures that are no errors."""

import asyncio
import gzip
import resource
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from local_engine import engine

from parallel_local.fetch.guard import Refused, check
from parallel_local.fetch.page import PageFetcher
from penstock_common.egress import is_public

RIVERS = "https://geo.example/rivers"


async def test_document_of_the_folder(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        body = (
            await call.post("/v1/extract", {"urls": [RIVERS + "/#top"], "objective": "tributaries"})
        ).json()
    result = body["results"][0]
    assert body["extract_id"].startswith("extract_")
    assert body["session_id"]
    assert body["errors"] == []
    assert result["title"] == "Rivers of Veldland"
    assert "Stone Brook" in result["excerpts"][0]
    assert result.get("full_content") is None
    assert body["usage"] == [{"name": "sku_extract_excerpts", "count": 1}]


async def test_full_content_is_cut_at_its_own_limit(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        settings = {
            "full_content": {"max_chars_per_result": 50},
            "excerpt_settings": {"max_chars_per_result": 30},
        }
        body = (await call.post("/v1/extract", {"urls": [RIVERS], "advanced_settings": settings})).json()
        whole = {"urls": [RIVERS], "advanced_settings": {"full_content": True}, "max_chars_total": 10}
        full = (await call.post("/v1/extract", whole)).json()["results"][0]
    assert body["results"][0]["full_content"].startswith("# Rivers of Veldland")
    assert len(body["results"][0]["full_content"]) <= 50
    assert sum(map(len, body["results"][0]["excerpts"])) <= 30
    assert "Stone Brook" in full["full_content"]
    assert sum(map(len, full["excerpts"])) <= 10


@pytest.mark.parametrize(
    "body",
    [
        {"urls": ["https://a.example"] * 21},
        {"urls": []},
        {},
        {"urls": "https://a.example"},
        {"urls": [RIVERS], "excerpts": True},
        {"urls": [RIVERS], "full_content": True},
        {"urls": [RIVERS], "objective": "x" * 5001},
        {"urls": [RIVERS], "search_queries": ["x"] * 6},
        {"urls": [RIVERS], "max_chars_total": 0},
    ],
)
async def test_current_schema_is_closed(tmp_path: Path, body: object) -> None:
    async with engine(tmp_path) as call:
        assert (await call.post("/v1/extract", body)).status_code == 422


async def test_former_schema(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        ask = {"urls": [RIVERS], "excerpts": False, "full_content": True, "future": 1}
        body = (await call.post("/v1beta/extract", ask)).json()
        many = await call.post("/v1beta/extract", {"urls": [RIVERS] * 11})
    assert body["results"][0]["excerpts"] is None
    assert "412 kilometers" in body["results"][0]["full_content"]
    assert "session_id" not in body
    assert many.status_code == 422


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "file:///etc/passwd",
        "ftp://a.example/",
        "http://user:pass@8.8.8.8/",
        "http://[broken/",
        "nonsense",
        "",
    ],
)
async def test_forbidden_addresses_become_errors(tmp_path: Path, url: str) -> None:
    async with engine(tmp_path) as call:
        response = await call.post("/v1/extract", {"urls": [url, RIVERS]})
    body = response.json()
    assert response.status_code == 200
    assert [error["url"] for error in body["errors"]] == [url]
    assert body["errors"][0]["error_type"] == "forbidden_url"
    assert [result["url"] for result in body["results"]] == [RIVERS]


@pytest.mark.parametrize("path", ["/v1/extract", "/v1beta/extract"])
@pytest.mark.parametrize(
    "url",
    [
        "https://docs.local/nope.md",
        "https://docs.local/",
        "http://DOCS.local/notes/nope.txt?x=1#top",
        "https://www.docs.local:8443/nope.md",
        "https://docs.local/../../etc/passwd",
    ],
)
async def test_a_document_that_is_not_there(tmp_path: Path, path: str, url: str) -> None:
    async def asked(_host: str, _port: int) -> Sequence[str]:
        raise AssertionError("nobody is to be asked for an address of the folder")

    async with engine(tmp_path, fetcher=PageFetcher(asked, is_public)) as call:
        body = (await call.post(path, {"urls": [url, RIVERS]})).json()
    (failure,) = body["errors"]
    assert (failure["url"], failure["error_type"], failure["http_status_code"]) == (url, "not_found", 404)
    assert failure["content"].startswith("no such document")
    assert [result["url"] for result in body["results"]] == [RIVERS]


async def test_a_host_of_the_folder_that_has_no_such_page(tmp_path: Path) -> None:
    """Documents may come from a real web site: its other pages are fetched, and when that fails, both is said."""

    async def nobody(_host: str, _port: int) -> Sequence[str]:
        raise OSError("unknown host")

    urls = ["https://geo.example/nope", "https://elsewhere.example/nope"]
    async with engine(tmp_path, fetcher=PageFetcher(nobody, is_public)) as call:
        body = (await call.post("/v1/extract", {"urls": urls})).json()
    kinds = {failure["url"]: (failure["error_type"], failure["content"]) for failure in body["errors"]}
    assert kinds[urls[0]][0] == "not_found"
    assert kinds[urls[0]][1].startswith("no such document")
    assert "does not resolve" in kinds[urls[0]][1]
    assert kinds[urls[1]] == ("forbidden_url", "the host name does not resolve")


@pytest.mark.parametrize(
    "policy", [{"max_age_seconds": 599}, {"max_age_seconds": -1}, {"timeout_seconds": 0}]
)
async def test_fetch_policies_have_a_least_age(tmp_path: Path, policy: dict[str, float]) -> None:
    async with engine(tmp_path) as call:
        settings = {"advanced_settings": {"fetch_policy": policy}}
        answers = [
            await call.post("/v1/extract", {"urls": [RIVERS], **settings}),
            await call.post("/v1beta/extract", {"urls": [RIVERS], "fetch_policy": policy}),
            await call.post("/v1/search", {"search_queries": ["Amber River"], **settings}),
            await call.post("/v1beta/search", {"objective": "Amber River", "fetch_policy": policy}),
        ]
        least = {"max_age_seconds": 600, "timeout_seconds": 0.5, "disable_cache_fallback": True}
        good = {"urls": [RIVERS], "advanced_settings": {"fetch_policy": least}}
        assert (await call.post("/v1/extract", good)).status_code == 200
    for answer in answers:
        assert answer.status_code == 422
        assert next(iter(policy)) in answer.json()["error"]["message"]


async def test_one_private_address_among_several_is_enough_to_refuse() -> None:
    async def mixed(_host: str, _port: int) -> Sequence[str]:
        return ["8.8.8.8", "127.0.0.1"]

    with pytest.raises(Refused):
        await check("http://mixed.example/", mixed, is_public)


class Site:
    """A web server on loopback that pretends to be public hosts; remembers the `Host` headers it saw."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        self.pages = pages
        self.hosts: list[str] = []
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        self.hosts += [line[6:] for line in head.splitlines() if line.lower().startswith("host: ")]
        writer.write(self.pages.get(path, b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"))
        await writer.drain()
        writer.close()

    def fetcher(self, private: frozenset[str] = frozenset()) -> PageFetcher:
        """All names resolve to loopback; those in `private` to an address the guard refuses."""

        async def resolver(host: str, _port: int) -> Sequence[str]:
            return ["10.0.0.1" if host in private else "127.0.0.1"]

        return PageFetcher(resolver, lambda address: address == "127.0.0.1")


@asynccontextmanager
async def site(pages: dict[str, bytes]) -> AsyncIterator[Site]:
    served = Site(pages)
    server = await asyncio.start_server(served.answer, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    async with server:
        yield served


def page(body: bytes, kind: str = "text/html", status: str = "200 OK", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


HTML = (
    b"<html><head><title>Dams</title><meta name='date' content='2020-01-02'></head>"
    b"<body><h1>Dams</h1><p>A dam.</p></body></html>"
)


async def test_public_page(tmp_path: Path) -> None:
    async with site({"/a?b=1": page(HTML)}) as web, engine(tmp_path, fetcher=web.fetcher()) as call:
        url = f"http://dams.example:{web.port}/a?b=1"
        body = (await call.post("/v1/extract", {"urls": [url]})).json()
    assert body["errors"] == []
    assert (body["results"][0]["title"], body["results"][0]["publish_date"]) == ("Dams", "2020-01-02")
    assert "A dam." in body["results"][0]["excerpts"][0]
    assert web.hosts == [f"dams.example:{web.port}"]


async def test_redirects_are_checked_again(tmp_path: Path) -> None:
    pages: dict[str, bytes] = {}
    async with site(pages) as web:
        base = f"http://a.example:{web.port}"
        pages["/go"] = page(
            b"", status="302 Found", extra=f"location: http://inside.example:{web.port}/x\r\n"
        )
        pages["/ok"] = page(b"", status="302 Found", extra="location: /end\r\n")
        pages["/end"] = page(b"plain words", "text/plain")
        pages["/loop"] = page(b"", status="302 Found", extra="location: /loop\r\n")
        async with engine(tmp_path, fetcher=web.fetcher(frozenset({"inside.example"}))) as call:
            urls = [f"{base}/{path}" for path in ("go", "ok", "loop")]
            body = (await call.post("/v1/extract", {"urls": urls})).json()
    assert {error["url"]: error["error_type"] for error in body["errors"]} == {
        urls[0]: "forbidden_url",
        urls[2]: "too_many_redirects",
    }
    assert body["results"][0]["excerpts"] == ["plain words"]


async def test_failures_of_pages(tmp_path: Path) -> None:
    huge = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n" + b"x" * 5_000_001
    pages = {
        "/huge": huge,
        "/image": page(b"\x89PNG", "image/png"),
        "/pdf": page(b"%PDF-broken", "application/pdf"),
    }
    async with site(pages) as web, engine(tmp_path, fetcher=web.fetcher()) as call:
        base = f"http://a.example:{web.port}"
        urls = [f"{base}/{path}" for path in ("huge", "image", "pdf", "missing")]
        body = (await call.post("/v1/extract", {"urls": urls})).json()
    kinds = {error["url"].rpartition("/")[2]: error["error_type"] for error in body["errors"]}
    assert kinds == {
        "huge": "too_large",
        "image": "unsupported_type",
        "pdf": "unreadable",
        "missing": "http_error",
    }
    assert {error["http_status_code"] for error in body["errors"]} == {200, 404}


def packed(body: bytes, encoding: str = "gzip", kind: str = "text/plain") -> bytes:
    return page(body, kind, extra=f"content-encoding: {encoding}\r\n")


def bomb(megabytes: int) -> bytes:
    """As many of one letter, packed piece by piece."""
    packer = zlib.compressobj(1, wbits=31)
    pieces = [packer.compress(b"x" * 1_000_000) for _ in range(megabytes)]
    return b"".join([*pieces, packer.flush()])


async def test_packed_pages(tmp_path: Path) -> None:
    pages = {
        "/gzip": packed(gzip.compress(HTML), kind="text/html"),
        "/x-gzip": packed(gzip.compress(b"plain words"), "X-GZIP"),
        "/none": packed(b"plain words", "identity"),
        "/broken": packed(b"plain words"),
        "/other": packed(zlib.compress(b"plain words"), "deflate"),
        "/bomb": packed(bomb(300)),
        "/twice": packed(gzip.compress(bomb(300)), "gzip, gzip"),
    }
    async with site(pages) as web, engine(tmp_path, fetcher=web.fetcher()) as call:
        urls = [f"http://a.example:{web.port}{path}" for path in pages]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        body = (await call.post("/v1/extract", {"urls": urls})).json()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert [result["url"].rpartition("/")[2] for result in body["results"]] == ["gzip", "x-gzip", "none"]
    assert "A dam." in body["results"][0]["excerpts"][0]
    assert {error["url"].rpartition("/")[2]: error["error_type"] for error in body["errors"]} == {
        "broken": "unreadable",
        "other": "unreadable",
        "bomb": "too_large",
        "twice": "unreadable",
    }
    assert grown < 100_000  # kilobytes


async def test_a_large_page_is_read_apart(tmp_path: Path) -> None:
    body = HTML.replace(b"A dam.", b"A dam. " + b"<b>Water</b> and <i>stone</i>. " * 10_000)
    async with site({"/a": page(body)}) as web, engine(tmp_path, fetcher=web.fetcher()) as call:
        answer = (await call.post("/v1/extract", {"urls": [f"http://a.example:{web.port}/a"]})).json()
    assert (answer["results"][0]["title"], answer["results"][0]["publish_date"]) == ("Dams", "2020-01-02")
    assert "A dam. **Water** and *stone*." in answer["results"][0]["excerpts"][0]


async def test_slow_page_times_out() -> None:
    async def resolver(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(Exception, match="no answer within"):
        await PageFetcher(resolver).fetch("http://slow.example/", 0.01)
