"""What a task's input is about: its words as a query, and the known entities it names. Pure."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from parallel_local.documents.document import Entity
from parallel_local.retrieval.index import Card
from parallel_local.text.tokens import spaced, words

_MOST_CHARS = 4000


class Known(msgspec.Struct, frozen=True):
    """An entity and the document that states its facts."""

    card: Card
    entity: Entity


class Subject(msgspec.Struct, frozen=True):
    """`text` is the input in words, `given` as it came; `entities` the ones it names, longest name first."""

    text: str
    entities: tuple[Known, ...]
    given: object = None


def subject_text(given: object) -> str:
    """The words of an input: a text as it is, an object as its values."""
    return " ".join(_leaves(given))[:_MOST_CHARS]


def named_entities(text: str, known: Sequence[tuple[Card, Entity]]) -> tuple[Known, ...]:
    """The entities whose full name occurs in the text, longest name first."""
    haystack = spaced(words(text))
    named = [Known(card, entity) for card, entity in known if _occurs(entity.name, haystack)]
    return tuple(sorted(named, key=lambda item: (-len(item.entity.name), -len(item.entity.facts))))


def stated_facts(known: Known) -> Iterator[tuple[str, str]]:
    """Keys and values of the facts stated for an entity, its address among them."""
    yield from known.entity.facts.items()
    if known.entity.url and "website" not in known.entity.facts:
        yield "website", known.entity.url


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
