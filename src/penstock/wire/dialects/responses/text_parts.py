"""Texts of an answer that stand in parts of messages, and which of them a citation belongs to.

A citation's places count in the whole text of the answer, those of an annotation within its part.
"""

from __future__ import annotations

from bisect import bisect_right

import msgspec

from penstock.wire.dialects.answer_events import Citation
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.responses.items import annotation


class TextPart(msgspec.Struct):
    """A text, as far as it has been written."""

    begin: int  # in the whole text
    item: int = 0  # its message's place in the output
    place: int = 0  # its own in the message
    length: int = 0
    annotations: list[Json] = []

    @property
    def end(self) -> int:
        """Behind its last character, in the whole text."""
        return self.begin + self.length


class TextParts:
    """Those of one answer."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[TextPart] = []

    def begin(self, item: int = 0, place: int = 0) -> TextPart:
        """A new one, behind the others."""
        part = TextPart(begin=self._parts[-1].end if self._parts else 0, item=item, place=place)
        self._parts.append(part)
        return part

    @property
    def last(self) -> TextPart | None:
        """The one that was begun last."""
        return self._parts[-1] if self._parts else None

    def cite(self, citation: Citation, last: TextPart) -> tuple[TextPart, Object]:
        """Where an annotation belongs, and how it is written there: `last` is the part that was told of."""
        if not is_placed(citation):
            return last, annotation(citation, 0, last.length)
        part = last
        if citation.start < last.begin:
            part = self._parts[bisect_right(self._parts, citation.start, key=_begin) - 1]
        return part, annotation(citation, citation.start - part.begin, citation.end - part.begin)


def _begin(part: TextPart) -> int:
    return part.begin


def is_placed(citation: Citation) -> bool:
    """Whether the provider told which characters rest on it."""
    return citation.start >= 0 and citation.end >= 0
