"""Paragraphs that are entries of a list without its marks: each begins with a name. Pure."""

from collections.abc import Sequence

from parallel_local.findall.naming import first_name
from parallel_local.findall.pages import Piece
from parallel_local.text.sentences import Kind

_FEWEST = 3
_MOST_PARTS = 5  # of so many paragraphs at most one is no entry


def leading_names(pieces: Sequence[Piece]) -> list[tuple[str, Piece]]:
    """The names that a text's paragraphs begin with, where nearly all do and no two with the same."""
    first: dict[int, Piece] = {}
    for piece in pieces:
        if piece.kind is not Kind.ROW and not piece.item:
            first.setdefault(piece.block, piece)
    found = [(name, piece) for piece in first.values() if (name := first_name(piece.text))]
    enough = len(found) >= _FEWEST and len(first) - len(found) <= len(first) / _MOST_PARTS
    return found if enough and len({name for name, _ in found}) == len(found) else []
