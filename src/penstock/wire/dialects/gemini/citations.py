"""What the text of a candidate rests on: grounding and quotes, each told once, with places in characters.

Google counts bytes of UTF-8 within a part; callers count characters of the whole text (dialects, C149, C150). Parts
are counted as Google would in a whole answer: a piece of a stream goes on with the part that the last one ended with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import Citation
from penstock.wire.dialects.conversation import Family
from penstock.wire.dialects.gemini.answer_shapes import Chunk, Grounding, Quotes, Segment, Source
from penstock.wire.dialects.json_value import Json, Object

_MOST_TEXT: Final = 1024 * 1024  # characters that are kept; places in a longer answer are not told
_MOST_CITATIONS: Final = 4096  # of one candidate
_MOST_TRIES: Final = 64  # to find places while the text is being written; what is left is told at its end
_WHOLE: Final = -1  # in place of the number of a part: the places count in all of the text


class _Part(msgspec.Struct):
    shown: bool  # it is part of the text
    texts: list[str]
    whole: bool = False  # nothing is added to it


class _Wanted(msgspec.Struct, frozen=True):
    """A citation that waits for its text."""

    segment: Segment
    source: Source


class Citations:
    """Those of one candidate."""

    __slots__ = ("_chunks", "_kept", "_known", "_parts", "_supported", "_tries", "_waiting")

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._kept = 0
        self._chunks: Sequence[Chunk] = ()
        self._supported = False  # some support was told
        self._known: set[tuple[int, int, int, str, str]] = set()
        self._waiting: list[_Wanted] = []
        self._tries = 0

    def text(self, text: str, *, shown: bool, goes_on: bool, whole: bool) -> None:
        """A text part: `goes_on` if it may be the rest of the one before it, `whole` if nothing can be its rest."""
        self._kept += len(text)
        if self._kept > _MOST_TEXT:
            return
        last = self._parts[-1] if goes_on and self._parts else None
        if last is not None and last.shown == shown and not last.whole and not whole:
            last.texts.append(text)
        else:
            self._parts.append(_Part(shown, [text], whole))

    def other(self) -> None:
        """A part that is no text."""
        if self._kept <= _MOST_TEXT:
            self._parts.append(_Part(False, [], True))

    def grounding(self, grounding: Grounding) -> list[Citation]:
        """Those that are new and whose text is there."""
        self._chunks = grounding.grounding_chunks or self._chunks
        for support in grounding.grounding_supports or ():
            for number in support.grounding_chunk_indices or ():
                if 0 <= number < len(self._chunks):
                    self._supported = True
                    self._want(support.segment or Segment(), _source(self._chunks[number]))
        return list(self._ready())

    def quotes(self, quotes: Quotes) -> list[Citation]:
        """The same of passages that are somebody's text."""
        for one in (*(quotes.citation_sources or ()), *(quotes.citations or ())):
            segment = Segment(part_index=_WHOLE, start_index=one.start_index, end_index=one.end_index)
            self._want(segment, Source(uri=one.uri, title=one.title))
        return list(self._ready())

    def finish(self) -> list[Citation]:
        """The rest: those without a place, and sources that no passage was tied to."""
        self._tries = 0
        found = [*self._ready(), *(_citation(one.source, -1, -1) for one in self._waiting)]
        self._waiting = []
        if not self._supported:
            sources = [_source(chunk) for chunk in self._chunks[:_MOST_CITATIONS]]
            found += [_citation(source, -1, -1) for source in sources if source.uri or source.title]
        return found

    def found(self, queries: Iterable[str]) -> Object:
        """What was searched for, and the pages that were found, as Google tells it."""
        pages: list[Json] = [
            {"web": {"uri": chunk.web.uri, "title": chunk.web.title}} for chunk in self._chunks if chunk.web
        ]
        return {
            "groundingMetadata": {"webSearchQueries": [*queries], "groundingChunks": pages[:_MOST_CITATIONS]}
        }

    def _want(self, segment: Segment, source: Source) -> None:
        key = (segment.part_index, segment.start_index, segment.end_index, source.uri, source.title)
        if key in self._known or len(self._known) >= _MOST_CITATIONS or not (source.uri or source.title):
            return
        self._known.add(key)
        self._waiting.append(_Wanted(segment, source))

    def _ready(self) -> Iterator[Citation]:
        if not self._waiting or self._tries >= _MOST_TRIES:
            return
        self._tries += 1
        texts = _Texts(self._parts)
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            place = texts.place(one.segment)
            if place is None:
                self._waiting.append(one)
            else:
                yield _citation(one.source, *place)


class _Texts:
    """The texts of a candidate as they are now."""

    __slots__ = ("_parts", "_shown")

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._parts: list[tuple[int, bytes] | None] = []  # characters before it, and its bytes
        before = 0
        for part in parts:
            if part.shown:
                text = "".join(part.texts)
                self._parts.append((before, text.encode("utf-8", "replace")))
                before += len(text)
            else:
                self._parts.append(None)
        self._shown = [part for part in self._parts if part is not None]

    def place(self, segment: Segment) -> tuple[int, int] | None:
        """From which to which character; None where the text is not there."""
        likely = list(self._likely(segment.part_index))
        everything = (0, b"".join(data for _, data in self._shown))
        for before, data in (*likely, everything):
            if _says(data, segment):
                return _characters(before, data, segment)
        for before, data in likely[:1] if segment.part_index != _WHOLE else (everything,):
            if 0 <= segment.start_index < segment.end_index <= len(data):
                return _characters(before, data, segment)
        return None

    def _likely(self, number: int) -> Iterator[tuple[int, bytes]]:
        """What the bytes are counted in: the part of that number, or the one among those that are shown."""
        if 0 <= number < len(self._parts) and (found := self._parts[number]) is not None:
            yield found
        if 0 <= number < len(self._shown):
            yield self._shown[number]


def _says(data: bytes, segment: Segment) -> bool:
    """Whether the segment's own text stands at its place."""
    text = segment.text.encode("utf-8", "replace")
    return bool(text) and data[max(0, segment.start_index) : max(0, segment.end_index)] == text


def _characters(before: int, data: bytes, segment: Segment) -> tuple[int, int]:
    start = len(data[: segment.start_index].decode("utf-8", "ignore"))
    end = len(data[: segment.end_index].decode("utf-8", "ignore"))
    return before + start, before + end


def _source(chunk: Chunk) -> Source:
    return chunk.web or chunk.retrieved_context or chunk.maps or Source()


def _citation(source: Source, start: int, end: int) -> Citation:
    return Citation(
        url=source.uri,
        title=source.title,
        cited=source.text,
        start=start,
        end=end,
        family=Family.GOOGLE,
    )
