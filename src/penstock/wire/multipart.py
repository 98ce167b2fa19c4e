"""Small text fields of a multipart form, wherever they stand in it (RFC 7578). Files are passed over. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)
_NAME = re.compile(rb";\s*name\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;\"]+))", re.IGNORECASE)
_FILE = re.compile(rb";\s*filename\*?\s*=", re.IGNORECASE)
_MOST_PARTS = 1000
_LONGEST_HEAD = 4096
_LONGEST_VALUE = 4096


def is_form(content_type: str) -> bool:
    """Whether a body of this type is a multipart form."""
    return content_type.lower().lstrip().startswith("multipart/")


def fields(body: bytes, content_type: str) -> Iterator[tuple[str, str]]:
    """Names and values of the fields that are no files, in their order; as far as it goes in a form that is cut short.

    Fields with a long value are left out, and so is what comes behind a thousand parts.
    """
    told = _BOUNDARY.search(content_type)
    if told is None:
        return
    mark = b"--" + (told[1] or told[2]).encode("latin-1", "replace")
    at = body.find(mark)
    for _ in range(_MOST_PARTS):
        if at < 0:
            return
        start = at + len(mark)
        if body.startswith(b"--", start):
            return
        at = body.find(b"\n" + mark, start)
        part = _field(body, start, len(body) if at < 0 else at)
        if part is not None:
            yield part
        at += at >= 0


def _field(body: bytes, start: int, end: int) -> tuple[str, str] | None:
    head_end, gap = _head_end(body, start, min(end, start + _LONGEST_HEAD))
    if head_end < 0 or end - head_end - gap > _LONGEST_VALUE:
        return None
    head = body[start:head_end]
    name = _NAME.search(head)
    if name is None or _FILE.search(head):
        return None
    value = body[head_end + gap : end].removesuffix(b"\r")
    return _text(name[1] if name[1] is not None else name[2]), _text(value)


def _head_end(body: bytes, start: int, end: int) -> tuple[int, int]:
    """Where a part's head ends, and how many bytes the empty line takes."""
    ends = [(body.find(gap, start, end), len(gap)) for gap in (b"\r\n\r\n", b"\n\n")]
    found = [one for one in ends if one[0] >= 0]
    return min(found) if found else (-1, 0)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
