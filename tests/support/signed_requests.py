"""A verifier of AWS signatures, written by the contract and not by the signer: from a request as a server got it.

It signs nothing. A request whose signature does not hold fails the test with what was signed instead.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import unquote_to_bytes

from support.upstream import Seen

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([a-z0-9-]+)/([a-z-]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Signature:
    """What a signature says of itself, once it was found to hold."""

    def __init__(self, key_id: str, region: str, service: str, names: list[str], stamp: str) -> None:
        self.key_id = key_id
        self.region = region
        self.service = service
        self.names = names
        self.stamp = stamp


async def verified(seen: Seen, secret: str) -> Signature:
    """The signature of a request, which must hold for this secret."""
    body = await seen.whole_body()
    match = _AUTHORIZATION.fullmatch((seen.header("authorization") or b"").decode())
    assert match, seen.head
    key_id, day, region, service, signed, signature = match.groups()
    names = signed.split(";")
    assert names == sorted(names)
    assert {"host", "x-amz-date"} <= set(names)
    assert all(name.decode() in names for name in seen.names if name.startswith(b"x-amz-"))
    stamp = (seen.header("x-amz-date") or b"").decode()
    assert stamp.startswith(day)
    raw_path, _, raw_query = seen.target.partition(b"?")
    lines = [f"{name}:{_value(seen, name)}\n".encode("latin-1") for name in names]
    request = b"\n".join(
        (
            seen.method,
            _escaped(raw_path, slash=True),
            _query(raw_query),
            b"".join(lines),
            signed.encode(),
            hashlib.sha256(body).hexdigest().encode(),
        )
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request).hexdigest()}"
    key = b"AWS4" + secret.encode()
    for part in (day, region, service, "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    assert key.hex() == signature, request
    return Signature(key_id, region, service, names, stamp)


def _value(seen: Seen, name: str) -> str:
    values = [value.decode("latin-1").strip() for key, value in seen.headers if key.lower() == name.encode()]
    assert values, f"{name} is signed, and is not there"
    return ",".join(re.sub(" +", " ", value) for value in values)


def _escaped(data: bytes, *, slash: bool = False) -> bytes:
    plain = _PLAIN | {ord("/")} if slash else _PLAIN
    return b"".join(bytes((byte,)) if byte in plain else b"%%%02X" % byte for byte in data)


def _query(raw: bytes) -> bytes:
    pairs = []
    for part in filter(None, raw.split(b"&")):
        name, _, value = part.partition(b"=")
        pairs.append((_escaped(unquote_to_bytes(name)), _escaped(unquote_to_bytes(value))))
    return b"&".join(b"%b=%b" % pair for pair in sorted(pairs))
