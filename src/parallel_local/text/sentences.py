"""Cutting Markdown into units that can be quoted: sentences, list items and table rows.

Every unit is an exact slice of the text it came from; only `flat` (for display) touches white space.
"""

import re
from enum import Enum

import msgspec

_END = re.compile(r"[.!?…][\"'”’)\]*_]*(?=\s+[\"'“‘(\[*_]*[A-Z0-9À-Þ$€£])|[。！？]")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Inc|Ltd|Co|Corp|No|vs|approx|est|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov"
    r"|Dec|Fig|e\.g|i\.e|U\.S|U\.K|U\.N)|\b[A-Z])\.$"
)
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s")
_RULE = re.compile(r"\s*(?:\|?[\s:|-]*-{3,}[\s:|-]*|[*_=]{3,})\s*$")


class Kind(Enum):
    """What a unit was in its document."""

    SENTENCE = "sentence"
    ITEM = "item"
    ROW = "row"


class Unit(msgspec.Struct, frozen=True):
    """A quotable piece of text, verbatim."""

    text: str
    kind: Kind


def units(text: str) -> list[Unit]:
    """All quotable units in order; headings, rules and code fences are no units."""
    found: list[Unit] = []
    paragraph: list[str] = []
    fenced = False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
            _flush(paragraph, found)
        elif fenced or not line.strip() or _HEADING.match(line) or _RULE.match(line):
            _flush(paragraph, found)
        elif line.lstrip().startswith("|"):
            _flush(paragraph, found)
            found.append(Unit(line.strip(), Kind.ROW))
        else:
            if _ITEM.match(line):
                _flush(paragraph, found)
            paragraph.append(line)
    _flush(paragraph, found)
    return found


def _flush(paragraph: list[str], found: list[Unit]) -> None:
    block = "".join(paragraph)
    paragraph.clear()
    marker = _ITEM.match(block)
    kind = Kind.ITEM if marker else Kind.SENTENCE
    found.extend(Unit(text, kind) for text in split(block[marker.end() :] if marker else block))


def split(block: str) -> list[str]:
    """The sentences of one paragraph, verbatim, without the blanks between them."""
    pieces: list[str] = []
    start = 0
    for match in _END.finditer(block):
        if not _ABBREVIATION.search(block[max(start, match.start() - 12) : match.start() + 1]):
            pieces.append(block[start : match.end()].strip())
            start = match.end()
    pieces.append(block[start:].strip())
    return [piece for piece in pieces if piece]


def flat(text: str) -> str:
    """One line for display: white space collapsed, quote marks of Markdown block quotes dropped."""
    return re.sub(r"\s+", " ", re.sub(r"(?m)^\s*>\s?", "", text)).strip()
