"""Excerpts: verbatim slices of one document within limits of characters. Pure.

What fits is quoted as whole passages, the best one first. Of what does not fit, the sentences that say most of
what was asked are quoted, in the order in which they stand in the document.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from parallel_local.retrieval.asked import Asked, Sought
from parallel_local.retrieval.ranking import Found
from parallel_local.text.sentences import units
from parallel_local.text.tokens import spaced, stems

DEFAULT_PER_RESULT = 3000
_MOST_EXCERPTS = 8
_NEIGHBOUR = 0.2  # what a sentence gains by standing beside one that says what was asked
_PIECE_CHARS = 40  # a long sentence is looked at in pieces of this length
_OVERLAP = 3  # what of a run goes on into the next piece


class Limits(msgspec.Struct, frozen=True):
    """Characters per result and over all results; None for no cap."""

    per_result: int = DEFAULT_PER_RESULT
    total: int | None = None


class _Sentence(msgspec.Struct, frozen=True):
    """A slice of a passage, by the passage's rank and place, and what it says of what was asked."""

    passage: int
    start: int
    end: int
    score: float


def by_document(found: Sequence[Found], most: int | None = None) -> list[list[Found]]:
    """Passages grouped by document, `most` of each; both levels keep the order of the best passage."""
    groups: dict[int, list[Found]] = {}
    for item in found:
        groups.setdefault(item.card.id, []).append(item)
    return [group[:most] for group in groups.values()]


def excerpts(passages: Sequence[str], limit: int) -> list[str]:
    """The passages, best first, that fit in `limit`; the first one is cut rather than left out."""
    kept: list[str] = []
    room = limit
    for passage in passages[:_MOST_EXCERPTS]:
        piece = clip(passage, room) if not kept else passage
        if piece and len(piece) <= room:
            kept.append(piece)
            room -= len(piece)
    return kept


def clip(text: str, limit: int) -> str:
    """The beginning of a text, cut at a word boundary; still an exact slice of it."""
    if len(text) <= limit:
        return text
    cut = text.rfind(" ", limit // 2, limit + 1)
    return text[: cut if cut > 0 else max(limit, 0)].rstrip()


def quotations(found: Sequence[Found], limit: int, asked: Asked) -> list[str]:
    """What is quoted of one document's passages, best first, for the queries that found them."""
    shown = found[:_MOST_EXCERPTS]
    if sum(len(item.text) for item in shown) <= limit:
        return [item.text for item in shown]
    sentences = [one for place, item in enumerate(shown) for one in _sentences(item, place, asked)]
    best = max(sentences, key=lambda one: one.score)
    if best.end - best.start > limit:  # a part of it says more than whole ones that say less
        kept = [_window(best, shown[best.passage], limit, asked)]
    else:
        kept = _joined(_best(sentences, shown, limit), shown)
    in_order = sorted(kept, key=lambda one: (shown[one.passage].passage, one.start))
    texts = (shown[one.passage].text[one.start : one.end].strip() for one in in_order)
    return [text for text in texts if text]


def _sentences(item: Found, place: int, asked: Asked) -> list[_Sentence]:
    """The sentences of a passage; one beside a good one is good itself, as it goes on about the same."""
    spans = list(_spans(item.text))
    own = [_worth(item.text[start:end], item.card.language, asked) for start, end in spans]
    around = [
        max(own[at - 1] if at else 0.0, own[at + 1] if at + 1 < len(own) else 0.0) for at in range(len(own))
    ]
    return [
        _Sentence(place, start, end, own[at] + _NEIGHBOUR * around[at])
        for at, (start, end) in enumerate(spans)
    ]


def _spans(text: str) -> Iterable[tuple[int, int]]:
    """Where the sentences of a passage stand; all of it where it has none."""
    end, none = 0, True
    for unit in units(text):
        start = text.find(unit.text, end)
        if start >= 0:
            end, none = start + len(unit.text), False
            yield start, end
    if none:
        yield 0, len(text)


def _worth(text: str, language: str, asked: Asked) -> float:
    return asked.worth(spaced(stems(text, language)))


def _best(sentences: Sequence[_Sentence], shown: Sequence[Found], limit: int) -> list[_Sentence]:
    """The best ones that fit in `limit`, in order; with two that follow each other come the blanks between them."""
    blanks = [_blanks(one, other, shown) for one, other in pairwise(sentences)]
    kept: set[int] = set()
    for at in sorted(range(len(sentences)), key=lambda at: -sentences[at].score):
        length = sentences[at].end - sentences[at].start
        length += (blanks[at - 1] or 0) if at - 1 in kept else 0
        length += (blanks[at] or 0) if at + 1 in kept else 0
        if length <= limit:
            kept.add(at)
            limit -= length
    return [sentences[at] for at in sorted(kept)]


def _blanks(one: _Sentence, other: _Sentence, shown: Sequence[Found]) -> int | None:
    """How many stand between two sentences; None where something else does."""
    if one.passage != other.passage or shown[one.passage].text[one.end : other.start].strip():
        return None
    return other.start - one.end


def _joined(kept: Sequence[_Sentence], shown: Sequence[Found]) -> list[_Sentence]:
    """Sentences that follow each other become one slice, with the blanks between them."""
    joined: list[_Sentence] = []
    for one in kept:
        last = joined[-1] if joined else None
        if last and _blanks(last, one, shown) is not None:
            score = max(last.score, one.score)
            joined[-1] = _Sentence(last.passage, last.start, one.end, score)
        else:
            joined.append(one)
    return joined


def _window(sentence: _Sentence, item: Found, limit: int, asked: Asked) -> _Sentence:
    """The part of a long sentence that says most of what was asked."""
    text = item.text[sentence.start : sentence.end]
    pieces = _pieces(text)
    said = [
        asked.mentions(spaced(stems(text[start : end + _OVERLAP], item.card.language)))
        for start, end in pieces
    ]
    worth = [_worth_from(at, pieces, said, limit) for at in range(len(pieces))]
    best = [start for (start, _), value in zip(pieces, worth, strict=True) if value == max(worth)]
    start = best[len(best) // 2]  # of windows that say the same, the one with most around it
    piece = clip(text[start:], limit)
    return _Sentence(
        sentence.passage, sentence.start + start, sentence.start + start + len(piece), sentence.score
    )


def _worth_from(
    first: int, pieces: Sequence[tuple[int, int]], said: Sequence[Mapping[Sought, float]], limit: int
) -> float:
    """What the pieces say together that fit into a window which begins with one of them."""
    together: dict[Sought, float] = {}
    for at in range(first, len(pieces)):
        if pieces[at][1] > pieces[first][0] + limit:
            break
        together.update(said[at])
    return sum(together.values())


def _pieces(text: str) -> list[tuple[int, int]]:
    """A text in pieces of some words each, or of as many characters where there are no blanks."""
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        blank = text.find(" ", start + _PIECE_CHARS // 2, start + _PIECE_CHARS)
        end = blank + 1 if blank >= 0 else min(len(text), start + _PIECE_CHARS)
        found.append((start, end))
        start = end
    return found
