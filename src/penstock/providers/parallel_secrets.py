"""Secrets in Parallel's JSON bodies, and bodies without them (Parallel 1.2, 2.9.7).

Secret are all values in the `headers` of `mcp_servers` and the `url` of a `webhook`, at any depth: task
groups carry them inside `inputs`. Only their bytes change; the rest of the body stays as it came. A body that
mentions those names but is no JSON document (cut short, a stream of events) ends where the first name stands; so
does one of more pieces than anybody means.
"""

from __future__ import annotations

import re
from enum import Enum, auto

import msgspec

from penstock.pieces import Pieces

SECRET_FIELDS = ("mcp_servers", "webhook")

_REDACTED = b"[redacted]"
_NAMES = (b"mcp_servers", b"webhook", b"\\u00")  # the last: any letter of the others may be written so
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_LITERALS = (b"null", b"true", b"false")
_TOKENS_A_PIECE = 2048
_BYTES_A_TOKEN = 128  # looking at one takes as long as looking for something in so many bytes
_MOST_TOKENS = 1_000_000


class _Place(Enum):
    """What a JSON value is, judged by the names above it."""

    PLAIN = auto()
    SERVERS = auto()  # `mcp_servers`, or an element of it
    WEBHOOK = auto()
    SECRET = auto()


def redact(body: bytes) -> Pieces[bytes]:
    """The body with every secret value replaced by "[redacted]", piece by piece; each tells how much work it was."""
    if not any(name in body for name in _NAMES):
        return body
    yield len(body)
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
        yield len(body)
        spans = yield from _secret_spans(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        spans = None
    if spans is None:
        return body[: min(body.find(name) for name in _NAMES if name in body)] + _REDACTED
    return _without(body, spans)


def _without(body: bytes, spans: list[tuple[int, int]]) -> bytes:
    pieces: list[bytes] = []
    done = 0
    for start, end in spans:
        pieces += (body[done:start], b'"', _REDACTED, b'"')
        done = end
    return b"".join((*pieces, body[done:]))


def _secret_spans(body: bytes) -> Pieces[list[tuple[int, int]] | None]:
    """Where the secret scalars of a well-formed document begin and end; None where it has too many tokens."""
    spans: list[tuple[int, int]] = []
    enclosing: list[tuple[_Place, bool]] = []  # (what the container is, whether it is an object)
    here = _Place.PLAIN
    key_next = False
    for count, token in enumerate(_TOKEN.finditer(body), 1):
        text = token[0]
        if text in (b"{", b"["):
            key_next = text == b"{"
            enclosing.append((here, key_next))
        elif text in (b"}", b"]"):
            enclosing.pop()
        elif text == b",":
            here, key_next = enclosing[-1]
        elif text == b":":
            key_next = False
        elif key_next:
            here = _below(enclosing[-1][0], _name(text))
        elif here in (_Place.SECRET, _Place.WEBHOOK) and text not in _LITERALS:
            spans.append(token.span())
        if not count % _TOKENS_A_PIECE:
            yield _TOKENS_A_PIECE * _BYTES_A_TOKEN
            if count > _MOST_TOKENS:
                return None
    return spans


def _below(outer: _Place, key: str) -> _Place:
    """What the member `key` of an object is. Elements of an array are what the array is."""
    if outer is _Place.SECRET:
        return _Place.SECRET
    if key == "mcp_servers":
        return _Place.SERVERS
    if key == "webhook":
        return _Place.WEBHOOK
    if (outer, key) in ((_Place.SERVERS, "headers"), (_Place.WEBHOOK, "url")):
        return _Place.SECRET
    return _Place.PLAIN


def _name(token: bytes) -> str:
    return msgspec.json.decode(token, type=str) if b"\\" in token else token[1:-1].decode()
