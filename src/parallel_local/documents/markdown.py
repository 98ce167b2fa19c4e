"""Markdown structure: the title, and passages under their headings.

Pure. A passage is an exact slice of the text; long sections are cut at blank lines, long paragraphs at
sentences.
"""

import re
from collections.abc import Iterator

from parallel_local.documents.document import Passage

_HEADING = re.compile(r"[ ]{0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
_FENCE = re.compile(r"[ \t]*+(`{3,}|~{3,})([^\n]*)")
_TARGET_CHARS = 900
_HARD_CHARS = 1800
_LONGEST_HEADING = 1000  # a longer line is text; looking for the end of a heading may take its square


def first_heading(text: str) -> str | None:
    """The text of the first heading, or None."""
    fence = ""
    for line in text.splitlines():
        fence = _fence(line, fence)
        found = None if fence else _heading(line)
        if found:
            return plain(found.group(2))
    return None


def passages(text: str) -> list[Passage]:
    """The text cut into passages, in order; bare headings are left out."""
    found: list[Passage] = []
    for heading, start, end in _sections(text):
        for left, right in _chunks(text, start, end):
            slice_ = text[left:right].strip()
            if _says_something(slice_):
                found.append(Passage(heading=heading, text=slice_))
    return found


def _says_something(slice_: str) -> bool:
    """A heading alone is no passage: titles and headings are searched with the passages below them."""
    return any(line.strip() and not _heading(line) for line in slice_.splitlines())


def _heading(line: str) -> re.Match[str] | None:
    return _HEADING.match(line) if len(line) <= _LONGEST_HEADING else None


def plain(markup: str) -> str:
    """A heading without links and emphasis."""
    unlinked = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markup)
    return re.sub(r"[*_`]+", "", unlinked).strip()


def _sections(text: str) -> Iterator[tuple[str, int, int]]:
    """Heading path, start and end of each section; the heading line belongs to its section."""
    path: list[tuple[int, str]] = []
    start = offset = 0
    fence = ""
    label = ""
    for line in text.splitlines(keepends=True):
        fence = _fence(line, fence)
        found = None if fence else _heading(line)
        if found:
            if offset > start:
                yield label, start, offset
            level = len(found.group(1))
            path = [item for item in path if item[0] < level] + [(level, plain(found.group(2)))]
            label = " > ".join(name for _, name in path)
            start = offset
        offset += len(line)
    yield label, start, len(text)


def _fence(line: str, opened: str) -> str:
    """The fence that is open behind a line: one is ended by its like, as long or longer, with nothing behind it."""
    found = _FENCE.match(line)
    if found is None:
        return opened
    if not opened:
        return found.group(1)
    return "" if found.group(1).startswith(opened) and not found.group(2).strip() else opened


def _chunks(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Blocks of a section gathered up to the target size."""
    left = start
    for right in _breaks(text, start, end):
        if right - left >= _TARGET_CHARS:
            yield left, right
            left = right
    if left < end:
        yield left, end


def _breaks(text: str, start: int, end: int) -> Iterator[int]:
    """Places where a section may be cut: after blank lines, or inside very long paragraphs."""
    previous = start
    for match in re.finditer(r"\n[ \t]*\n+", text[start:end]):
        yield from _long(text, previous, start + match.end())
        previous = start + match.end()
        yield previous
    yield from _long(text, previous, end)


def _long(text: str, start: int, end: int) -> Iterator[int]:
    """Cuts inside one paragraph that is longer than a reader would take for one passage."""
    while end - start > _HARD_CHARS:
        window = text[start : start + _HARD_CHARS]
        cut = max(window.rfind(". "), window.rfind("\n"), window.rfind("。"))
        start += cut + 1 if cut >= _TARGET_CHARS else _HARD_CHARS
        yield start
