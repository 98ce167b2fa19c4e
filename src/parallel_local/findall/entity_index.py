"""The things that documents name, and what they say about them; for each kind made once for a state of the library.

Only documents that may name a thing of the kind are read, and those that mention one; which of their things are wanted,
and whether they meet a condition, is decided elsewhere. Blocks on the library: to be called in a thread.
"""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from parallel_local.findall.declared import Declared, PageNames
from parallel_local.findall.kinds import (
    GENERAL,
    forms,
    head,
    is_company_noun,
    is_of_kind,
    is_role,
    is_same_form,
)
from parallel_local.findall.names import Key, NameFinder, NameWords, key_of, merged
from parallel_local.findall.pages import sections
from parallel_local.findall.prefilter import Seen, may_name, seen
from parallel_local.findall.read_pages import Pages
from parallel_local.findall.statements import Reading, Statement
from parallel_local.findall.subjects import SubjectReader
from parallel_local.findall.wording import tokens
from parallel_local.retrieval.index import Card
from parallel_local.retrieval.library import Library
from parallel_local.text.tokens import words

_ARTICLE = len("The ")
_MOST_KINDS = 4  # of which the things are kept
_MOST_READ = 4000  # documents whose statements are kept


class Thing(msgspec.Struct, frozen=True):
    """Something the documents name: by which names, as what, and where."""

    key: Key
    names: tuple[str, ...]
    declared: tuple[tuple[Card, Declared], ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The phrases that say what it is."""
        return tuple(dict.fromkeys(kind for _, item in self.declared for kind in item.kinds))

    def is_subject(self, noun: str) -> bool:
        """Whether sentences are read as being about it: it is of the kind, or said outright to be something."""
        return (
            any(item.kinds and item.strong for _, item in self.declared)
            or any(kind and is_of_kind(kind, noun) for kind in self.kinds)
            or any(is_same_form(kind, noun) for _, item in self.declared for kind in item.loose)
        )


class About(msgspec.Struct, frozen=True):
    """A statement and the document that makes it."""

    statement: Statement
    card: Card


class Entities:
    """The things of one state of the library."""

    def __init__(self, library: Library, pages: Pages, wanted: str) -> None:
        self._library = library
        self.state = library.vocabulary
        self.newest = library.newest_date()
        self.acronyms = {short: long for card in library.cards for short, long in card.acronyms.items()}
        self._topics: dict[int, str] = {}
        self._common: set[str] = set()
        self._read: OrderedDict[tuple[int, str], Mapping[Key, Sequence[Statement]]] = OrderedDict()
        self._finders: dict[str, NameFinder] = {}
        self._lock = threading.Lock()
        read = self._worth_reading(pages, wanted)
        found = [(card, item) for card, names in read for item in names.declared if key_of(item.name)]
        self._topics = {card.id: names.topic for card, names in read}
        self.things: dict[Key, Thing] = _things(found)
        self._aliases = {key_of(name): thing.key for thing in self.things.values() for name in thing.names}
        nouns = {head(kind) for thing in self.things.values() for kind in thing.kinds} - GENERAL
        self._nouns = {form for noun in nouns for form in forms(noun)}
        self._places: dict[Key, list[Card]] = defaultdict(list)
        self._find([card for card, _ in read])

    def _worth_reading(self, pages: Pages, wanted: str) -> list[tuple[Card, PageNames]]:
        """The documents that may name things of the kind, and those that name one of these, in order of path."""
        cards = tuple(self._library.cards)
        others: list[tuple[Card, Seen]] = []
        read: dict[int, PageNames] = {}
        for card in cards:
            text = self._library.text(card)
            words = seen(card, text)
            self._common.update(words.small)
            if may_name(card, words, wanted):
                read[card.id] = pages.names(card, text)
            else:
                others.append((card, msgspec.structs.replace(words, text="", raw=frozenset())))
        declared = (item for names in read.values() for item in names.declared)
        names = NameWords(key_of(item.name) for item in declared if item.of_kind(wanted))
        for card, words in others:
            if names.any_in(words.folded):
                read[card.id] = pages.names(card, self._library.text(card))
        return [(card, read[card.id]) for card in cards if card.id in read]

    def _find(self, cards: Sequence[Card]) -> None:
        """Note which documents name which things."""
        finder = NameFinder(self._aliases)
        for card in cards:
            text = f"{card.title}\n{self._library.text(card)}"
            for key in dict.fromkeys(mention.key for mention in finder.find(tokens(text))):
                self._places[key].append(card)

    def about(self, key: Key, wanted: str, most: int) -> list[About]:
        """What documents say of a thing, in order of path, read with the wanted kind in mind.

        What lists of other kinds name ("languages: Danish and Norwegian") is then no subject of sentences. Where more
        than `most` documents name it, those that declare it come first, and then the newest.
        """
        return [
            About(statement, card)
            for card in self._chosen(key, most)
            for statement in self._statements(card, head(wanted)).get(key, ())
        ]

    def _chosen(self, key: Key, most: int) -> Sequence[Card]:
        places = self._places.get(key, ())
        if len(places) <= most:
            return places
        declaring = {card.id for card, _ in self.things[key].declared}
        first = sorted(places, key=lambda card: (card.id in declaring, card.date or ""), reverse=True)[:most]
        kept = {card.id for card in first}
        return [card for card in places if card.id in kept]

    def _finder_for(self, noun: str) -> NameFinder:
        with self._lock:
            if noun not in self._finders:
                counted = [thing for thing in self.things.values() if thing.is_subject(noun)]
                self._finders[noun] = NameFinder({key_of(name): t.key for t in counted for name in t.names})
            return self._finders[noun]

    def _statements(self, card: Card, noun: str) -> Mapping[Key, Sequence[Statement]]:
        with self._lock:
            known = self._read.get((card.id, noun))
        if known is None:
            text = self._library.text(card)
            named = self._finder_for(noun)
            finder = NameFinder(self._short(named, f"{card.title}\n{text}"), named)
            reading = Reading(
                finder, self._kinds, self._is_kind_word, self._common.__contains__, card.language
            )
            first = next(iter(named.find(tokens(self._topics[card.id]))), None)
            topic = first.key if first and first.start <= _ARTICLE else None
            known = SubjectReader(reading, topic).read(sections(text), card.title)
            with self._lock:
                self._read[card.id, noun] = known
                while len(self._read) > _MOST_READ:
                    self._read.popitem(last=False)
        return known

    def _short(self, finder: NameFinder, text: str) -> dict[Key, Key]:
        """Parts of names by which one document calls what it names in full: "Acme", "Bauer"."""
        found: dict[Key, set[Key]] = defaultdict(set)
        for key in {mention.key for mention in finder.find(tokens(text)) if len(mention.key) > 1}:
            kinds = self._kinds(key)
            if any(is_role(head(kind)) for kind in kinds):
                found[key[-1:]].add(key)
                found[key[:1]].add(key)
            elif any(is_company_noun(head(kind)) for kind in kinds) and len(key[0]) > 2:
                found[key[:1]].add(key)
        return {
            short: next(iter(keys))
            for short, keys in found.items()
            if len(keys) == 1 and short[0] not in self._common and short not in self.things
        }

    def _kinds(self, key: Key) -> Sequence[str]:
        thing = self.things.get(key)
        return (*thing.kinds, *(kind for _, item in thing.declared for kind in item.loose)) if thing else ()

    def _is_kind_word(self, word: str) -> bool:
        folded = words(word)
        return bool(folded) and folded[-1] in self._nouns


class EntityIndex:
    """The things of the library as it is now, by the kind that is asked for."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._pages = Pages()
        self._lock = threading.Lock()
        self._made: OrderedDict[str, Entities] = OrderedDict()

    def now(self, wanted: str) -> Entities:
        """Made again when the documents have changed; whoever comes meanwhile waits for it."""
        noun = head(wanted)
        with self._lock:
            made = self._made.pop(noun, None)
            # The vocabulary is made anew whenever the documents have changed.
            if made is None or made.state is not self._library.vocabulary:
                made = Entities(self._library, self._pages, wanted)
            self._made[noun] = made
            while len(self._made) > _MOST_KINDS:
                self._made.popitem(last=False)
            return made


def _things(found: Sequence[tuple[Card, Declared]]) -> dict[Key, Thing]:
    """Declarations gathered by thing; a short and a full name of one thing come together."""
    by_name: dict[Key, list[tuple[Card, Declared]]] = defaultdict(list)
    for card, item in found:
        by_name[key_of(item.name)].append((card, item))
    kinds = {key: [kind for _, item in said for kind in item.kinds] for key, said in by_name.items()}
    full = merged(kinds, {key: {card.id for card, _ in said} for key, said in by_name.items()})
    gathered: dict[Key, list[tuple[Card, Declared]]] = defaultdict(list)
    for key, said in by_name.items():
        gathered[full[key]] += said
    return {key: _thing(key, said) for key, said in gathered.items()}


def _thing(key: Key, said: Sequence[tuple[Card, Declared]]) -> Thing:
    names = tuple(dict.fromkeys(item.name for _, item in said))
    return Thing(key, names, tuple(said))
