"""`data:` URLs: what stands in them, and writing one (RFC 2397; dialects, C 51).

The base64 behind the comma is carried as it is; a URL whose data is percent-encoded text becomes base64 first. Other
parameters of the head (`;charset=…`, `;name=…`) have no meaning for models and fall away.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from penstock.wire.dialects.conversation import Data, Url
from penstock.wire.dialects.loss import Refused

_HEAD: Final = re.compile(r"data:([^,]*),", re.IGNORECASE)
_BLANKS: Final = re.compile(r"\s+")
_MOST_HEAD: Final = 1024
_UNSAID: Final = "text/plain"  # what RFC 2397 says of a head without a type


def is_data_url(url: str) -> bool:
    """Whether it holds its bytes itself."""
    return url[:5].lower() == "data:"


def read_data_url(url: str, at: str) -> Data:
    """What a `data:` URL holds. Raises `Refused` with `at` for one that cannot be read."""
    head = _HEAD.match(url, 0, _MOST_HEAD)
    if head is None:
        raise Refused(at, "must be a data: URL, data:<media type>;base64,<data>")
    media_type, *parameters = (part.strip() for part in head[1].split(";"))
    if any(one.lower() == "base64" for one in parameters):
        return Data(media_type.lower(), legal_base64(url[head.end() :], at))
    plain = base64.b64encode(unquote_to_bytes(url[head.end() :]))
    return Data(media_type.lower() or _UNSAID, plain.decode())


def read_place(url: str, at: str) -> Data | Url:
    """The place that a URL names, `data:` or any other. Raises `Refused` for an empty one, too."""
    if not url:
        raise Refused(at, "must not be empty")
    return read_data_url(url, at) if is_data_url(url) else Url(url)


def legal_base64(data: str, at: str) -> str:
    """Base64 without blanks. Raises `Refused` with `at` for anything else."""
    text = _BLANKS.sub("", unquote_to_bytes(data).decode("latin-1") if "%" in data else data)
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(at, f"is not base64: {error}") from None
    return text


def data_url(data: Data) -> str:
    """The URL that holds it."""
    return f"data:{data.media_type};base64,{data.base64}"


def text_of(data: Data) -> str | None:
    """The text that it is, where its type says so and it is one; None otherwise."""
    if not data.media_type.startswith("text/"):
        return None
    try:
        return base64.b64decode(data.base64).decode()
    except (ValueError, UnicodeDecodeError):
        return None
