"""Long text of others, cut so that a page stays small: by what it comes to on the wire, escaped. Pure.

Quotes, control characters and Chinese take several bytes each: characters do not tell the size of a page.
"""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import escape

from penstock_common.printable import lines


class Cut(NamedTuple):
    """The beginning of a text, and whether that is all of it; `size` in bytes of the page."""

    text: str
    is_whole: bool
    size: int


def cut(text: str, most: int) -> Cut:
    """As much of a text as takes no more than `most` bytes of a page."""
    found = text[:most]
    while (size := _size(found)) > most:
        found = found[: min(len(found) * most // size, len(found) - 1)]
    return Cut(found, len(found) == len(text), size)


def _size(text: str) -> int:
    return len(escape(lines(text)).encode("utf-8", "replace"))
