"""What a task's input is about: its words as a query, and the known entities it names. Pure."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from parallel_local.documents.document import Entity
from parallel_local.retrieval.index import Card
from parallel_local.text.tokens import spaced, stems, words

_MOST_CHARS = 4000
_FORMS = "name names year date number count amount total url value type list size of in the usd full"
_FORM_WORDS = frozenset(_FORMS.split())


class Known(msgspec.Struct, frozen=True):
    """An entity and the document that states its facts."""

    card: Card
    entity: Entity


class Subject(msgspec.Struct, frozen=True):
    """`text` is the input in words; `entities` the ones it names, longest name first."""

    text: str
    entities: tuple[Known, ...]


def subject_text(given: object) -> str:
    """The words of an input: a text as it is, an object as its values."""
    return " ".join(_leaves(given))[:_MOST_CHARS]


def named_entities(text: str, known: Sequence[tuple[Card, Entity]]) -> tuple[Known, ...]:
    """The entities whose full name occurs in the text, longest name first."""
    haystack = spaced(words(text))
    named = [Known(card, entity) for card, entity in known if _occurs(entity.name, haystack)]
    return tuple(sorted(named, key=lambda item: (-len(item.entity.name), -len(item.entity.facts))))


def fact(known: Known, label: str) -> tuple[str, str] | None:
    """Key and value of the fact a field label asks for: "CEO name" finds `ceo`."""
    wanted = set(stems(core_words(label.replace("_", " "))))
    facts = dict(known.entity.facts)
    if known.entity.url:
        facts.setdefault("website", known.entity.url)
        facts.setdefault("url", known.entity.url)
    for key, value in facts.items():
        if wanted and wanted == set(stems(key.replace("_", " "))):
            return key, value
    return None


def core_words(label: str) -> str:
    """A field's label without words that only name its form: "founded year" is about "founded"."""
    kept = [word for word in words(label) if word not in _FORM_WORDS]
    return " ".join(kept) or label


def _occurs(name: str, haystack: str) -> bool:
    wanted = words(name)
    return bool(wanted) and spaced(wanted) in haystack


def _leaves(given: object) -> Iterator[str]:
    """Texts inside a JSON value; iterative, so that no nesting can exhaust the stack."""
    pending: list[object] = [given]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending.extend(reversed(list(value.values())))
        elif isinstance(value, list):
            pending.extend(reversed(value))
        elif value is not None and not isinstance(value, bool):
            yield re.sub(r"\s+", " ", str(value)).strip()
