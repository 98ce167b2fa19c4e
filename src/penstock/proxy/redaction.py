"""Taking secrets out of what is about to be written down. Pure: bytes in, bytes out.

What a call carried as a credential is removed wherever it turns up in a body, in either direction; what a
provider's dialect marks as secret (headers for third parties, webhook addresses) is removed by the provider. Both
sizes are the caller's: work that may be long is a generator of small pieces, and more than a bound is not begun.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote_from_bytes

from penstock.pieces import Pieces, finished
from penstock.wire.target import query_secrets

REDACTED: Final = b"[redacted]"

AT_ONCE: Final = 1024 * 1024
"""Bytes looked at, by all secrets together, for which nobody needs to be let past."""

_MOST_SECRETS = 256
_LONGEST = 16384  # bytes of one secret
_MOST_WORK = 256 * 1024 * 1024  # bytes × secrets, of one call: less than a second
_FEW = 4
_CHUNK = 32768  # bytes looked at in one piece
_SHORTEST = 8  # shorter values are placeholders, and would blot out ordinary words
_SHORTEST_PART = 4  # of a secret, at the end of a body that was cut
_A_HIT = 256  # finding something takes as long as looking at so many bytes
_PERCENT = re.compile(rb"%[0-9A-F]{2}")
_AS_LETTERS = bytes.maketrans(b"-._~", b"aaaa")  # what is neither may be written in other ways


def secrets_of(credentials: Iterable[tuple[bytes, bytes]], authorization: bytes) -> list[bytes]:
    """The secret part of each credential header's value: without its scheme (`Bearer`, `Key`, …)."""
    values: list[bytes] = []
    for name, value in credentials:
        values += _cookie_values(value) if name == b"cookie" else value.split()[-1:]
    if authorization:
        values += authorization.split()[-1:]
    if len(values) == 1 and len(values[0]) >= _SHORTEST:
        return values
    return [value for value in values if len(value) >= _SHORTEST]


def secrets_in_query(query: bytes) -> list[bytes]:
    """What a query has of credentials."""
    return [value for value in query_secrets(query) if len(value) >= _SHORTEST]


def _cookie_values(cookies: bytes) -> list[bytes]:
    return [cookie.partition(b"=")[2].strip() or cookie.strip() for cookie in cookies.split(b";")]


def spelled(secrets: list[bytes]) -> list[bytes]:
    """The secrets, and as JSON and forms write them, where that is otherwise: each once, where there are many."""
    if len(secrets) <= _FEW:
        for secret in secrets:
            if not secret.translate(_AS_LETTERS).isalnum():
                break
        else:
            return secrets
    found = dict.fromkeys(secrets)
    for secret in secrets:
        if len(found) > _MOST_SECRETS:
            break  # too many as it is
        if len(secret) <= _LONGEST and not secret.translate(_AS_LETTERS).isalnum():
            escaped = secret.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            percent = quote_from_bytes(secret, safe="").encode()
            lower = _PERCENT.sub(lambda match: match[0].lower(), percent)
            found |= dict.fromkeys((escaped, escaped.replace(b"/", b"\\/"), percent, lower))
    return list(found)


def too_much(secrets: Sequence[bytes], size: int) -> str:
    """Why so many secrets cannot be looked for in so many bytes in a bounded time; empty where they can."""
    if len(secrets) > _MOST_SECRETS:
        return f"more than {_MOST_SECRETS} secrets to look for"
    if any(len(secret) > _LONGEST for secret in secrets):
        return f"a secret of more than {_LONGEST} bytes to look for"
    if len(secrets) * size > _MOST_WORK:
        return f"{len(secrets)} secrets to look for in {size} bytes"
    return ""


def holds_one(secrets: Sequence[bytes], request: bytes, response: bytes) -> bool:
    """Whether one of the secrets stands in one of the bodies; as a rule none does."""
    # A generator would cost more than all else; `in` tries bytes as a number first, and makes an exception.
    for secret in secrets:  # noqa: SIM110 -- for every call: `in` first tries bytes as a number, and drops the error
        if request.find(secret) >= 0 or response.find(secret) >= 0:
            return True
    return False


def redact(body: bytes, secrets: Sequence[bytes], cut: bool = False) -> bytes:
    """The body without any of the secrets. `cut`: nor the beginning of one, where it was cut off."""
    return finished(redacting(body, secrets, cut=cut))


def redacting(body: bytes, secrets: Sequence[bytes], *, cut: bool) -> Pieces[bytes]:
    """`redact`, piece by piece. Secrets that overlap go as one."""
    end = kept = len(body)
    if cut:
        for secret in secrets:
            kept = min(kept, end - _begun(body, secret))
            yield _A_HIT * len(secret)
    pieces: list[bytes] = []
    done = 0  # up to here all is in `pieces`
    for start in range(0, end, _CHUNK):
        spans: dict[int, int] = {}  # where secrets begin and end
        for secret in secrets:
            hits = _find(body, secret, start, min(start + _CHUNK, end), spans)
            yield _CHUNK + hits * _A_HIT
        if spans:
            done = _without(body, done, spans, pieces)
    if kept < end:
        done = _without(body, done, {kept: end}, pieces)
    return b"".join((*pieces, body[done:])) if done else body


def _find(body: bytes, secret: bytes, start: int, stop: int, spans: dict[int, int]) -> int:
    """Notes where the secret stands that begins in this part of a body; how often."""
    size, hits = len(secret), 0
    stop += size - 1
    at = body.find(secret, start, stop)
    while at >= 0:
        hits += 1
        spans[at] = max(spans.get(at, 0), at + size)
        at = body.find(secret, at + size, stop)
    return hits


def _without(body: bytes, done: int, spans: dict[int, int], pieces: list[bytes]) -> int:
    """Adds what lies before and between the spans, one behind the other, in one piece; how far that reaches."""
    found: list[bytes] = []
    for start in sorted(spans):
        if start >= done:
            found += (body[done:start], REDACTED)
        done = max(done, spans[start])
    pieces.append(b"".join(found))
    return done


def _begun(body: bytes, secret: bytes) -> int:
    """How many bytes at the end of a body are the beginning of the secret."""
    head = secret[:_SHORTEST_PART]
    at = body.find(head, max(0, len(body) - len(secret) + 1))
    while at >= 0:
        if secret.startswith(body[at:]):
            return len(body) - at
        at = body.find(head, at + 1)
    return 0
