"""Checking quotes: what the model says stands in an excerpt is looked for there, and in the document as it is now.

What is found is the document's own words; what is not found is dropped, and so is what speaks to a model. Whether a
proof supports what is claimed is judged in `support.py`. Reads the library: to be called in a thread.
"""

from collections.abc import Iterable, Sequence

import msgspec

from parallel_local.model.claims import Quote
from parallel_local.model.excerpts import Shown
from parallel_local.model.injection import speaks_to_model
from parallel_local.retrieval.index import Card
from parallel_local.retrieval.library import Library
from parallel_local.text.verbatim import FoldedText, Slice, is_telling, pieces, sentences_around
from parallel_local.wire.common import Citation

_LONGEST_QUOTE = 3_000


class Proof(msgspec.Struct, frozen=True):
    """Words of a document. `sentence` is what they stand in, `before` the passage up to there, `around` its heads."""

    card: Card
    text: str
    sentence: str
    before: str
    around: str
    suspect: bool = False  # something near it speaks to a model


class Prover:
    """Holds quotes against what was shown to the model; for one thread at a time."""

    def __init__(self, shown: Sequence[Shown], library: Library) -> None:
        self._shown = [(one, FoldedText(one.text)) for one in shown]
        self._library = library
        self._texts: dict[str, str] = {}

    def prove(self, quotes: Iterable[Quote]) -> tuple[Proof, ...]:
        """The quotes that are verbatim, each once."""
        found: dict[tuple[str, str], Proof] = {}
        for quote in quotes:
            for piece in pieces(quote.quote[:_LONGEST_QUOTE]):
                proof = self._proof(piece, quote.id) if is_telling(piece) else None
                if proof is not None and proof.sentence in self._text(proof.card):
                    found.setdefault((proof.card.url, proof.text), proof)
        return tuple(found.values())

    def _proof(self, piece: str, number: int) -> Proof | None:
        """The words in the excerpt that is named, else in another one that was shown."""
        for one, folded in sorted(self._shown, key=lambda pair: pair[0].number != number):
            place = folded.locate(piece)
            if place is not None:
                return _checked(place, one)
        return None

    def _text(self, card: Card) -> str:
        """A document as it is now."""
        if card.url not in self._texts:
            self._texts[card.url] = self._library.text(card)
        return self._texts[card.url]


def cited(proofs: Iterable[Proof]) -> tuple[Citation, ...]:
    """One citation per document, with the sentences as excerpts, in order of first use."""
    by_url: dict[str, tuple[Card, dict[str, None]]] = {}
    for proof in proofs:
        by_url.setdefault(proof.card.url, (proof.card, {}))[1][proof.sentence] = None
    return tuple(
        Citation(url=url, title=card.title, excerpts=list(texts)) for url, (card, texts) in by_url.items()
    )


def _checked(place: Slice, one: Shown) -> Proof | None:
    sentence = sentences_around(place, one.text)
    if speaks_to_model(sentence):
        return None
    suspect = speaks_to_model(one.text) or speaks_to_model(one.around)
    before = one.text[: place.start]
    return Proof(one.card, place.text, sentence, before, one.around, suspect)
