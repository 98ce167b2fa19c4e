"""Receivers of traces and logs that misbehave: every way of it is "try again" or "given up", and costs no memory."""

from __future__ import annotations

import asyncio
import gzip
import logging
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from penstock.exits.sender import Sender, TryAgain
from penstock.export.delivery import Outlet, Parcel, Refused
from penstock.export.destinations import HttpServer, S3Bucket
from penstock.export.log_push import LogPush
from penstock.export.otlp_traces import OtlpTraces
from penstock.settings.gateways import OtelExporter
from penstock.settings.telemetry import HttpDestination, S3Destination
from support.certificates import Authority
from support.clock import FakeClock
from support.replies import Act, Reply, chunked, head, raw, silence, sized, whole
from support.upstream import Upstream

SECRET = "s3cret-of-the-receiver"
KEYS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": SECRET}
PARCEL = Parcel(1, 1, 1_790_000_000_000_000, [b"{}"])
KINDS = ("otlp", "http", "s3")
BOMB = gzip.compress(b"\0" * 30_000_000, 1)


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    opened = Sender()
    yield opened
    await opened.close()


@pytest.fixture
async def hasty() -> AsyncIterator[Sender]:
    """Does not wait long for those who say nothing."""
    opened = Sender(deadline=0.3)
    yield opened
    await opened.close()


@pytest.fixture
async def elsewhere() -> AsyncIterator[Upstream]:
    server = await Upstream.start()
    yield server
    await server.close()


def outlet(kind: str, url: str, sender: Sender) -> Outlet:
    if kind == "otlp":
        return OtlpTraces(
            OtelExporter(url=url, headers={"x-key": SECRET}, authorization=f"Bearer {SECRET}"), sender
        )
    if kind == "http":
        return LogPush("job", HttpServer(HttpDestination(url=url, headers={"x-key": SECRET}), sender), {})
    bucket = S3Destination(endpoint=url, bucket="bucket")
    return LogPush("job", S3Bucket(bucket, KEYS, sender, FakeClock()), {})


LATER: dict[str, Reply] = {
    "silence": silence(),
    "a reset": raw(Act.RESET),
    "an end before the head": raw(Act.CLOSE),
    "half a head": raw(b"HTTP/1.1 200 OK\r\nconte", Act.CLOSE),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.9\r\n", Act.CLOSE),
    "a head without end": raw(b"HTTP/1.1 200 OK\r\nx: " + b"a" * 300_000, Act.CLOSE),
    "half a body": sized(100, b"half", Act.CLOSE),
    "a body that stops": chunked(b"some", asyncio.Event()),
    "only an interim answer": raw(b"HTTP/1.1 100 Continue\r\n\r\n", asyncio.Event()),
    "too fast": whole(b"", 429, (("retry-after", "7"),)),
    "too fast, until a date": whole(b"", 503, (("retry-after", "Wed, 21 Oct 2099 07:28:00 GMT"),)),
    "too fast, for an odd time": whole(b"", 429, (("retry-after", "9" * 400),)),
}


WITHOUT_END = {"silence", "a body that stops", "only an interim answer"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", LATER)
async def test_it_is_tried_again(
    upstream: Upstream, sender: Sender, hasty: Sender, kind: str, what: str
) -> None:
    upstream.will(LATER[what])
    with pytest.raises(TryAgain) as caught:
        await outlet(kind, upstream.url, hasty if what in WITHOUT_END else sender).deliver(PARCEL)
    assert SECRET not in str(caught.value)
    assert caught.value.after in (None, 7, float("inf"))
    upstream.will(whole(b"{}"))
    await outlet(kind, upstream.url, sender).deliver(PARCEL)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_takes_no_secret_elsewhere(
    upstream: Upstream, elsewhere: Upstream, sender: Sender, kind: str, status: int
) -> None:
    upstream.will(whole(b"", status, (("location", f"{elsewhere.url}/steal"),)))
    with pytest.raises(TryAgain, match=str(status)):
        await outlet(kind, upstream.url, sender).deliver(PARCEL)
    assert elsewhere.connections == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_is_not_unpacked(upstream: Upstream, sender: Sender, kind: str) -> None:
    """Neither one that says it is packed and is not, nor one that would fill the memory."""
    upstream.will(whole(b"no gzip", headers=(("content-encoding", "gzip"),)))
    await outlet(kind, upstream.url, sender).deliver(PARCEL)
    upstream.will(whole(BOMB, headers=(("content-encoding", "gzip"),)))
    tracemalloc.start()
    try:
        await outlet(kind, upstream.url, sender).deliver(PARCEL)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2_000_000
    assert upstream.requests[0].header("accept-encoding") == b"identity"


@pytest.mark.parametrize("kind", KINDS)
async def test_of_a_huge_answer_a_part_is_read(upstream: Upstream, sender: Sender, kind: str) -> None:
    piece = b"x" * 65536
    upstream.will(Reply((head(200, (("content-length", "10000000000"),)), *([piece] * 2000))))
    await outlet(kind, upstream.url, sender).deliver(PARCEL)
    assert upstream.sent < 200 * len(piece)  # what the sockets between them hold


@pytest.mark.parametrize("kind", KINDS)
async def test_a_certificate_that_nobody_knows(tmp_path: Path, sender: Sender, kind: str) -> None:
    server = await Upstream.start(tls=Authority(tmp_path).server("127.0.0.1"))
    with pytest.raises(TryAgain, match=r"(?i)certificate"):
        await outlet(kind, server.url, sender).deliver(PARCEL)
    assert server.requests == []
    await server.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY"])
async def test_an_environment_that_is_wrong_is_said_as_such(
    upstream: Upstream, sender: Sender, kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "gopher://proxy.test:70")
    with pytest.raises(TryAgain):
        await outlet(kind, upstream.url, sender).deliver(PARCEL)
    monkeypatch.delenv(name)
    await outlet(kind, upstream.url, sender).deliver(PARCEL)


async def test_certificates_that_are_not_there(
    upstream: Upstream, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    with pytest.raises(TryAgain):
        await outlet("http", upstream.url, sender).deliver(PARCEL)


HOSTILE = b'{"partialSuccess":{"rejectedSpans":"2","errorMessage":"\\n2026-11-22 all is well\\u001b[2J"}}'


@pytest.mark.parametrize(
    "body",
    [
        HOSTILE,
        b"[" * 60_000,
        b'{"partialSuccess":{"rejectedSpans":"many"}}',
        b'{"partialSuccess":{"rejectedSpans":"' + b"9" * 50_000 + b'"}}',
        b'{"partialSuccess":7}',
        b"\xff\xfe",
    ],
)
async def test_what_a_receiver_says_drives_no_terminal(
    upstream: Upstream, sender: Sender, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.will(whole(body), whole(body, 400))
    caplog.set_level(logging.INFO, "penstock.processes.keeper")
    await outlet("otlp", upstream.url, sender).deliver(PARCEL)
    with pytest.raises(Refused) as caught:
        await outlet("otlp", upstream.url, sender).deliver(PARCEL)
    for text in (str(caught.value), *(record.getMessage() for record in caplog.records)):
        assert text.isprintable()
        assert len(text) < 1000
