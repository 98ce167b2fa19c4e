"""Candidates: the entities of the documents that are of the wanted kind. Pure."""

from collections.abc import Iterable

import msgspec

from parallel_local.documents.document import Entity
from parallel_local.retrieval.index import Card
from parallel_local.retrieval.policy import host_of
from parallel_local.text.tokens import slug, stems, words

_GENERAL = frozenset(stems("entities things organizations organisations items names"))
_KINDS = {
    "people": stems("person people founder ceo author"),
    "compani": stems(
        "company firm startup vendor manufacturer supplier provider business acquirer buyer brand"
    ),
}


class Nominee(msgspec.Struct, frozen=True):
    """An entity with every document that lists it, first mention first."""

    entity: Entity
    cards: tuple[Card, ...]

    @property
    def url(self) -> str:
        """The entity's own address, or the document it was found in."""
        return self.entity.url or f"{self.cards[0].url}#{slug(self.entity.name)}"


def nominees(
    listed: Iterable[tuple[Card, Entity]], entity_type: str, exclude: Iterable[tuple[str, str]] = ()
) -> list[Nominee]:
    """Entities of the wanted kind, merged by name, without the excluded ones."""
    names = {tuple(words(name)) for name, _ in exclude}
    hosts = {host_of(url) for _, url in exclude} - {""}
    merged: dict[tuple[str, ...], Nominee] = {}
    for card, entity in listed:
        key = tuple(words(entity.name))
        if not key or key in names or (entity.url and host_of(entity.url) in hosts):
            continue
        known = merged.get(key)
        merged[key] = _merge(known, card, entity) if known else Nominee(entity, (card,))
    return [nominee for nominee in merged.values() if is_of_kind(nominee.entity.type, entity_type)]


def is_of_kind(type_: str, wanted: str) -> bool:
    """Whether an entity's type names the wanted noun: "AI company" is one of the companies."""
    noun = stems(wanted)[-1:]
    if not noun or noun[0] in _GENERAL:
        return True
    present = set(stems(type_))
    return noun[0] in present or bool(present & set(_KINDS.get(noun[0], ())))


def _merge(known: Nominee, card: Card, entity: Entity) -> Nominee:
    """Two mentions of one name: the first type stands, facts and documents add up."""
    both = Entity(
        name=known.entity.name,
        type=known.entity.type or entity.type,
        url=known.entity.url or entity.url,
        facts={**entity.facts, **known.entity.facts},
    )
    cards = known.cards if card in known.cards else (*known.cards, card)
    return Nominee(both, cards)
