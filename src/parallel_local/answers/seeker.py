"""Looking one field up: the passages that may say it, every reading of it, and the answer they come to.

Blocks on the index. A field whose name says nothing (`answer`, `who`) is read by its question, in one function, so that
this can be done better in one place. Objects and arrays are put together in `fill.py` and `lists.py`.
"""

from collections.abc import Sequence

import msgspec

from parallel_local.answers.about import About
from parallel_local.answers.basis import Answer
from parallel_local.answers.choice import answered
from parallel_local.answers.field_ask import FieldAsk, Lexicon, understand
from parallel_local.answers.field_kinds import Kind
from parallel_local.answers.judgements import options, yes_or_no
from parallel_local.answers.naming import Naming, naming
from parallel_local.answers.readings import Reading, from_sentence
from parallel_local.answers.schema_view import LEAVES, Node
from parallel_local.answers.sources import Page, Sources
from parallel_local.answers.subject import Subject
from parallel_local.answers.tables import from_grid
from parallel_local.retrieval.index import Card
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.query import Query
from parallel_local.retrieval.ranking import Found
from parallel_local.wire.common import SourcePolicy

_UNSEEN = "qxzvwkj"  # a word of no document: what it weighs is what an unknown word weighs
_MOST_PASSAGES = 24
_OF_SUBJECT = 24
_MOST_SAID = 6


class Seeker:
    """Finds and reads passages for the fields of one subject; what it has read it keeps."""

    def __init__(self, library: Library, subject: Subject, policy: SourcePolicy | None) -> None:
        self._library = library
        self._policy = policy
        self._subject = subject
        self._search = {"": self._found([library.query(subject.text)])}
        self.naming = self._named()
        self.about = About(self.naming, self._headings)
        self._sources = Sources(self.naming)
        unseen = library.weigh(library.query(_UNSEEN)).get(_UNSEEN, 1e9)
        self._lexicon = Lexicon(library.query, library.weigh, unseen)

    def ask(self, label: str, node: Node) -> FieldAsk:
        """The field as asked for."""
        asked = understand(label, node, self._lexicon)
        several = [name.text for name in self.naming.names[1:]] if self.naming.question else []
        return msgspec.structs.replace(asked, strict=(*asked.strict, *several)) if several else asked

    def answer(self, ask: FieldAsk) -> Answer | None:
        """What the documents give for a field; None where they say nothing."""
        return answered(self.readings(ask))

    def readings(self, ask: FieldAsk) -> list[Reading]:
        """All that the passages say for a field."""
        found: list[Reading] = []
        if ask.node.type not in LEAVES and not ask.node.options():
            return found
        for page in self.pages(ask):
            for grid in page.grids:
                found.extend(from_grid(ask, grid, self.about))
            for sentence in page.sentences:
                if ask.kind is Kind.BOOLEAN:
                    found.extend(yes_or_no(ask, sentence, self.about))
                elif ask.kind is Kind.OPTION:
                    found.extend(options(ask, sentence, self.about))
                else:
                    found.extend(from_sentence(ask, sentence, self.about))
        return found

    def pages(self, ask: FieldAsk) -> list[Page]:
        """The passages about field and subject, taken apart."""
        return [self._sources.page(item) for item in self.passages(ask)]

    def passages(self, ask: FieldAsk) -> list[Found]:
        """The passages about field and subject, and those about the subject alone."""
        said = " ".join(" ".join(part.rstrip("*") for part in phrase) for demand in ask.demands
                        for phrase in demand.phrases.said[:_MOST_SAID])  # fmt: skip
        texts = [f"{ask.text} {self._subject.text}", f"{said} {self._subject.text}" if said else ask.text]
        for text in texts:
            if text not in self._search:
                self._search[text] = self._found([self._library.query(text)])
        lists = [self._search[text][:_MOST_PASSAGES] for text in texts]
        both = [*lists[0], *lists[1], *self._search[""][:_OF_SUBJECT]]
        return list({item.passage: item for item in both}.values())

    def mention(self) -> tuple[str, Card] | None:
        """A sentence that has the subject's name."""
        for item in self._search[""][:_MOST_PASSAGES]:
            for sentence in self._sources.page(item).sentences:
                if sentence.ours:
                    return sentence.text, sentence.card
        return None

    def _found(self, queries: Sequence[Query]) -> list[Found]:
        return self._library.search(queries, self._policy)

    def _named(self) -> Naming:
        """The subject's names; where a text given as one stands nowhere, the names within it."""
        entities = [known.entity.name for known in self._subject.entities]
        given = self._subject.text if self._subject.given is None else self._subject.given
        named = naming(given, entities)
        about = About(named, self._headings)
        found = self._search[""][:_MOST_PASSAGES]
        if any(about.mentions(f"{item.card.title} {item.heading} {item.text}") for item in found):
            return named
        return naming(given, entities, apart=True) if named.names else named

    def _headings(self, card: Card) -> list[str]:
        return [hit.heading for hit in self._library.passages(card)]
