"""The header lines that sign one request to Amazon, by the request as it goes over the wire. Pure.

How a signature is made is `wire/sigv4.py`'s affair. Signed is what no proxy on the way changes: host, path, query,
body, `content-type` and Amazon's own headers.
"""

from __future__ import annotations

from typing import Final

from penstock.providers.aws_keys import AwsKeys
from penstock.wire.headers import without
from penstock.wire.sigv4 import Credentials, Scope, path_to_sign, query_to_sign, signed

_MADE: Final = {b"authorization", b"x-amz-content-sha256", b"x-amz-date", b"x-amz-security-token"}
_OF_PROXIES: Final = "x-amz-cf-"  # Amazon's own add these on the way


def signed_lines(
    method: bytes,
    target: bytes,
    authority: bytes,
    lines: list[bytes],
    body: bytes,
    keys: AwsKeys,
    scope: Scope,
) -> list[bytes]:
    """The lines, in the pieces of `RequestHead.forward`, with the signature in place of what else could prove who asks.

    `target` is path and query, `authority` what the `host` line says.
    """
    lines = without(lines, _MADE)
    path, _, query = _text(target).partition("?")
    told = signed(
        _text(method),
        path_to_sign(path),
        query_to_sign(query),
        {"host": _text(authority), **_signed_headers(lines)},
        body,
        Credentials(keys.key_id, keys.secret, keys.session),
        scope,
        tells_digest=False,
    )
    for name in ("x-amz-date", "x-amz-security-token", "authorization"):
        if name in told:
            lines += (name.encode(), b": ", told[name].encode(), b"\r\n")
    return lines


def _signed_headers(lines: list[bytes]) -> dict[str, str]:
    """Of the caller's, those that Amazon wants signed; one that is there twice as one, as its reader joins them."""
    found: dict[str, str] = {}
    for start in range(0, len(lines), 4):
        name, value = _text(lines[start]).lower(), _text(lines[start + 2])
        if name == "content-type" or (name.startswith("x-amz-") and not name.startswith(_OF_PROXIES)):
            found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
