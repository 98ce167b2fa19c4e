"""Long text of others, cut so that a page stays small: by what it comes to on the wire, escaped. Pure.

Quotes, control characters and Chinese take several bytes each: characters do not tell the size of a page.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from markupsafe import escape

from penstock.calls.pretty import pretty
from penstock_common.printable import lines

MOST_OF_A_CELL: Final = 1000
"""Characters of a text that stands in a line with others."""


_MOST_READ: Final = 400_000  # characters that are laid out before they are cut
_MOST_BLANKS: Final = 4_000_000  # that they get before their lines


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


def laid_out(text: str, content_type: str, most: int) -> Cut:
    """The beginning of a body for reading; as it came where laying it out would take long."""
    shown = pretty(text, content_type, _MOST_BLANKS) if len(text) <= _MOST_READ else text
    return cut(shown, most)


def brief(text: str, most: int = MOST_OF_A_CELL) -> str:
    """The beginning of a text for a cell, with a mark where it is cut: paths and metadata may have 64 kB each."""
    return text if len(text) <= most else f"{text[:most]}…"


def _size(text: str) -> int:
    return len(escape(lines(text)).encode("utf-8", "replace"))
