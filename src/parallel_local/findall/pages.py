"""A document's text as sections of pieces: sentences, list items with their depth, table rows with their labels.

Pure. A piece is verbatim and knows what structure says about it; what it says in words is for others to read.
"""

import re
from collections.abc import Iterator

import msgspec

from parallel_local.documents.entities import cells
from parallel_local.documents.markdown import plain
from parallel_local.text.sentences import Kind, units

_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(\S.*?)[ \t]*#*[ \t]*$")
_PAIR = re.compile(r"(?P<label>[^\W\d_][\w ’'()/&.-]{0,38}?)\s*:\s+(?P<value>\S.*)$", re.DOTALL)
_NO_LABEL = re.compile(r"(?:not|no longer|but|and|one|there|however)\b", re.IGNORECASE)
_MARKER = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+$")
_NUMBERED = re.compile(r"^\d{1,3}[.)]\s+(?=\S)")
_RULE = re.compile(r"\|[\s:|-]*-[\s:|-]*$")
_LONGEST_PIECE = (
    3000  # a longer sentence is none of a person's, and looking for its parts may take its square
)
_LONGEST_HEADING = 1000  # as in `documents/markdown.py`: a longer line is text


class Piece(msgspec.Struct, frozen=True):
    """`shown` is verbatim, `text` the same without markup.

    `pairs` are labels with their values, of a row or of a line `Label: value`. `item` counts the list items of a
    section (0 outside lists), `depth` is how far an item is indented, `block` counts paragraphs.
    """

    shown: str
    text: str
    kind: Kind
    block: int
    item: int = 0
    depth: int = 0
    pairs: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()


class Section(msgspec.Struct, frozen=True):
    """Pieces under one heading path, the document's title not included."""

    path: tuple[str, ...]
    pieces: tuple[Piece, ...]


def sections(text: str) -> list[Section]:
    """The sections of a text in order."""
    return [Section(path, tuple(_pieces(body))) for path, body in _split(text) if body.strip()]


def _split(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    fenced = False
    for line in text.splitlines(keepends=True):
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        found = None if fenced or len(line) > _LONGEST_HEADING else _HEADING.match(line)
        if not found:
            lines.append(line)
            continue
        yield tuple(name for _, name in path), "".join(lines)
        lines = []
        level = len(found.group(1))
        title = _NUMBERED.sub("", plain(found.group(2)))
        path = [item for item in path if item[0] < level] + [(level, title)]
    yield tuple(name for _, name in path), "".join(lines)


def _pieces(body: str) -> Iterator[Piece]:
    cursor = block = item = depth = 0
    header: list[str] | None = None
    for unit in units(body):
        start = body.find(unit.text, cursor)
        gap, cursor = body[cursor:start], start + len(unit.text)
        block += "\n\n" in gap.replace(" ", "") or "\n#" in gap
        if len(unit.text) > _LONGEST_PIECE:
            header = None
            continue
        prefix = body[body.rfind("\n", 0, start) + 1 : start]
        if unit.kind is Kind.ROW:
            header, row = _row(unit.text, header, block)
            item = depth = 0
            if row:
                yield row
            continue
        header = None
        if unit.kind is Kind.ITEM and _MARKER.match(prefix):
            item, depth = item + 1, len(prefix) - len(prefix.lstrip())
        for shown in _lines(unit.text):
            place = item if unit.kind is Kind.ITEM else 0
            text = re.sub(r"\s+", " ", plain(shown)).strip()
            yield Piece(shown, text, unit.kind, block, place, depth if place else 0, _pair(text))


def _row(text: str, header: list[str] | None, block: int) -> tuple[list[str] | None, Piece | None]:
    """The table's labels, and the row as a piece unless it is the labels or the rule below them."""
    found = [plain(cell) for cell in cells(text)]
    if header is None or not found or _RULE.match(text):
        return header or found or None, None
    pairs = tuple(zip(header, found, strict=False))
    return header, Piece(text, " | ".join(found), Kind.ROW, block, 0, 0, pairs, tuple(header))


def _lines(text: str) -> list[str]:
    """A paragraph of lines `Label: value` is one piece a line; every other text is one piece."""
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) > 1 and all(_PAIR.match(plain(line)) for line in lines):
        return lines
    return [text]


def _pair(text: str) -> tuple[tuple[str, str], ...]:
    """Label and value of a line such as "Founded: 2015"; a label of many words is a sentence."""
    match = _PAIR.match(text)
    if match is None or len(match.group("label").split()) > 5 or _NO_LABEL.match(match.group("label")):
        return ()
    return ((match.group("label"), match.group("value").strip()),)
