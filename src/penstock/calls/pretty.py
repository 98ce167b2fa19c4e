"""A body for reading: JSON indented, a stream one line an event. Pure; text in, text out."""

from __future__ import annotations

import re
from typing import Final

import msgspec

_INDENT: Final = 2
MOST_BLANKS: Final = 64 * 1024 * 1024
_BRACKETS: Final = re.compile(r"[\[\]{}]")


def pretty(text: str, content_type: str, most_blanks: int = MOST_BLANKS) -> str:
    """A body for reading: JSON indented, one line an event for a stream, anything else as it is, as JSON is that would
    get more blanks than that.
    """
    if "event-stream" in content_type.lower():
        return "\n".join(line for line in text.splitlines() if line.strip())
    if _blanks(text) > most_blanks:
        return text
    try:
        return msgspec.json.format(text, indent=_INDENT)
    except (msgspec.MsgspecError, RecursionError):
        return text


def _blanks(text: str) -> int:
    """No fewer characters than JSON gets before its lines: deeply nested, it may come to a thousand times itself."""
    depth = deepest = lines = 0
    for bracket in _BRACKETS.findall(text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
        lines += 1
    return (lines + text.count(",")) * deepest * _INDENT
