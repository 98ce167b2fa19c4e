"""What is ranked: a small document whole, a large one in neighbouring passages. Pure.

Passages are what is quoted; a unit is a run of them, long enough for its words to be weighed. Cutting a small
document up costs more right answers than it saves reading.
"""

from collections.abc import Sequence

import msgspec

from parallel_local.documents.document import Document
from parallel_local.documents.markdown import passages

_WHOLE_CHARS = 6000
_UNIT_CHARS = 2500


class Cut(msgspec.Struct, frozen=True):
    """A passage with the text that stands between it and the one before: together they are the document."""

    heading: str
    lead: str
    text: str


class Unit(msgspec.Struct, frozen=True):
    """Passages `first` to `last` of a document, as one text with the headings above them."""

    first: int
    last: int
    headings: str
    text: str


def cut(document: Document) -> tuple[list[Cut], str]:
    """The passages of a document in order, and what stands behind the last."""
    found: list[Cut] = []
    end = 0
    for passage in passages(document.text):
        start = document.text.index(passage.text, end)
        found.append(Cut(passage.heading, document.text[end:start], passage.text))
        end = start + len(passage.text)
    return found, document.text[end:]


def units(cuts: Sequence[Cut]) -> list[Unit]:
    """The units of a document's passages."""
    most = _WHOLE_CHARS if sum(len(one.text) for one in cuts) <= _WHOLE_CHARS else _UNIT_CHARS
    found: list[Unit] = []
    first, size = 0, 0
    for place, one in enumerate(cuts):
        if size and size + len(one.text) > most:
            found.append(_unit(cuts, first, place - 1))
            first, size = place, 0
        size += len(one.text)
    if cuts:
        found.append(_unit(cuts, first, len(cuts) - 1))
    return found


def _unit(cuts: Sequence[Cut], first: int, last: int) -> Unit:
    own = cuts[first : last + 1]
    headings = dict.fromkeys(one.heading for one in own if one.heading)
    return Unit(first, last, " ".join(headings), "\n\n".join(one.text for one in own))
