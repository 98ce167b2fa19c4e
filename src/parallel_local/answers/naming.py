"""The subject's names: how they are taken from a task's input, and where a text mentions them. Pure.

A name counts as a whole, without "Inc." or "GmbH", and by its telling word where the whole name stands nearby.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from parallel_local.answers.clauses import GENERIC
from parallel_local.answers.mentions import Phrases, Span, Token
from parallel_local.text.tokens import STOPWORDS, stems, words
from parallel_local.text.values.names import is_person, proper_names

_SUFFIXES_WORDS = """
inc ltd llc gmbh ag se corp corporation co company group holding plc sa sl sarl kg the
"""
_SUFFIXES = frozenset(_SUFFIXES_WORDS.split())
_SOFT_KEYS = re.compile(
    r"country|city|industry|year|date|type|category|region|language|url|website|domain|note|descri|context|"
    r"question|query|"
    r"task|instruction|objective|request|prompt|focus|id\b|aspect|sector|currency|role",
    re.IGNORECASE,
)
_ASKED_KEYS = re.compile(
    r"question|query|instruction|prompt|task|objective|request|url|website|date|year", re.I
)
_QUESTION = re.compile(
    r"\?\s*$|^\s*(?:what|who|whose|when|where|which|why|how|is|are|does|do|did|was|were|find|give|list|tell|"
    r"extract|fill|get|"
    r"look|read|research|collect|show|wer|wie|was|wann|wo|welche[rs]?|warum|qui|que|quel(?:le)?|combien|quand|où|"
    r"comment|"
    r"qué|quién|cuándo|cuánto|dónde|cuál|cómo|nenne|finde)\b",
    re.IGNORECASE,
)
_LONGEST_NAME = 8
_ASKING = re.compile(
    r"^(?:What|Who|Whose|When|Where|Which|Why|How|Is|Are|Does|Do|Did|Was|Were|Find|Give|List|Tell|Extract|Fill|"
    r"Get|Look|Read|"
    r"Research|Collect|Show|Wer|Wie|Wann|Wo|Welche[rs]?|Qui|Que|Quel(?:le)?|Combien|Quand|Où|Comment|Qué|Quién|"
    r"Cuándo|"
    r"Cuánto|Dónde|Cuál|Cómo|Nenne|Finde|Please|Bitte)\s+"
)


class Name(msgspec.Struct, frozen=True):
    """A name of the subject: the whole of it, and the shorter forms that count where the whole was said."""

    text: str
    whole: Phrases
    short: Phrases

    def spans(self, within: Sequence[Token], *, known: bool) -> Iterator[Span]:
        """Where a text has the name; shorter forms only where it is `known` who is meant."""
        yield from self.whole.spans(within)
        if known:
            yield from self.short.spans(within)


class Naming(msgspec.Struct, frozen=True):
    """Who a task is about. `bag` are the words of an input that has no name in it."""

    names: tuple[Name, ...]
    bag: tuple[str, ...]
    question: str = ""

    @property
    def anybody(self) -> bool:
        """Whether nothing in particular was named: then everything the documents say counts."""
        return not self.names and not self.bag


def naming(given: object, entities: Sequence[str], *, apart: bool = False) -> Naming:
    """The names in an input: short values of an object, the capitalised runs of a text, entities that it names.

    With `apart` short values are texts as well: "the office in Lyon" is named nowhere as a whole, but Lyon may be.
    """
    named: list[str] = []
    question = ""
    bag: list[str] = []
    found = list(leaves(given))
    soft = {key for key, _ in found if _SOFT_KEYS.search(key)}
    if all(key in soft for key, _ in found):
        soft = {key for key in soft if _ASKED_KEYS.search(key)}
    for key, text in found:
        if _QUESTION.search(text):
            question = question or text
            named.extend(_capitalised(text, entities))
            bag.extend(words(text))
        elif not apart and key not in soft and len(words(text)) <= _LONGEST_NAME:
            named.append(text)
        elif key not in soft:
            named.extend(_capitalised(text, entities))
            bag.extend(words(text))
    names = tuple(name(text) for text in dict.fromkeys(named) if words(text))
    kept = () if names else tuple(dict.fromkeys(word for word in bag if word not in STOPWORDS))
    return Naming(names, kept, question)


def name(text: str) -> Name:
    """A name with its shorter forms."""
    parts = words(text)
    bare = list(parts)
    while len(bare) > 1 and bare[-1] in _SUFFIXES:
        bare.pop()
    while len(bare) > 1 and bare[0] in ("the", "die", "der", "das", "le", "la", "el"):
        bare.pop(0)
    whole = Phrases((tuple(stems(" ".join(bare))),), (tuple(bare),))
    person = len(bare) == 2 and text[:1].isupper() and is_person(text) and bare[1] not in GENERIC
    if any(char.isdigit() for char in "".join(bare)):
        return Name(text, whole, Phrases())  # "Thermo 300" is never "Thermo"
    shorter = [bare[:1], bare[-1:]] if person else [bare[:1]]
    kind = (
        bare[0] in GENERIC
        or not text[:1].isupper()
        or bare[1:2] in (["de"], ["of"], ["von"], ["du"], ["del"])
    )
    shorter = shorter[1:] if kind else shorter
    short = tuple((part[0],) for part in shorter if len(bare) > 1 and len(part[0]) > 2)
    return Name(text, whole, Phrases((), short))


def _capitalised(text: str, entities: Sequence[str]) -> list[str]:
    known = [entity for entity in entities if entity]
    if known:
        return known
    return [
        value.text
        for value in proper_names(_ASKING.sub("", text))
        if not value.text.isupper() or len(value.text) > 2
    ]


def leaves(given: object) -> Iterator[tuple[str, str]]:
    """Keys and texts inside a JSON value; iterative, so that no nesting can exhaust the stack."""
    pending: list[tuple[str, object]] = [("", given)]
    while pending:
        key, value = pending.pop()
        if isinstance(value, dict):
            pending.extend(reversed([(str(name), item) for name, item in value.items()]))
        elif isinstance(value, list):
            pending.extend((key, item) for item in reversed(value))
        elif value is not None and not isinstance(value, bool):
            yield key, re.sub(r"\s+", " ", str(value)).strip()
