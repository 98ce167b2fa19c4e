"""Names of things: finding known ones in a text, and which names are of one thing. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set

import msgspec

from parallel_local.findall.kinds import bare, is_company_noun, is_legal
from parallel_local.findall.wording import Token, tokens

Key = tuple[str, ...]


class Mention(msgspec.Struct, frozen=True):
    """A known thing named in a text, and where."""

    key: Key
    start: int
    end: int


class NameFinder:
    """Finds known names in the words of a text; the longest name that begins at a word counts.

    With a `base` its names count as well, so that one document can have short names of its own.
    """

    def __init__(self, names: Mapping[Key, Key], base: "NameFinder | None" = None) -> None:
        self._names = dict(names)
        self._base = base
        by_first: dict[str, set[int]] = defaultdict(set)
        for name in self._names:
            by_first[name[0]].add(len(name))
        self._lengths = {first: sorted(lengths, reverse=True) for first, lengths in by_first.items()}

    def find(self, found: Sequence[Token]) -> list[Mention]:
        """Mentions in order, without overlap. A name of one word counts only where it is capitalised."""
        mentions: list[Mention] = []
        place = 0
        while place < len(found):
            key, length = self._at(found, place)
            while length and place + length < len(found) and is_legal(found[place + length].raw):
                length += 1
            if key:
                mentions.append(Mention(key, found[place].start, found[place + length - 1].end))
            place += length or 1
        return mentions

    def _at(self, found: Sequence[Token], place: int) -> tuple[Key, int]:
        """The thing whose name begins at a word, and how many words its name has; nothing and 0 without one."""
        best: tuple[Key, int] = self._base._at(found, place) if self._base else ((), 0)
        for length in self._lengths.get(found[place].word, ()):
            run = found[place : place + length]
            name = tuple(token.word for token in run)
            spelled = length > 1 or not run[0].raw.islower()
            if len(run) == length > best[1] and spelled and name in self._names:
                return self._names[name], length
        return best


class NameWords:
    """Tells whether a text may have one of many names, by its words alone."""

    def __init__(self, names: Iterable[Key]) -> None:
        self._by_first: dict[str, list[Key]] = defaultdict(list)
        for name in set(names):
            if name:
                self._by_first[name[0]].append(name)

    def any_in(self, found: Set[str]) -> bool:
        """Whether all words of a name are among those of a text."""
        firsts = found & self._by_first.keys()
        return any(found >= set(name) for word in firsts for name in self._by_first[word])


def merged(kinds: Mapping[Key, Sequence[str]], documents: Mapping[Key, Iterable[int]]) -> dict[Key, Key]:
    """Name → the fullest name of the same thing.

    A short name belongs to a longer one that begins with it ("Acme", "Acme Robotics") where both stand in one
    document, or where it is a company's and no second company's name begins so.
    """
    by_short: dict[Key, list[Key]] = defaultdict(list)
    for key in kinds:
        for length in range(1, len(key)):
            if key[:length] in kinds:
                by_short[key[:length]].append(key)
    found: dict[Key, Key] = {key: key for key in kinds}
    for key, said in kinds.items():
        longer = by_short.get(key, [])
        own = set(documents[key])
        longer = [other for other in longer if _fits(said, kinds[other], own <= set(documents[other]))]
        if len(longer) != 1:
            continue
        together = own & set(documents[longer[0]])
        companies = any(is_company_noun(kind) for kind in kinds[longer[0]])
        if companies or (together and len(longer[0]) == len(key) + 1 and not _is_place(kinds[longer[0]])):
            found[key] = longer[0]
    return found


def _fits(short: Sequence[str], long: Sequence[str], together: bool) -> bool:
    """A name of which nothing is said, or only where the other stands, may be short for it; else of one family."""
    if not short or not long or together:
        return True
    families = [any(is_company_noun(kind) for kind in kinds) for kinds in (short, long)]
    return families[0] == families[1]


def _is_place(kinds: Sequence[str]) -> bool:
    """ "Neustadt" and "Neustadt an der Aisch" are two towns."""
    return any(kind.rpartition(" ")[2].casefold() in ("town", "city", "village", "river") for kind in kinds)


def key_of(name: str) -> Key:
    """What a name is known by: its words without article and legal form."""
    return bare(name)


def whole_name(finder: NameFinder, text: str) -> Key | None:
    """The thing whose name a cell is."""
    found = finder.find(tokens(text)) if text else []
    name = key_of(text) if text else ()
    return (
        found[0].key
        if len(found) == 1 and found[0].start <= 4 and len(name) <= len(found[0].key) + 1
        else None
    )


def tied(finder: NameFinder, sentence: str) -> str:
    """The sentence with known names that hold an "and" tied together, so that no clause ends within one."""
    for mention in finder.find(tokens(sentence)):
        name = sentence[mention.start : mention.end]
        if " and " in name or " und " in name:
            sentence = sentence[: mention.start] + name.replace(" ", "_") + sentence[mention.end :]
    return sentence
