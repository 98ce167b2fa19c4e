"""Filling a JSON Schema from the documents, field by field, each with its evidence.

A value is a stated fact of a named entity, or what sentences, lines and tables say of the subject in the field's
words. Where nothing is found the field gets null, or the least that the schema allows, and says so.
"""

from functools import partial

import msgspec

from parallel_local.answers.basis import Answer, absent, joined
from parallel_local.answers.blanks import blank
from parallel_local.answers.choice import answered
from parallel_local.answers.field_ask import FieldAsk, label_of
from parallel_local.answers.field_kinds import Kind
from parallel_local.answers.keys import in_cell, key_fit
from parallel_local.answers.lists import Lister
from parallel_local.answers.open_answer import open_answer, question_of, says_nothing
from parallel_local.answers.questions import read_question
from parallel_local.answers.schema_view import JsonObject, Node, view
from parallel_local.answers.seeker import Seeker
from parallel_local.answers.stated import flag
from parallel_local.answers.subject import Known, Subject, stated_facts
from parallel_local.retrieval.library import Library
from parallel_local.text.tokens import words
from parallel_local.wire.common import Citation, SourcePolicy

_DEEPEST = 6
_OWN_NAME_WORDS = """
name company entity organization organisation person product subject full title firm book place official the
"""
_OWN_NAME = frozenset(_OWN_NAME_WORDS.split())
_WRAPPERS_WORDS = """
company entity organization organisation person product subject details detail info information data facts
fact result results output profile summary overview general basic basics item record fields values answer
response
"""
_WRAPPERS = frozenset(_WRAPPERS_WORDS.split())


class Filler:
    """Fills one schema for one subject."""

    def __init__(
        self, library: Library, subject: Subject, root: JsonObject, policy: SourcePolicy | None
    ) -> None:
        self._library = library
        self._subject = subject
        self._root = root
        self._policy = policy
        self._seeker = Seeker(library, subject, policy)
        self._lister = Lister(library, self._seeker, root)

    def field(self, name: str, raw: object, above: str = "", depth: int = 0, path: str = "") -> Answer:
        """The answer for one property; `above` names the objects around it, `path` is where it stands."""
        node = view(raw, self._root)
        place = f"{path}.{name}" if path else name
        label = label_of(name)
        if node.type == "object" and depth < _DEEPEST:
            return self._object(node, f"{above} {label}".strip(), depth, place)
        if node.type == "array" and depth < _DEEPEST:
            return self._array(node, f"{above} {label}".strip(), place)
        found = self._value(node, label, above)
        return found or absent(blank(node, self._root), place)

    def _object(self, node: Node, label: str, depth: int, path: str) -> Answer:
        kept = " ".join(word for word in label.split() if word.casefold() not in _WRAPPERS)
        parts = {
            name: self.field(name, raw, kept, depth + 1, path) for name, raw in node.properties().items()
        }
        held = {name: part for name, part in parts.items() if part.found or name in node.required()}
        if node.nullable and not any(part.found for part in parts.values()):
            return absent(None)
        values = {name: part.value for name, part in held.items()}
        undeclared = blank(node, self._root)
        return joined((undeclared if isinstance(undeclared, dict) else {}) | values, list(held.values()))

    def _array(self, node: Node, label: str, path: str) -> Answer:
        parts = self._lister.elements(node, label)
        if not parts:
            return absent(None if node.nullable else [], path)
        whole = joined([part.value for part in parts], parts)
        missing = tuple(f"{path}.{at}.{name}" for at, part in enumerate(parts) for name in part.missing)
        return msgspec.structs.replace(whole, elements=tuple(parts), missing=missing)

    def _value(self, node: Node, label: str, above: str) -> Answer | None:
        """A single value; words of the objects around it count, but what is found without them is less sure."""
        found = self._single(node, f"{above} {label}".strip())
        if found is None and above:
            found = self._single(node, label)
            sure = "medium" if found and found.confidence == "high" else found.confidence if found else "low"
            return msgspec.structs.replace(found, confidence=sure) if found else None
        return found

    def _single(self, node: Node, label: str) -> Answer | None:
        ask = self._seeker.ask(label, node)
        stated = self._stated(ask) or self._own_name(ask)
        if stated is not None:
            return stated
        if says_nothing(label) or (not ask.demands and ask.kind not in (Kind.URL, Kind.EMAIL, Kind.PHONE)):
            found = self._open(ask, node, label)
            if found or (says_nothing(label) and read_question(self._subject.text).is_question):
                return (
                    found  # a question is not answered with something else, because a field is called `when`
                )
            return answered(self._seeker.readings(ask), limit="medium")
        return answered(self._seeker.readings(ask))

    def _open(self, ask: FieldAsk, node: Node, label: str) -> Answer | None:
        """The answer to the input's question, or the description's, where the field's name says nothing."""
        question = question_of(label, node, self._subject.text)
        return open_answer(self._library, question, self._policy, partial(self._typed, ask))

    def _stated(self, ask: FieldAsk) -> Answer | None:
        """A fact stated for an entity that the input names."""
        for known in self._subject.entities:
            for key, text in stated_facts(known):
                if key_fit(ask, key.replace("_", " ")) != "whole" or ask.strict:
                    continue
                value = self._typed(ask, text)
                if value is not None:
                    return self._evident(known, value, text)
        return None

    def _typed(self, ask: FieldAsk, text: str) -> object | None:
        if ask.kind is Kind.BOOLEAN:
            return flag(text)
        if ask.kind is Kind.OPTION:
            return next((option for option in ask.node.options() if words(str(option)) == words(text)), None)
        if ask.node.type == "string" and not ask.iso:
            return text
        return next((item.value for item in in_cell(ask, text)), None)

    def _own_name(self, ask: FieldAsk) -> Answer | None:
        """The subject's own name, where that is what a field asks for."""
        if ask.node.type != "string" or ask.node.options() or not set(words(ask.label)) <= _OWN_NAME:
            return None
        if self._subject.entities:
            known = self._subject.entities[0]
            return self._evident(known, known.entity.name, known.entity.name)
        said = self._seeker.mention()
        names = self._seeker.naming.names
        if said is None or not names:
            return None
        citation = Citation(url=said[1].url, title=said[1].title, excerpts=[said[0]])
        return Answer(names[0].text, (citation,), "high", "The documents name it.")

    def _evident(self, known: Known, value: object, text: str) -> Answer:
        """Evidence for a stated fact: the line that says so, else the value as the document's data has it."""
        units = self._library.passages(known.card)
        quoted = next((line for hit in units for line in hit.text.splitlines() if text in line), None)
        excerpt = quoted.strip() if quoted else text
        citation = Citation(url=known.card.url, title=known.card.title, excerpts=[excerpt])
        reason = f"Stated for {known.entity.name} in “{known.card.title}”."
        return Answer(value, (citation,), "high", reason)
