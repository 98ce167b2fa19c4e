"""Candidates: the things of the documents that are of the wanted kind. Pure."""

from collections.abc import Iterable, Sequence

import msgspec

from parallel_local.documents.document import Entity
from parallel_local.findall.declared import Declared
from parallel_local.findall.entity_index import Entities, Thing
from parallel_local.findall.headings import kind_heading
from parallel_local.findall.kinds import alike, head, legal_form
from parallel_local.findall.names import key_of
from parallel_local.findall.wording import same
from parallel_local.retrieval.index import Card
from parallel_local.retrieval.policy import host_of
from parallel_local.text.tokens import slug, words

_MOST_FACTS = 40


class Nominee(msgspec.Struct, frozen=True):
    """A thing of the wanted kind: as an entity with its facts, and where it is declared one."""

    entity: Entity
    thing: Thing
    declared: tuple[tuple[Card, Declared], ...]

    @property
    def cards(self) -> tuple[Card, ...]:
        """The documents that declare it, in order of path."""
        return tuple({card.id: card for card, _ in self.declared}.values())

    @property
    def url(self) -> str:
        """The entity's own address, or the document it was found in."""
        return self.entity.url or f"{self.cards[0].url}#{slug(self.entity.name)}"


def nominees(entities: Entities, entity_type: str, exclude: Iterable[tuple[str, str]] = ()) -> list[Nominee]:
    """Things of the wanted kind without the excluded ones, in the order in which the documents declare them."""
    names = {key_of(name) for name, _ in exclude}
    hosts = {host_of(url) for _, url in exclude} - {""}
    found: list[Nominee] = []
    for thing in entities.things.values():
        nominee = _nominee(thing, entity_type)
        if nominee is None or names & {key_of(name) for name in thing.names}:
            continue
        if not (nominee.entity.url and host_of(nominee.entity.url) in hosts):
            found.append(nominee)
    return _qualified(found, entity_type)


def _nominee(thing: Thing, wanted: str) -> Nominee | None:
    declared = tuple((card, item) for card, item in thing.declared if item.of_kind(wanted))
    heads_list = any(alike(head(kind), head(wanted)) for name in thing.names for kind in kind_heading(name))
    if not declared or (heads_list and not any(item.strong for _, item in declared)):
        return None
    facts: dict[str, str] = {}
    for _, item in thing.declared:
        facts = {**item.facts, **facts}
    kind = declared[0][1].of_kind(wanted)
    url = next((item.url for _, item in thing.declared if item.url), None)
    name = max(thing.names, key=_fullness)
    return Nominee(Entity(name, kind, url, dict(list(facts.items())[:_MOST_FACTS])), thing, declared)


def _fullness(name: str) -> tuple[int, bool, bool, int]:
    """The name to show: the one with most words, its legal form, and no article of a sentence before it."""
    article = name.casefold().startswith(("die ", "der ", "das ", "el "))
    return len(key_of(name)), bool(legal_form(name)), not article, len(name)


def _qualified(found: Sequence[Nominee], wanted: str) -> list[Nominee]:
    """ "Wine bars" are bars that are declared so, where any is; else the word is no matter of kind here."""
    qualifiers = words(wanted)[:-1]
    if not qualifiers:
        return list(found)
    strict = [nominee for nominee in found if _is_qualified(nominee, qualifiers)]
    return strict or list(found)


def _is_qualified(nominee: Nominee, qualifiers: Sequence[str]) -> bool:
    said = [
        word
        for card, item in nominee.declared
        for kind in (*item.kinds, *item.loose, card.title)
        for word in words(kind)
    ]
    return all(any(same(qualifier, word) for word in said) for qualifier in qualifiers)
