"""Taking secrets out of what is about to be written down. Pure: bytes in, bytes out.

What a call carried as a credential is removed wherever it turns up in a body, in either direction; what a
provider's dialect marks as secret (headers for third parties, webhook addresses) is removed by the provider.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

REDACTED = b"[redacted]"
_SHORTEST = 8  # shorter values are placeholders, and would blot out ordinary words

_SHORTEST_PART = 3


def secrets_of(credentials: Iterable[tuple[bytes, bytes]], authorization: bytes) -> list[bytes]:
    """The secret part of each credential header's value: without its scheme (`Bearer`, `Key`, …)."""
    values: list[bytes] = []
    for name, value in credentials:
        values += _cookie_values(value) if name == b"cookie" else value.split()[-1:]
    if authorization:
        values += authorization.split()[-1:]
    return [value for value in values if len(value) >= _SHORTEST]


def _cookie_values(cookies: bytes) -> list[bytes]:
    return [cookie.partition(b"=")[2].strip() or cookie.strip() for cookie in cookies.split(b";")]


def redact_end(body: bytes, secrets: Sequence[bytes]) -> bytes:
    """A body that was cut, without the beginning of a secret that the cut left at its end."""
    for secret in secrets:
        for length in range(min(len(secret) - 1, len(body)), _SHORTEST_PART, -1):
            if body.endswith(secret[:length]):
                return body[:-length] + REDACTED
    return body


def redact(body: bytes, secrets: Sequence[bytes]) -> bytes:
    """The body without any of the secrets."""
    if body:
        for secret in secrets:
            if secret in body:
                return _without_all(body, secrets)
    return body


def _without_all(body: bytes, secrets: Sequence[bytes]) -> bytes:
    """Of two secrets, one of which begins the other, the longer goes first."""
    for secret in sorted(secrets, key=len, reverse=True):
        body = body.replace(secret, REDACTED)
    return body
