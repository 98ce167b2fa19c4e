"""Which documents may name a thing of a kind, told by their words alone: the others need not be read for it. Pure.

Nothing is decided here: what passes is read in `declarations.py`, and what does not pass names none.
"""

import re
from collections.abc import Iterable

import msgspec

from parallel_local.findall.kinds import GENERAL, are_of_kind, head, is_legal, is_of_kind
from parallel_local.findall.naming import AGENTS
from parallel_local.findall.signs import count_signs
from parallel_local.findall.wording import folded
from parallel_local.retrieval.index import Card
from parallel_local.text.tokens import words

_WORD = re.compile(r"[^\W_]+(?:[&'’.][^\W_]+)*")
_JOINED = re.compile(r"\b[^\W\d_]{1,30}-(?:ups?|offs?|outs?)\b")
_OF_PERSONS_WORDS = """
she he her his born birthday age languages sprachen geburtsjahr geburtsdatum geboren wohnort studies nacimiento
idiomas edad role profession occupation joined beruf profesion cargo oficio
"""
_OF_PERSONS = frozenset(_OF_PERSONS_WORDS.split())
_LEAST_SIGNS = 2


class Seen(msgspec.Struct, frozen=True):
    """The different words of a document and its name, as written and folded."""

    text: str
    raw: frozenset[str]
    folded: frozenset[str]

    @property
    def small(self) -> Iterable[str]:
        """The words that it has in small letters."""
        return (folded(word) for word in self.raw if word.islower())


def seen(card: Card, text: str) -> Seen:
    """The words of a document with its title and path."""
    whole = f"{card.title}\n{card.path}\n{text}"
    raw = {
        part for word in set(_WORD.findall(whole)) for part in (word, *_WORD.findall(word.replace(".", " ")))
    }
    raw |= {match.replace("-", "") for match in _JOINED.findall(whole)}
    # Scripts without blanks are read sign by sign.
    foreign = words(" ".join(word for word in raw if not word.isascii()))
    return Seen(whole, frozenset(raw), frozenset((*map(folded, raw), *foreign)))


def may_name(card: Card, found: Seen, wanted: str) -> bool:
    """Whether a document may declare a thing to be of the wanted kind."""
    if card.entities or head(wanted) in GENERAL or are_of_kind(found.folded, wanted):
        return True
    if any(verb in found.raw and is_of_kind(agent, wanted) for verb, agent in AGENTS.items()):
        return True
    if is_of_kind("company", wanted):
        return any(map(is_legal, found.raw)) or count_signs(found.text) >= _LEAST_SIGNS
    return is_of_kind("person", wanted) and bool(found.folded & _OF_PERSONS)
