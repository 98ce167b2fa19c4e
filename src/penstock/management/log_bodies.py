"""The stored bodies of a log as answers of their own, without an envelope (Cloudflare 4.3).

Pure. A body goes out as it was sent, byte for byte, without its content-encoding where that can be undone. What
callers and providers sent is nothing that a browser may run: the headers see to that.
"""

from __future__ import annotations

import re
from typing import Final

from penstock.management.answer import Answer
from penstock.wire.content_encoding import plain

_BINARY: Final = "application/octet-stream"
_MEDIA_TYPE = re.compile(
    r"[\w.+-]+/[\w.+-]+(?:\s*;\s*[\w.-]+=(?:[\w.+'():,/?=-]+|\"[\w .+'():,/?=-]*\"))*", re.ASCII
)
_ENCODING = re.compile(r"[\w-]+(?:\s*,\s*[\w-]+)*", re.ASCII)
_HARMLESS: Final[tuple[tuple[str, str], ...]] = (
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; sandbox"),
)


def raw_answer(body: bytes, content_type: str, encoding: str, *, is_cut: bool) -> Answer:
    """A body as it is. One that was cut, or cannot be unpacked, says so in its headers."""
    headers = _HARMLESS
    unpacked = plain(body, encoding)
    if unpacked is None and _ENCODING.fullmatch(encoding):
        headers += (("content-encoding", encoding),)
    if is_cut:
        headers += (("penstock-body", "cut"),)
    return Answer(200, body if unpacked is None else unpacked, _media_type(content_type), headers)


def _media_type(content_type: str) -> str:
    return content_type if _MEDIA_TYPE.fullmatch(content_type) else _BINARY
