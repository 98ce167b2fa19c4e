"""A stored body as text, where it is text.

Pure; layout for people's eyes is the command line's.
"""

from __future__ import annotations

from penstock.wire.content_encoding import plain

_TEXT_TYPES = ("text/", "json", "xml", "javascript", "x-www-form-urlencoded")


def body_text(body: bytes, content_type: str, encoding: str) -> str | None:
    """A body as text; None when it is none, or cannot be unpacked."""
    unpacked = plain(body, encoding)
    if unpacked is None:
        return None
    known = any(part in content_type.lower() for part in _TEXT_TYPES)
    if b"\0" in unpacked and not known:
        return None
    try:
        return unpacked.decode()
    except UnicodeDecodeError as error:
        if error.end == len(unpacked) and error.reason == "unexpected end of data":
            return unpacked[: error.start].decode()  # cut within a character
        return unpacked.decode(errors="replace") if known else None
