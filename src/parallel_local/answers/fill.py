"""Filling a JSON Schema from the documents, field by field, each with its evidence.

A value is taken from a stated fact of a named entity, or read out of the best sentence about field and
subject. Where nothing is found the field gets null, or the least that the schema allows, and says so in
its basis.
"""

from parallel_local.answers.basis import Answer, absent, joined
from parallel_local.answers.blanks import blank
from parallel_local.answers.lists import table_items
from parallel_local.answers.open_answer import open_answer, question_of, says_nothing
from parallel_local.answers.schema_view import JsonObject, Node, view
from parallel_local.answers.statements import Statement, cite, statements
from parallel_local.answers.subject import Known, Subject, core_words, fact
from parallel_local.answers.typed_values import Hints, fits, read_value
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.query import Query
from parallel_local.retrieval.ranking import coverage
from parallel_local.text.sentences import Kind
from parallel_local.text.tokens import spaced, stems
from parallel_local.wire.common import Citation, Confidence, SourcePolicy

_DEEPEST = 6
_MOST_TRIED = 12
_MOST_ITEMS = 20
_FIELD_SHARE = 0.5
_FITTING = 0.3


class Filler:
    """Fills one schema for one subject."""

    def __init__(
        self, library: Library, subject: Subject, root: JsonObject, policy: SourcePolicy | None
    ) -> None:
        self._library = library
        self._subject = subject
        self._root = root
        self._policy = policy

    def field(self, name: str, raw: object, above: str = "", depth: int = 0) -> Answer:
        """The answer for one property; `above` names the objects around it."""
        node = view(raw, self._root)
        label = f"{above} {name.replace('_', ' ')}".strip()
        if node.type == "object" and depth < _DEEPEST:
            return self._object(node, label, depth)
        if node.type == "array" and depth < _DEEPEST:
            return self._array(node, label, depth)
        found = self._open(node, name, label) if says_nothing(name) else None
        found = found or self._known(node, label) or (None if says_nothing(name) else self._read(node, label))
        return found or absent(blank(node, self._root))

    def _open(self, node: Node, name: str, label: str) -> Answer | None:
        """The answer to the input's question, or the description's, where the field's name says nothing."""
        question = question_of(name, node, self._subject.text)

        def typed(text: str) -> object | None:
            return text if node.type == "string" and not node.options() else self._typed(node, label, text)

        return open_answer(self._library, question, self._policy, typed)

    def _object(self, node: Node, label: str, depth: int) -> Answer:
        parts = {name: self.field(name, raw, label, depth + 1) for name, raw in node.properties().items()}
        kept = {name: part for name, part in parts.items() if part.found or name in node.required()}
        if node.nullable and not any(part.found for part in parts.values()):
            return absent(None)
        return joined({name: part.value for name, part in kept.items()}, list(kept.values()))

    def _known(self, node: Node, label: str) -> Answer | None:
        """A fact stated for an entity that the input names, or the entity's own name."""
        for known in self._subject.entities:
            if label.casefold() in ("name", "company", "company name", "entity name", "entity"):
                return self._evident(known, known.entity.name, known.entity.name)
            stated = fact(known, label)
            if stated is None:
                continue
            value = (
                stated[1]
                if node.type == "string" and not node.options()
                else self._typed(node, label, stated[1])
            )
            if value is not None:
                return self._evident(known, value, stated[1])
        return None

    def _typed(self, node: Node, label: str, text: str) -> object | None:
        return read_value(node, Hints(label, self._library.query(label)), text)

    def _evident(self, known: Known, value: object, text: str) -> Answer:
        """Evidence for a stated fact: the line that says so, else the value as the document's data has it."""
        units = self._library.passages(known.card)
        quoted = next((line for hit in units for line in hit.text.splitlines() if text in line), None)
        excerpt = quoted.strip() if quoted else text
        citation = Citation(url=known.card.url, title=known.card.title, excerpts=[excerpt])
        reason = f"Stated for {known.entity.name} in “{known.card.title}”."
        return Answer(value, (citation,), "high", reason)

    def _read(self, node: Node, label: str) -> Answer | None:
        """A value out of the best sentences about field and subject."""
        field = self._library.query(f"{label} {node.description}")
        hints = Hints(f"{label} {node.description}", self._library.query(core_words(label)))
        ranked = sorted(self.about(field, label), key=lambda item: -(_fit(hints, item[0]) + item[1]))
        for statement, share in ranked[:_MOST_TRIED]:
            value = read_value(node, hints, statement.text)
            if value is not None:
                return _answer(value, statement, share)
        return None

    def about(self, field: Query, label: str) -> list[tuple[Statement, float]]:
        """Sentences that mention both field and subject, best first, with how well they do."""
        subject = self._library.query(self._subject.text)
        core = self._library.query(core_words(label))
        found = self._library.search(
            [self._library.query(f"{label} {self._subject.text}"), field], self._policy
        )
        scored = [
            (statement, self._share(statement, core, subject))
            for statement in statements(
                field if field.terms else subject, found[:40], self._library.weigh(field)
            )
        ]
        usable = [item for item in scored if item[1] >= _FIELD_SHARE]
        return sorted(usable, key=lambda item: -(item[1] + 0.2 * item[0].score))

    def _share(self, statement: Statement, core: Query, subject: Query) -> float:
        """How much of field and subject a sentence with its headings mentions; 0 when either is missing."""
        own = spaced(stems(statement.text))
        around = own + spaced(stems(f"{statement.card.title} | {statement.heading}"))
        of_field = coverage(core, own, self._library.weigh(core)) if core.terms else statement.coverage
        of_subject = coverage(subject, around, self._library.weigh(subject)) if subject.terms else 1.0
        return 0.5 * of_field + 0.5 * of_subject if of_field >= _FIELD_SHARE and of_subject >= 0.34 else 0.0

    def _array(self, node: Node, label: str, depth: int) -> Answer:
        item = view(node.schema.get("items"), self._root)
        field = self._library.query(f"{label} {node.description}")
        found = self._library.search([self._library.query(f"{label} {self._subject.text}")], self._policy)
        parts = (
            table_items(item, self._root, found, self._library)[:_MOST_ITEMS] if item.type == "object" else []
        )
        if not parts:
            parts = self._items(item, label, field, depth)
        if not parts:
            return absent(None if node.nullable else [])
        whole = joined([part.value for part in parts], parts)
        return Answer(whole.value, whole.citations, whole.confidence, whole.reasoning, tuple(parts))

    def _items(self, item: Node, label: str, field: Query, depth: int) -> list[Answer]:
        """Elements out of list items first, else out of single sentences."""
        ranked = [pair for pair in self.about(field, label) if pair[0].kind is not Kind.ROW]
        listed = [pair for pair in ranked if pair[0].kind is Kind.ITEM]
        parts: list[Answer] = []
        for statement, share in (listed or ranked)[:_MOST_ITEMS]:
            value = self._element(item, label, statement.text, depth)
            if value is not None and all(value != part.value for part in parts):
                parts.append(_answer(value, statement, share))
        return parts

    def _element(self, item: Node, label: str, text: str, depth: int) -> object | None:
        if item.type != "object" or depth >= _DEEPEST:
            return self._typed(item, label, text)
        values = {name: self._typed(view(raw, self._root), name.replace("_", " "), text)
                  for name, raw in item.properties().items()}  # fmt: skip
        if not any(value is not None for value in values.values()):
            return None
        blanks = {name: blank(view(raw, self._root), self._root) for name, raw in item.properties().items()}
        return {name: blanks[name] if value is None else value for name, value in values.items()}


def _fit(hints: Hints, statement: Statement) -> float:
    """Sentences that hold the kind of value a field names come first; otherwise their score counts."""
    return 0.2 * statement.score + (_FITTING if fits(hints, statement.text) else 0.0)


def _answer(value: object, statement: Statement, share: float) -> Answer:
    sure: Confidence = "high" if share >= 0.85 else "medium" if share >= 0.6 else "low"
    reason = f"Read from a sentence in “{statement.card.title}” that mentions both field and subject."
    return Answer(value, tuple(cite([statement])), sure, reason)
