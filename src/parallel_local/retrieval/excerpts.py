"""Excerpts: verbatim passages of one document within limits of characters. Pure."""

from collections.abc import Sequence

import msgspec

from parallel_local.retrieval.ranking import Found

DEFAULT_PER_RESULT = 3000
_MOST_EXCERPTS = 8


class Limits(msgspec.Struct, frozen=True):
    """Characters per result and over all results; None for no cap."""

    per_result: int = DEFAULT_PER_RESULT
    total: int | None = None


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


def by_document(found: Sequence[Found]) -> list[list[Found]]:
    """Passages grouped by document; both levels keep the order of the best passage."""
    groups: dict[int, list[Found]] = {}
    for item in found:
        groups.setdefault(item.card.id, []).append(item)
    return list(groups.values())
