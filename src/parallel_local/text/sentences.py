"""Cutting Markdown into units that can be quoted: sentences, list items and table rows.

Every unit is an exact slice of the text it came from; only `flat` (for display) touches white space. A unit
knows what stands above it: the sentence a list hangs on, the head of a table, the question an answer follows.
"""

import re
from enum import Enum

import msgspec

from parallel_local.text.abbreviations import ends_nothing

_CLOSING = r"[\"'”’»)\]*_]*"
_OPENING = r"[\"'“„‘«¿¡(\[*_]*"
_END = re.compile(
    rf"(?<![.!?…؟।॥])[.!?…؟।॥]+{_CLOSING}(?=\s+{_OPENING}(?![a-zà-ÿа-яё])[\w$€£])|[。！？][」』”’）]*"
)
_PHRASE_END = re.compile(r"(?<=[\u0e00-\u0e7f\d)”\"])[ \u200b]+(?=[\u0e00-\u0e7f(“\"])")
_THAI = re.compile(r"[\u0e00-\u0e7f]")
_THAI_PIECE = (
    100  # Thai marks no sentences: its blanks part phrases, and about so many characters say something
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
    """A quotable piece of text, verbatim. `lead` is what an item or a row hangs on, itself a unit's text."""

    text: str
    kind: Kind
    lead: str = ""


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
            found.append(Unit(line.strip(), Kind.ROW, _lead(found, Kind.ROW)))
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
    lead = _lead(found, kind) if marker else ""
    found.extend(Unit(text, kind, lead) for text in split(block[marker.end() :] if marker else block))


def _lead(found: list[Unit], kind: Kind) -> str:
    """What the unit before hangs on, or that unit itself: a sentence above a list, the head of a table."""
    if not found:
        return ""
    last = found[-1]
    if last.kind is kind:
        return last.lead or (last.text if kind is Kind.ROW else "")
    return last.text if kind is Kind.ITEM and last.kind is Kind.SENTENCE else ""


def split(block: str) -> list[str]:
    """The sentences of one paragraph, verbatim, without the blanks between them."""
    pieces: list[str] = []
    start = 0
    for match in _END.finditer(block):
        stop = match.start() + 1
        if block[match.start()] == "." and ends_nothing(
            block[max(start, stop - 40) : stop], block[match.end() :][:40]
        ):
            continue
        pieces.append(block[start : match.end()].strip())
        start = match.end()
    pieces.append(block[start:].strip())
    return [part for piece in pieces if piece for part in _phrases(piece)]


def _phrases(piece: str) -> list[str]:
    """A long Thai sentence in groups of phrases; all others as they are."""
    if len(piece) < 2 * _THAI_PIECE or 3 * len(_THAI.findall(piece)) < len(piece):
        return [piece]
    parts: list[str] = []
    start = 0
    for match in _PHRASE_END.finditer(piece):
        if match.start() - start >= _THAI_PIECE:
            parts.append(piece[start : match.start()].strip())
            start = match.end()
    parts.append(piece[start:].strip())
    return [part for part in parts if part]


def flat(text: str) -> str:
    """One line for display: white space collapsed, quote marks of Markdown block quotes dropped."""
    return re.sub(r"\s+", " ", re.sub(r"(?m)^\s*>\s?", "", text)).strip()
