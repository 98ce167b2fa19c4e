"""Whom each clause of a document is about: the thing it names first, or the one that "it" and "the company" stand for.

Pure. A clause about another thing, or about somebody unknown, is no statement about the thing whose page it is on.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from parallel_local.findall.clauses import Clause, clauses, contrasted
from parallel_local.findall.kinds import is_of_kind, is_role
from parallel_local.findall.names import Key, Mention, key_of, tied, whole_name
from parallel_local.findall.naming import NAME
from parallel_local.findall.pages import Piece, Section
from parallel_local.findall.statements import Reading, Statement, fact
from parallel_local.findall.strangers import is_unknown_name
from parallel_local.findall.voice import taken_in
from parallel_local.findall.wording import tokens
from parallel_local.text.sentences import Kind
from parallel_local.text.tokens import words

_LEAD = re.compile(
    r"^(?:(?:In|Since|By|On|From|During|After|Before|Until|As of|At|With|For|Today|Currently|Now|However|Also|"
    r"Meanwhile|"
    r"Later|Based|Headquartered|Located|According to|Despite|Thanks to|Last|Then|So far|As|Im|Seit|Am|Mit|Bei|Heute|"
    r"Nach|[A-Z]\w+ed|[A-Z]\w+ly|[A-Z]\w+ing)\b[^,]{0,80},\s+|(?:In|Since|Im|Seit|By)\s+(?:[A-Z]\w+\s+)?\d{4}\s+"
    r"|(?:Today|Now|Currently|Recently|Heute)\s+)+"
)
_HOST = re.compile(r"^(?:At|For|With|From|Bei|Für)\s+(?:the\s+)?$")
_BEFORE_NAME = re.compile(
    r"^(?:(?:[\w-]+\s+){1,4}(?:such as|like|including|namely|wie)\s+|(?:The|Our|Both|Neither|Either|Only|Even|"
    r"Its|Their|His|Her|Der|Die|Das|Unser|Unsere|El|La|Los|Las)\s+)?$",
    re.IGNORECASE,
)
_THERE_IS = re.compile(r"\b(?:there (?:is|was)|gibt es|es gibt|hay|está) (?:also |auch )?$", re.IGNORECASE)
_COORDINATED = re.compile(
    r"^\.?\s*(?:\([^)]*\))?\s*(?:,\s*(?:and|or|und)?|and|or|nor|&|und|oder|sowie|noch)\s+(?:the\s+)?$"
)
_POSSESSIVE = re.compile(r"^\.?[’'](?:s\b)?\s*(?P<owned>(?:[\w-]+\s*){1,4})")
_PRONOUN = re.compile(
    r"^(?:(?P<person>He|She|His|Her)|(?P<thing>It|Er|They|Its|Their|We|Our|Es|Wir|Ihr|Ihre|Sie|Unsere?|Su|Sus)"
    r"|(?:The|This|That|Das|Die|Der|Diese[rs]?|El|La|Este|Esta)\s+(?P<noun>[\w-]+(?:\s+[\w-]+){0,3}))\b"
    r"\s*(?P<owned>(?:[\w-]+\s*){0,3})",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"^(?:The\s+|Our\s+|Its\s+|Their\s+)?(?:Other|Most|Many|Some|Several|All|Few|Another|Andere|Viele)\s+"
    r"(?:other\s+)?(?:[\w-]+\s+)?(?P<kind>[\w-]+)\b"
)
_LONGEST_SENTENCE = 1000
_ARTICLE = len("The ")
_WE = re.compile(r"\b(?:we|I|wir|ich)\b", re.IGNORECASE)
_RESTRICTED = re.compile(r"^\s+(?:that|which|who|whose|next door|behind|opposite)\b")
_RELATIONS_WORDS = """
competitor competitors rival rivals customer customers client clients supplier suppliers partner partners
parent neighbour neighbours neighbor predecessor successor landlord konkurrent konkurrenten kunde kunden
wettbewerber competition peers peer others everyone nobody founder sister brother mother father wife husband
son daughter former predecessors opponents opponent
"""
_RELATIONS = frozenset(_RELATIONS_WORDS.split())
_UNKNOWN: tuple[Key, ...] = ()


class SubjectReader:
    """Reads one document from its beginning; keeps whom the last sentences were about."""

    def __init__(self, reading: Reading, topic: Key | None) -> None:
        self._reading = reading
        self._page = topic
        self._topic: tuple[Key, ...] = (topic,) if topic else _UNKNOWN
        self._current: tuple[Key, ...] = self._topic
        self._person: tuple[Key, ...] = _UNKNOWN
        self._named: list[Key] = []
        self._count = 0
        self._block = -1  # of the last paragraph that spoke of a thing
        self.found: dict[Key, list[Statement]] = {}

    def read(self, parts: Sequence[Section], title: str) -> Mapping[Key, Sequence[Statement]]:
        """Statements by thing."""
        for section in parts:
            self._section(section, title)
        return self.found

    def _section(self, section: Section, title: str) -> None:
        page: tuple[Key, ...] = (self._page,) if self._page else _UNKNOWN
        below: list[str] = []
        for heading in section.path:
            named = [] if heading == title else self._reading.finder.find(tokens(heading))
            whole = [mention.key for mention in named if mention.start <= _ARTICLE]
            if whole and len(key_of(heading)) <= len(whole[0]) + 3:
                page, below = (whole[0],), []
            elif set(words(heading)) & _RELATIONS:
                page, below = _UNKNOWN, []
            elif heading != title:
                below.append(heading)
        block = item = depth = 0
        self._block = -1
        self._topic = self._current = page
        for piece in section.pieces:
            if piece.block != block or (piece.item == 0) != (item == 0):
                self._current = self._topic
            if piece.kind is Kind.ROW:
                self._row(piece, page, " ".join(below))
                continue
            if piece.item == 0 and (piece.block != block or item):
                self._topic = page
            elif piece.item != item and piece.depth <= depth:
                own = self._item_subject(piece)
                self._topic, depth = own or page, piece.depth
                self._current = self._topic
            block, item = piece.block, piece.item
            self._piece(piece, " ".join(below))

    def _item_subject(self, piece: Piece) -> tuple[Key, ...]:
        """The thing that a list item begins with."""
        found = self._reading.finder.find(tokens(piece.text))
        return (found[0].key,) if found and found[0].start <= 1 else _UNKNOWN

    def _row(self, piece: Piece, page: tuple[Key, ...], below: str) -> None:
        """Cells of the row of a known thing are facts about it, cells of other rows about the page's topic."""
        keys = [whole_name(self._reading.finder, value) for _, value in piece.pairs]
        own = next((place for place, key in enumerate(keys) if key), None)
        self._count += 1
        if own is not None:
            for place, (label, value) in enumerate(piece.pairs):
                if place != own and value and (own == 0 or place == 0 or not keys[0]):
                    self._state(keys[own] or (), fact(label, value), piece.shown, below, label)
        elif len(piece.pairs) == 2 and page:
            label, value = piece.pairs[0][1], piece.pairs[1][1]
            self._state(page[0], f"{label}: {value}", piece.shown, below, label)

    def _piece(self, piece: Piece, below: str) -> None:
        self._count += 1
        if piece.text.endswith("?") or len(piece.text) > _LONGEST_SENTENCE:
            return  # a question says nothing, and what never ends is no sentence
        label = piece.pairs[0][0] if piece.pairs else ""
        if label and self._topic and not self._reading.finder.find(tokens(label)):
            for key in self._topic:
                self._state(key, piece.text, piece.shown, below, label)
            return
        spoken: dict[Key, None] = {}
        for clause, keys in self._resolved(piece.text):
            for key in keys:
                self._state(key, clause.text.replace("_", " "), piece.shown, below, "")
                spoken.setdefault(key)
            self._taken_over(clause, keys, piece.shown, below)
        self._follow(piece, tuple(spoken))

    def _taken_over(self, clause: Clause, keys: tuple[Key, ...], shown: str, below: str) -> None:
        """ "Vantor bought Brill" is told of Brill, too."""
        start = taken_in(clause.text)
        mentions = self._reading.finder.find(tokens(clause.text)) if start >= 0 else []
        taken = next((mention.key for mention in mentions if mention.start >= start), None)
        if taken and taken not in keys:
            said = Statement(
                clause.text, shown, below, self._count, "", self._reading.language, undergone=True
            )
            self.found.setdefault(taken, []).append(said)

    def _follow(self, piece: Piece, spoken: tuple[Key, ...]) -> None:
        """On a page about nobody a paragraph that begins with a thing is about it, until it speaks of another."""
        if self._page or piece.item or not spoken:
            return
        first, self._block = piece.block != self._block, piece.block
        if len(spoken) == 1 and (piece.shown.startswith(("**", "__")) or (first and not self._topic)):
            self._topic = spoken
        elif self._topic != spoken and not first:
            self._topic = _UNKNOWN

    def _state(self, key: Key, text: str, shown: str, below: str, label: str) -> None:
        self.found.setdefault(key, []).append(
            Statement(text, shown, below, self._count, label, self._reading.language)
        )

    def _resolved(self, sentence: str) -> Iterator[tuple[Clause, tuple[Key, ...]]]:
        """Each clause with whom it is about; a clause without a subject of its own goes on with the one before."""
        subject: tuple[Key, ...] | None = None
        last: list[Mention] = []
        before = ""
        others = {mention.key for mention in self._reading.finder.find(tokens(contrasted(sentence)))}
        if others and set(self._current) <= others:
            self._current = self._topic
        for clause in clauses(tied(self._reading.finder, sentence)):
            mentions = self._reading.finder.find(tokens(clause.text))
            own = self._own_subject(clause, mentions, first=subject is None)
            if clause.joint == "relative":
                own = self._relative(clause.text, before, last)
            keys = own if own is not None else subject if subject is not None else self._topic
            yield clause, keys
            if clause.joint != "relative":
                subject = keys
                if (
                    keys or own is not None or not self._current
                ):  # else nobody is named, and "it" stays who it was
                    self._current = keys or self._met(clause.text, mentions)
            self._note(mentions)
            last, before = mentions, clause.text

    def _met(self, text: str, mentions: Sequence[Mention]) -> tuple[Key, ...]:
        """Whom "they" stand for after "We met Acme", where the document is about nobody."""
        found = tuple(dict.fromkeys(mention.key for mention in mentions))
        return found if len(found) == 1 and not self._topic and _WE.search(text) else _UNKNOWN

    def _relative(self, text: str, before: str, mentions: Sequence[Mention]) -> tuple[Key, ...] | None:
        """Whom "which …" and "who …" are about: what is named right before; None for the subject so far."""
        if mentions and mentions[-1].end >= len(before.rstrip(" .,")):
            return (mentions[-1].key,)
        unknown = re.search(rf"(?:{NAME})$", before)
        return _UNKNOWN if text.startswith("who") and unknown else None

    def _note(self, mentions: Sequence[Mention]) -> None:
        for mention in mentions:
            self._named.append(mention.key)
            if self._is_person(mention.key):
                self._person = (mention.key,)

    def _is_person(self, key: Key) -> bool:
        return any(is_of_kind(kind, "people") for kind in self._reading.kinds_of(key))

    def _own_subject(self, clause: Clause, mentions: list[Mention], *, first: bool) -> tuple[Key, ...] | None:
        """Whom a clause names as its subject; None where it names nobody, () where it names somebody unknown."""
        text = clause.text
        lead = _LEAD.match(text)
        start = lead.end() if lead else 0
        behind = [mention for mention in mentions if mention.start >= start]
        if behind and self._leads(text[start : behind[0].start]):
            return self._coordinated(text, behind)
        rest = text[start:]
        referred = self._referred(rest)
        if referred is not None:
            return referred
        if lead and mentions and mentions[0].start < start and _HOST.match(text[: mentions[0].start]):
            return (mentions[0].key,)
        others = _OTHERS.match(rest)
        if others and self._reading.is_kind_word(others.group("kind")):
            return _UNKNOWN
        if (words(rest) or [""])[0] in _RELATIONS or is_unknown_name(rest, self._reading):
            return _UNKNOWN
        return None if not first else self._topic or None

    def _leads(self, between: str) -> bool:
        """Whether what stands before a name leaves it the subject: "The vendor", "Neighbouring", "Both"."""
        if _BEFORE_NAME.match(between) or _THERE_IS.search(between):
            return True
        found = between.split()
        return bool(found) and len(found) <= 4 and (
            self._reading.is_kind_word(found[-1]) or found[-1].casefold() in _RELATIONS or is_role(found[-1].casefold())
        )  # fmt: skip

    def _coordinated(self, text: str, mentions: list[Mention]) -> tuple[Key, ...]:
        """The names that are subject together; what a name owns is its own unless it is somebody else."""
        keys = [mentions[0].key]
        end = mentions[0].end
        for mention in mentions[1:]:
            if not _COORDINATED.match(text[end : mention.start]):
                break
            keys.append(mention.key)
            end = mention.end
        owned = _POSSESSIVE.match(text[end:])
        if owned and (set(words(owned.group("owned"))) & _RELATIONS):
            after = [m.key for m in mentions if end < m.start <= end + owned.end() + 1]
            return tuple(after[:1])
        return tuple(dict.fromkeys(keys))

    def _referred(self, text: str) -> tuple[Key, ...] | None:
        """Whom a pronoun or "the company" stands for; None where there is neither."""
        match = _PRONOUN.match(text)
        if match is None:
            return None
        if set(words(match.group("owned"))[:2]) & _RELATIONS and not match.group("noun"):
            return _UNKNOWN
        current = self._current or self._topic
        if match.group("noun"):
            nouns = match.group("noun").casefold().split()
            noun = next(
                (word for word in nouns if word in _RELATIONS or self._reading.is_kind_word(word)), nouns[0]
            )
            if _RESTRICTED.match(text[text.casefold().find(noun) + len(noun) :]):
                return _UNKNOWN  # "the firm that cleans the offices" is another one
            return self._by_noun(noun, current)
        if match.group("person"):
            persons = tuple(key for key in current if self._is_person(key))
            return persons or self._person or (current if not self._named else _UNKNOWN)
        if current and self._topic and all(self._is_person(key) for key in current):
            return current if all(self._is_person(key) for key in self._topic) else self._topic
        return current

    def _by_noun(self, noun: str, current: tuple[Key, ...]) -> tuple[Key, ...] | None:
        """ "The company" is the last thing spoken of that is one; a noun that is no kind refers to nobody."""
        if noun in _RELATIONS:
            return _UNKNOWN
        for keys in (current, self._topic):
            if any(noun in key for key in keys):
                return keys
            if keys and any(is_of_kind(kind, noun) for key in keys for kind in self._reading.kinds_of(key)):
                return keys
        if not self._reading.is_kind_word(noun):
            return None
        named = (key for key in reversed(self._named))
        fitting = next(
            (key for key in named if any(is_of_kind(kind, noun) for kind in self._reading.kinds_of(key))),
            None,
        )
        if fitting:
            return (fitting,)
        return _UNKNOWN if is_of_kind(noun, "place") else None
