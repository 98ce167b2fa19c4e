"""How surely something is said about the subject: by its own words, by those before it, by headings and title. Pure.

A number from 0 (of something else) to 1 (it names the subject itself).
"""

from collections.abc import Callable, Sequence

from parallel_local.answers.clauses import Named, refers_back, related
from parallel_local.answers.mentions import Phrases, tokens
from parallel_local.answers.naming import Naming
from parallel_local.answers.sources import Sentence
from parallel_local.retrieval.index import Card
from parallel_local.text.sentences import Kind as UnitKind
from parallel_local.text.tokens import stem, words
from parallel_local.text.values.names import proper_names

OWN = 1.0
CARRIED = 0.95
HEADED = 0.92
TITLED = 0.9
LOOSE = 0.7
_BAG_SHARE = 0.5
_SHORT = 3


class About:
    """Judges sentences for one subject. `headings` gives all headings of a document.

    `common` are the words of the subject's name: "the armour" is it, where its name is "jousting armour".
    """

    def __init__(self, naming: Naming, headings: Callable[[Card], Sequence[str]]) -> None:
        self._naming = naming
        self._headings = headings
        self._sectioned: dict[int, bool] = {}
        called = [word for name in naming.names for word in words(name.text)]
        self.common = tuple(word for word in (*called, *naming.bag) if len(word) > _SHORT)

    def context(self, sentence: Sentence) -> float:
        """What the text around a sentence says of whom it is about, where the sentence itself does not."""
        if self._naming.anybody:
            return OWN
        if not self._naming.names:
            return self._bag(sentence)
        around = self.place(sentence.card, sentence.heading)
        for earlier in reversed(sentence.before):
            if earlier.kind is UnitKind.ITEM and sentence.kind is not UnitKind.ITEM:
                continue
            if earlier.ours:
                first = earlier.named[0]
                acts = first.ours and not related(earlier.text[: first.start])
                next_to = earlier is sentence.before[-1]
                carried = acts and (around > 0 or next_to or refers_back(sentence.text))
                return max(CARRIED if carried else LOOSE if acts else 0.0, around)
            if any(not item.ours for item in _acting(earlier)) and not earlier.key:
                return min(around, LOOSE) if not refers_back(sentence.text) or around < HEADED else 0.0
        return around

    def place(self, card: Card, heading: str) -> float:
        """What headings and title say."""
        if self._naming.anybody:
            return OWN
        if any(self._has(part) for part in heading.split(" > ")[1:] or [heading]):
            return HEADED
        if self._divided(card):
            return 0.0
        if self._has(heading) or self._has(card.title):
            named = card.title if self._has(card.title) else heading
            return TITLED if self._alone(named) else LOOSE
        return LOOSE if self._has(card.url.rpartition("/")[2].replace("-", " ").replace("_", " ")) else 0.0

    def mentions(self, text: str) -> bool:
        """Whether a text, such as the cell of a table, has the subject's name."""
        return self._has(text)

    def _has(self, text: str) -> bool:
        found = tokens(text)
        return any(next(name.whole.spans(found), None) is not None for name in self._naming.names)

    def _alone(self, title: str) -> bool:
        """Whether a title names nobody besides."""
        found = tokens(title)
        ours = [span for name in self._naming.names for span in name.spans(found, known=True)]
        others = [
            value for value in proper_names(title)
            if " " in value.text and not any(start < value.end and value.start < end for start, end in ours)
        ]  # fmt: skip
        return not others

    def _divided(self, card: Card) -> bool:
        """Whether the document has a section for each of several things, one of them the subject."""
        known = self._sectioned.get(card.id)
        if known is None:
            parts = {heading.split(" > ")[-1] for heading in self._headings(card) if " > " in heading}
            known = any(self._has(part) and self._alone(part) for part in parts) and not self._has(card.title)
            self._sectioned[card.id] = known
        return known

    def _bag(self, sentence: Sentence) -> float:
        """Without a name: how many of the input's words stand in the sentence, its headings and the ones before it."""
        near = " ".join(item.text for item in sentence.before[-2:])
        text = f"{sentence.card.title} {sentence.heading} {near} {sentence.text}"
        found = tokens(text)
        present = sum(
            next(Phrases(((stem(word),),), ((word,),)).spans(found), None) is not None
            for word in self._naming.bag
        )
        share = present / len(self._naming.bag)
        return OWN if share >= 0.99 else 0.9 if share >= 0.75 else LOOSE if share >= _BAG_SHARE else 0.0


def _acting(sentence: Sentence) -> list[Named]:
    """Names at the beginning of a sentence: those it is about."""
    return [item for item in sentence.named if item.start < 5]
