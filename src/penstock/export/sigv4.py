"""AWS Signature Version 4 for one request with a whole body. Pure, by the standard library.

The store is spoken to with one kind of request; the vendor's library would bring 15 MB for it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import quote

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
) -> dict[str, str]:
    """The headers to send. `path` and `query` as they go over the wire, encoded and the query sorted.

    `headers` have names in lower case, `host` among them; all of them are signed.
    """
    moment = datetime.fromtimestamp(scope.now_us // 1_000_000, UTC)
    stamp, day = f"{moment:%Y%m%dT%H%M%SZ}", f"{moment:%Y%m%d}"
    digest = sha256(body).hexdigest()
    own = {"x-amz-content-sha256": digest, "x-amz-date": stamp}
    if credentials.session:
        own["x-amz-security-token"] = credentials.session
    whole = {**headers, **own}
    names = sorted(whole)
    lines = "".join(f"{name}:{' '.join(whole[name].split())}\n" for name in names)
    canonical = "\n".join((method, path, query, lines, ";".join(names), digest))
    place = "/".join((day, scope.region, scope.service, _TERMINATOR))
    text = "\n".join((_ALGORITHM, stamp, place, sha256(canonical.encode()).hexdigest()))
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
    return quote(path, safe=f"/{UNRESERVED}")


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
