"""Log push into a folder, to a server and into a bucket; what of it fails, and what is said then."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import json
import stat
from pathlib import Path

import pytest

from penstock.exits.sender import Sender, TryAgain
from penstock.export.delivery import Parcel, Refused
from penstock.export.destinations import Folder, HttpServer, S3Bucket
from penstock.export.log_push import LogPush, object_name
from penstock.settings.telemetry import HttpDestination, S3Destination
from support.clock import FakeClock
from support.export_kit import Store, a_sender, an_empty_store
from support.replies import Act, raw, whole
from support.upstream import Seen, Upstream

store = pytest.fixture(an_empty_store)
sender = pytest.fixture(a_sender)

AT_US = 1_790_000_000_123_456
NAME = "20260921/20260921T141320Z-archive-3-9.ndjson.gz"
SECRET = "s3cr3t/+key"
ENVIRON = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": SECRET}


def parcel(*lines: bytes) -> Parcel:
    return Parcel(3, 9, AT_US, lines)


async def test_an_object_in_a_folder(tmp_path: Path) -> None:
    push = LogPush("archive", Folder(tmp_path / "logs"), {})
    await push.deliver(parcel(b'{"a":1}\n', b'{"a":2}\n'))
    (path,) = (tmp_path / "logs").rglob("*.gz")
    assert path == tmp_path / "logs" / NAME
    assert gzip.decompress(path.read_bytes()) == b'{"a":1}\n{"a":2}\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    await push.deliver(parcel(b'{"a":1}\n', b'{"a":2}\n'))
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


async def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    push = LogPush("archive", Folder(tmp_path / "logs"), {})
    with pytest.raises(TryAgain, match="cannot be written"):
        await push.deliver(parcel(b"x\n"))
    (tmp_path / "logs").unlink()
    await push.deliver(parcel(b"x\n"))


async def test_an_object_that_is_half_written_does_not_show(tmp_path: Path) -> None:
    folder = tmp_path / NAME.partition("/")[0]
    (folder / f".{NAME.partition('/')[2]}.new").mkdir(parents=True)
    with pytest.raises(TryAgain):
        await Folder(tmp_path).put(NAME, b"x")
    assert not await asyncio.to_thread(lambda: list(tmp_path.rglob("*.gz")))


def test_names_sort_by_time_and_tell_jobs_apart() -> None:
    assert object_name("archive", parcel()) == NAME
    assert object_name("other", parcel()) != NAME
    later = parcel()._replace(at_us=AT_US + 10**9)
    assert object_name("archive", later) > NAME


# -- a server


def server(upstream: Upstream, sender: Sender) -> HttpServer:
    return HttpServer(HttpDestination(url=f"{upstream.url}/in", headers={"x-key": "k"}), sender)


async def test_a_server_gets_one_post(upstream: Upstream, sender: Sender) -> None:
    await LogPush("archive", server(upstream, sender), {}).deliver(parcel(b"{}\n"))
    seen = await upstream.only()
    assert (seen.method, seen.target) == (b"POST", b"/in")
    assert gzip.decompress(bytes(seen.body)) == b"{}\n"
    assert seen.header("content-type") == b"application/x-ndjson"
    assert seen.header("content-encoding") == b"gzip"
    assert seen.header("x-key") == b"k"
    assert seen.header("idempotency-key") == f'"{NAME}"'.encode()


@pytest.mark.parametrize("status", [301, 401, 403, 404, 408, 429, 500, 503])
async def test_what_an_operator_can_mend_is_tried_again(
    upstream: Upstream, sender: Sender, status: int
) -> None:
    upstream.will(whole(b"", status, (("retry-after", "3"),)))
    with pytest.raises(TryAgain, match=f"status {status}") as caught:
        await server(upstream, sender).put(NAME, b"x")
    assert caught.value.after == 3


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_what_a_server_will_never_take(upstream: Upstream, sender: Sender, status: int) -> None:
    upstream.will(whole(b"", status))
    with pytest.raises(Refused, match=f"status {status}"):
        await server(upstream, sender).put(NAME, b"x")


# -- a bucket


def bucket(upstream: Upstream, sender: Sender, environ: dict[str, str] = ENVIRON) -> S3Bucket:
    settings = S3Destination(endpoint=upstream.url, bucket="my-logs", prefix="a/b", region="eu-central-1")
    return S3Bucket(settings, environ, sender, FakeClock())


def is_signed(seen: Seen) -> bool:
    """Checks a signature as a store does: from the bytes of the request, and the secret."""
    headers = {name.lower().decode(): value.decode() for name, value in seen.headers}
    scheme, _, rest = headers["authorization"].partition(" ")
    assert scheme == "AWS4-HMAC-SHA256"
    parts = dict(part.split("=", 1) for part in rest.split(","))
    key_id, day, region, service, end = parts["Credential"].split("/")
    names = parts["SignedHeaders"].split(";")
    assert {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names)
    assert headers["x-amz-content-sha256"] == hashlib.sha256(bytes(seen.body)).hexdigest()
    path, _, query = seen.target.decode().partition("?")
    lines = [seen.method.decode(), path, query]
    lines += [f"{name}:{headers[name].strip()}" for name in names]
    lines += ["", ";".join(names), headers["x-amz-content-sha256"]]
    hashed = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    text = "\n".join((scheme, headers["x-amz-date"], f"{day}/{region}/{service}/{end}", hashed))
    key = b"AWS4" + SECRET.encode()
    for part in (day, "eu-central-1", "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    found = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    is_theirs: bool = (
        key_id == "AKID" and headers["x-amz-date"].startswith(day) and found == parts["Signature"]
    )
    return is_theirs


async def test_an_object_in_a_bucket(upstream: Upstream, sender: Sender) -> None:
    await LogPush("archive", bucket(upstream, sender), {}).deliver(parcel(b"{}\n"))
    seen = await upstream.only()
    assert (seen.method, seen.target) == (b"PUT", f"/my-logs/a/b/{NAME}".encode())
    assert gzip.decompress(bytes(seen.body)) == b"{}\n"
    assert seen.header("content-encoding") is None
    assert is_signed(seen)
    assert SECRET.encode() not in seen.head


async def test_a_session_token(upstream: Upstream, sender: Sender) -> None:
    await bucket(upstream, sender, {**ENVIRON, "AWS_SESSION_TOKEN": "sess"}).put(NAME, b"x")
    seen = await upstream.only()
    assert seen.header("x-amz-security-token") == b"sess"
    assert is_signed(seen)


async def test_a_bucket_that_says_no(upstream: Upstream, sender: Sender) -> None:
    upstream.will(
        whole(b"<?xml?><Error><Code>AccessDenied</Code><Message>no</Message></Error>", 403),
        whole(b"", 503, (("retry-after", "9"),)),
        raw(Act.RESET),
    )
    for expected in ("my-logs at 127.0.0.1:.* 403 AccessDenied$", "503$", "127.0.0.1"):
        with pytest.raises(TryAgain, match=expected):
            await bucket(upstream, sender).put(NAME, b"x")
    await bucket(upstream, sender).put(NAME, b"x")


async def test_missing_credentials_are_named(upstream: Upstream, sender: Sender) -> None:
    with pytest.raises(TryAgain, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        await bucket(upstream, sender, {"AWS_ACCESS_KEY_ID": "AKID"}).put(NAME, b"x")
    assert upstream.requests == []


def test_a_gateway_with_a_broken_key_sends_nothing(store: Store, tmp_path: Path) -> None:
    push = LogPush("archive", Folder(tmp_path), {("acct", "gw"): None})
    assert push.encode(store.row(), None) is None
    line = push.encode(store.row(gateway="other"), None)
    assert line is not None
    assert json.loads(line)["Gateway"] == "other"
