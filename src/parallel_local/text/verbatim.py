"""Finding a quotation in the text it is said to come from, whoever copied it.

Pure. Copies differ from their originals in white space, in the form of quotation marks and dashes, and in marks of
emphasis; these are folded on both sides before they are compared. What is found is a slice of the text itself,
never the copy. Whether it supports anything is judged elsewhere.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from parallel_local.text.sentences import units

_FOLDED = (
    ("“”„‟«»″", '"'),
    ("’‘‚‛′", "'"),
    ("‐‑‒–—−", "-"),
)
_UNSEEN = "*`\u00ad\u200b\u200c\u200d\u2060\ufeff"  # emphasis, soft hyphens, joiners
_TABLE = {
    **{ord(one): plain for many, plain in _FOLDED for one in many},
    **{ord(one): None for one in _UNSEEN},
    ord("…"): "...",
}
_LEFT_OUT = re.compile(r"\[\s*(?:…|\.\.\.)\s*\]|…|\.{3,}")
_WORD = re.compile(r"\w+")
_WIDE = re.compile(
    "[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)  # scripts whose words run together


class Slice(msgspec.Struct, frozen=True):
    """A piece of a text: `text[start:end]`."""

    text: str
    start: int
    end: int


def fold(text: str) -> str:
    """A text as it is compared: one blank for any white space, plain quotation marks and dashes, no emphasis."""
    return " ".join(text.translate(_TABLE).split())


class FoldedText:
    """A text that quotations are looked for in; folded once, however many they are."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._folded, self._places = _folded(text)

    def locate(self, quote: str) -> Slice | None:
        """Where the text says `quote`, as a slice whose folding is the quote's; None where it does not."""
        wanted = fold(quote)
        found = self._folded.find(wanted) if wanted else -1
        while found >= 0:
            behind = found + len(wanted)
            if self._is_between(found) and self._is_between(behind):
                start, end = self._places[found], self._places[behind - 1] + 1
                return Slice(self._text[start:end], start, end)
            found = self._folded.find(wanted, found + 1)
        return None

    def _is_between(self, place: int) -> bool:
        """Whether characters of the text meet here: one may be folded to several, as `…` is."""
        return place in (0, len(self._places)) or self._places[place - 1] != self._places[place]


def pieces(quote: str) -> list[str]:
    """A quotation with something left out (`…`) as the parts that stand on either side."""
    return [part.strip() for part in _LEFT_OUT.split(quote) if part.strip()]


def is_telling(quote: str) -> bool:
    """Whether a quotation is long enough to say something: three words, or a few characters of a wide script."""
    return len(_WORD.findall(quote)) >= 3 or len(_WIDE.findall(quote)) >= 4


def sentences_around(place: Slice, text: str) -> str:
    """The sentences that a slice begins and ends in, whole, so that no "not" before it is lost."""
    spans = [(start, end) for start, end in _spans(text) if start < place.end and end > place.start]
    start = min([place.start, *(span[0] for span in spans)])
    end = max([place.end, *(span[1] for span in spans)])
    return text[start:end]


def _spans(text: str) -> Iterator[tuple[int, int]]:
    position = 0
    for unit in units(text):
        start = text.find(unit.text, position)
        if start >= 0:
            position = start + len(unit.text)
            yield start, position


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The folded text, and for each of its characters the place it came from."""
    kept: list[str] = []
    places: list[int] = []
    blank = True  # white space at the beginning is dropped
    for place, character in enumerate(text):
        for one in character.translate(_TABLE):
            if not one.isspace():
                kept.append(one)
                places.append(place)
                blank = False
            elif not blank:
                kept.append(" ")
                places.append(place)
                blank = True
    return "".join(kept), places
