"""What may be stored as a provider's credential, or as headers with credentials, and what people see of it.

Pure. Errors never show what was given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

MAX_SECRET_BYTES: Final = 64 * 1024

_SHOWN = 4  # characters
_SHORTEST_SHOWN = 12  # of a shorter secret even four characters say too much
_LINE = re.compile(rb"[!-~](?:[ -~]*[!-~])?")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[!-~](?:[\t -~]*[!-~])?")
# They frame the request, or are the gateway's own.
_RESERVED = {
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}

_to_headers = msgspec.json.Decoder(dict[str, str]).decode


def checked_secret(text: bytes) -> bytes:
    """A credential without the blanks around it: one line, or a JSON object (Cloudflare 3.13). Raises ValueError."""
    secret = text.strip()
    if not secret:
        raise ValueError("the secret is empty")
    if len(secret) > MAX_SECRET_BYTES:
        raise ValueError(f"the secret has more than {MAX_SECRET_BYTES} bytes")
    if secret.startswith(b"{"):
        if not _is_object(secret):
            raise ValueError("the secret begins like a JSON object, but is none")
    elif _LINE.fullmatch(secret) is None:
        raise ValueError("the secret must be one line of visible ASCII characters, or a JSON object")
    return secret


def preview(secret: bytes) -> str:
    """What may be shown of a credential: its last characters, if it is long enough."""
    if secret.startswith(b"{"):
        return "{…}"
    return f"…{secret[-_SHOWN:].decode()}" if len(secret) >= _SHORTEST_SHOWN else "…"


def headers_text(headers: Sequence[tuple[str, str]]) -> bytes:
    """Headers as the JSON object that gets sealed (Cloudflare 4.7). Raises ValueError for impossible ones."""
    named: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        if _HEADER_NAME.fullmatch(name) is None:
            raise ValueError("a header has an impossible name")
        if key in _RESERVED or key.startswith("cf-aig-"):
            raise ValueError(f"the header {key} is the gateway's own")
        if key in named:
            raise ValueError(f"the header {key} is given twice")
        if _HEADER_VALUE.fullmatch(value) is None:
            raise ValueError(f"the value of the header {key} must be one line of ASCII characters")
        named[key] = value
    return msgspec.json.encode(named)


def headers_of(text: bytes) -> tuple[tuple[str, str], ...]:
    """Names in lower case and values, from what `headers_text` gave. Raises ValueError."""
    try:
        return tuple(_to_headers(text).items())
    except msgspec.MsgspecError:
        raise ValueError("the stored headers are not a JSON object of texts") from None


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except msgspec.MsgspecError:
        return False
