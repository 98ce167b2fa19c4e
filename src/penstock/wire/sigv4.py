"""AWS Signature Version 4 for one request with a whole body. Pure, by the standard library.

For logs that go to a bucket and for calls to models alike; the vendor's library would bring 15 MB for it. Which headers
are signed, and where a signature holds, is for who sends the request to say.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

UNRESERVED: Final = "-_.~"
_ALGORITHM = "AWS4-HMAC-SHA256"
_TERMINATOR = "aws4_request"


class Credentials(NamedTuple):
    """Whose request it is. `session` is empty for long-lived keys."""

    key_id: str
    secret: str
    session: str = ""

    def __repr__(self) -> str:
        return f"Credentials(key_id={self.key_id!r})"


class Scope(NamedTuple):
    """Where and when a signature holds; the moment in wall-clock microseconds."""

    region: str
    service: str
    now_us: int


def signed(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    credentials: Credentials,
    scope: Scope,
    *,
    tells_digest: bool = True,
) -> dict[str, str]:
    """The headers to send. `path` and `query` as they are signed: for a bucket as they go over the wire, encoded and
    the query sorted; for other services what `path_to_sign` and `query_to_sign` make of that.

    `headers` have names in lower case, `host` among them; all of them are signed. `tells_digest`: a bucket wants that
    of the body in a header as well.
    """
    moment = datetime.fromtimestamp(scope.now_us // 1_000_000, UTC)
    stamp, day = f"{moment:%Y%m%dT%H%M%SZ}", f"{moment:%Y%m%d}"
    digest = sha256(body).hexdigest()
    own = {"x-amz-date": stamp}
    if tells_digest:
        own["x-amz-content-sha256"] = digest
    if credentials.session:
        own["x-amz-security-token"] = credentials.session
    whole = {**headers, **own}
    names = sorted(whole)
    lines = "".join(f"{name}:{' '.join(whole[name].split())}\n" for name in names)
    canonical = "\n".join((method, path, query, lines, ";".join(names), digest))
    place = "/".join((day, scope.region, scope.service, _TERMINATOR))
    text = "\n".join(
        (_ALGORITHM, stamp, place, sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest())
    )
    key = f"AWS4{credentials.secret}".encode()
    for part in (day, scope.region, scope.service, _TERMINATOR):
        key = _mac(key, part)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"{credentials.key_id}/{place}"
    return {
        **whole,
        "authorization": f"{_ALGORITHM} Credential={credential},SignedHeaders={';'.join(names)},Signature={signature}",
    }


def encoded_path(path: str) -> str:
    """A path as it is signed and sent: everything but `/` and unreserved characters is percent-encoded."""
    return quote(path, safe=f"/{UNRESERVED}", errors="surrogateescape")


def path_to_sign(path: str) -> str:
    """What a path that goes over the wire is signed as: without doubled slashes and dots, and encoded once more.

    A model's `:` is signed as `%3A`, and one that came as `%3A` as `%253A`.
    """
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part and part != ".":
            parts.append(part)
    end = "/" if path.endswith("/") and parts else ""
    return encoded_path("/" + "/".join(parts) + end)


def query_to_sign(query: str) -> str:
    """What a query that goes over the wire (without its `?`) is signed as: sorted, and encoded in one way."""
    pairs = (part.partition("=") for part in query.split("&") if part)
    again = sorted((_again(name), _again(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in again)


def _again(text: str) -> str:
    return quote(unquote(text, errors="surrogateescape"), safe=UNRESERVED, errors="surrogateescape")


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
