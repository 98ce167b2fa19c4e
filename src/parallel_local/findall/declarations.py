"""What a document names as things, and of which kind: by its title, its lists and its sentences.

Pure. Nothing is asked for yet: a document is read once, whatever kinds are wanted later. Which sentences are about
which thing is read in `subjects.py`.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from parallel_local.findall.clauses import FINITE
from parallel_local.findall.declared import Declared, PageNames
from parallel_local.findall.headings import is_name, kind_heading, kinds_in_name, title_parts
from parallel_local.findall.kinds import alike, bare, head, is_company_noun, is_of_kind, is_plural, legal_form
from parallel_local.findall.listings import listed_things
from parallel_local.findall.naming import NAME, kinds_of, named
from parallel_local.findall.pages import Piece, Section
from parallel_local.findall.signs import is_like_company
from parallel_local.findall.topics import in_full, topic_of
from parallel_local.retrieval.index import Card
from parallel_local.text.sentences import Kind
from parallel_local.text.tokens import spaced, words

_LONGEST_SENTENCE = 600  # characters; a longer one is no sentence of a person, and patterns take their time
_ARTICLE = re.compile(r"^(?:An?|Our|One of the|Eine?|Unsere?)\s+(?P<phrase>[\w’'&-]+(?:\s+[\w’'&-]+){0,8})")
_BARE = re.compile(
    r"^(?!In |At |On |For |With |From |Since )(?P<phrase>[A-ZÀ-Þ][\w&-]*(?:\s+[^\W\d][\w&-]*){0,4}?)\s*(?:,|"
    r"\.|;|\b(?:in|from|of|for|near|aus|von)\b)"
)
_THIS = re.compile(
    r"^(?:(?:Today|Now|Currently|In \d{4}|Since \d{4}|Heute),?\s+)?(?P<det>This|The|Diese[rs]?|Der|Die|Das|"
    r"this|the|die|das|der)"
    r"\s+(?P<phrase>(?:[\w-]+\s+){0,3}?[\w-]+)\s+(?=(?:\w+n[’']t|is|are|was|has|had|can|will|ist|hat|wurde|"
    r"[a-z]+s|[a-z]+ed|[a-z]+t)\b)"
)
_APART = re.compile(r"^(?P<det>The|Die|Das|Der|El|La)\s+(?P<phrase>[\w-]+),\s")
_FIRST_NAME = re.compile(rf"^(?P<name>{NAME})(?:,|\s+(?:[a-z]+s|[a-z]+ed|is|was|has)\b)")
_POINTING = frozenset({"this", "diese", "dieser", "dieses"})
_IT_IS = re.compile(
    r"(?:(?:^|,\s+|\.\s+)(?:It|it|They|We|we|Es|es|Sie|Er)\s+(?:is|are|was|remains|ist|sind|war)\s+(?:also\s+|"
    r"still\s+)?"
    r"|\b(?:ist|war)\s+(?:er|sie|es)\s+(?=ein)|^(?:Es|Fue|Son)\s+(?=una?\s))(?:an?|una|the|one of (?:the|our)|"
    r"eine?|eine[rs]? der)\s+"
    r"(?P<phrase>[\w’'&-]+(?:\s+[\w’'&-]+){0,8})"
)
_IS_RANK = re.compile(r"est$|^(?:corp|leader|one|largest|favourite)$")  # says how it stands, not what it is
_PRONOUN = re.compile(r"^(?:She|He|Her|His)\b")
_TYPE_WORDS = """
type kind category typ art kategorie tipo clase profession occupation job role position beruf funktion rolle
profesión cargo oficio
"""
_TYPE = frozenset(_TYPE_WORDS.split())
_OF_PERSONS_WORDS = """
born birthday age languages sprachen geburtsjahr geburtsdatum geboren wohnort studies nacimiento idiomas edad
"""
_CALLINGS = frozenset({"profession", "occupation", "role", "beruf", "profesión", "cargo", "oficio", "joined"})
_NO_PERSONS = frozenset(
    [
        "museum",
        "school",
        "church",
        "building",
        "book",
        "ship",
        "event",
        "town",
        "village",
        "charity",
        "recipe",
        "lease",
    ]
)
_LONGEST_PERSON = 5  # words
_OF_PERSONS = frozenset(_OF_PERSONS_WORDS.split())
_OF_COMPANIES = frozenset(
    {"employees", "headquarters", "revenue", "ceo", "founded", "mitarbeiter", "umsatz", "sitz"}
)
_THE_COMPANY = re.compile(
    r"(?<!joined )(?<!left )(?<!for )(?<!at )(?<!of )(?<!with )(?<!by )(?<!in )\b(?:the|das|die) "
    r"(?:company|firm|business|startup|start-up|Unternehmen|Firma)\b(?! that| which| who|s)"
)
_SHORTEST_SHORT = 3
_STAND_IN = "Thistopic Thistopic"
_HEAD_OF = re.compile(r"[.,;:]|\b(?:that|which|who|where|whose)\b")
_TITLED = re.compile(rf"^(?P<noun>[A-ZÀ-Þ]?[a-zà-ÿ-]+) {_STAND_IN}\b")
_NO_THING_WORDS = """
page document note notes file list guide section chapter table text report post
"""
_NO_THING = frozenset(_NO_THING_WORDS.split())
_PROPER = re.compile(NAME)


def page_names(card: Card, parts: Sequence[Section]) -> PageNames:
    """All declarations of one document, its own data first."""
    title, title_kinds = title_parts(card.title)
    said = list(_sentences(parts, title))
    topic = topic_of(title, said, parts)
    said = [(in_full(item, topic) if leads else item, leads) for item, leads in said]
    found = [
        Declared(item.name, (item.type,) if item.type else (), item.name, dict(item.facts), item.url, True)
        for item in card.entities
    ]
    told = any(bare(item.name) == bare(topic) for item, _ in said)
    if topic:
        kinds = (
            *title_kinds,
            *_folder_kinds(card.path),
            *_own_kinds(topic, said, parts),
            *kinds_in_name(topic),
        )
        facts = _facts(parts)
        if kinds or (told and facts):
            shown = _first(parts, topic)
            found.append(Declared(topic, tuple(dict.fromkeys(kinds)), shown, facts, strong=True))
    # A title that names one thing heads no list of them, though it may look like several: "Brill Optics".
    one = told or _is_proper(title, parts)
    parts = [_without_title(section, card.title) for section in parts]
    about = "" if one else card.title
    found += listed_things(parts, about)
    found += [item for item, _ in said]
    return PageNames(tuple(found), topic)


def _facts(parts: Sequence[Section]) -> dict[str, str]:
    """What lines such as "Founded: 2015" state, outside tables."""
    pieces = (piece for section in parts for piece in section.pieces if not piece.labels)
    return {label: value for piece in pieces for label, value in piece.pairs}


def _is_proper(title: str, parts: Sequence[Section]) -> bool:
    """Whether the text uses a title of several capitalised words as a name."""
    spelled = title.split()
    if len(spelled) < 2 or not all(word[:1].isupper() or not word[:1].isalpha() for word in spelled):
        return False
    return any(title in piece.text for section in parts for piece in section.pieces)


def _without_title(section: Section, title: str) -> Section:
    """A section whose path does not begin with the document's title, which stands for itself."""
    return msgspec.structs.replace(section, path=section.path[section.path[:1] == (title,) :])


def _sentences(parts: Sequence[Section], title: str) -> Iterator[tuple[Declared, bool]]:
    """What sentences declare, with whether the sentence is about the name. The title is one name, however spelled."""
    spelled = bool(title) and is_name(title)
    spelling = _spelling(title) if spelled else None
    for section in parts:
        yield from ((item, False) for item in _told_behind(section.pieces))
        for piece in section.pieces:
            if piece.kind is not Kind.ROW and len(piece.text) <= _LONGEST_SENTENCE:
                yield from ((item, False) for item in _telling_names(piece))
                text = spelling.sub(_STAND_IN, piece.text) if spelling else piece.text
                titled = _TITLED.search(text) if spelled else None
                if titled:
                    yield Declared(title, (titled.group("noun"),), piece.shown), False
                for item in named(text):
                    name = item.name.replace(_STAND_IN, title)
                    kind = item.kind.replace(_STAND_IN, title)
                    yield Declared(name, (kind,), piece.shown, strong=item.strong), item.leads


def _told_behind(pieces: Sequence[Piece]) -> Iterator[Declared]:
    """ "Lumo cools fruit. This start-up was …" says what Lumo is: "this" stands for the name before it."""
    for first, second in pairwise(pieces):
        named = _FIRST_NAME.match(first.text)
        pointed = _THIS.match(second.text)
        if named and pointed and first.block == second.block and not (first.item or second.item):
            noun = head(pointed.group("phrase"))
            if pointed.group("det").casefold() in _POINTING or is_company_noun(noun):
                yield Declared(named.group("name"), (pointed.group("phrase"),), first.shown, strong=True)


def _spelling(title: str) -> re.Pattern[str]:
    """A title as texts spell it: as it is, or behind an article with a small letter ("El lince", "The lynx")."""
    small = re.escape(title[:1].lower() + title[1:])
    return re.compile(rf"\b{re.escape(title)}(?!\w)|(?:(?<=\bEl )|(?<=\bLa )|(?<=\bThe )){small}(?!\w)")


def _telling_names(piece: Piece) -> Iterator[Declared]:
    """Names that say themselves what they name: "Brill GmbH", "Tin Museum", "Hotel Adler"."""
    for match in _PROPER.finditer(piece.text):
        name = match.group()
        kinds = kinds_in_name(name)
        if kinds:
            yield Declared(name, kinds, piece.shown, strong=kinds == ("company",))


def _folder_kinds(path: str) -> tuple[str, ...]:
    folder = path.rpartition("/")[0].rpartition("/")[2].replace("_", " ").replace("-", " ")
    return kind_heading(folder)


def _own_kinds(topic: str, said: Sequence[tuple[Declared, bool]], parts: Sequence[Section]) -> list[str]:
    """What a document says that its topic is, and that it is a person where it speaks of one."""
    kinds = _said_kinds(topic, said, parts)
    named = {kind for item, leads in said if leads and bare(item.name) == bare(topic) for kind in item.kinds}
    pieces = [piece for section in parts for piece in section.pieces]
    labels = {label.casefold() for piece in pieces for label, _ in piece.pairs}
    person = any(_PRONOUN.match(piece.text) for piece in pieces) or len(labels & _OF_PERSONS) > 1
    things = any(is_company_noun(head(kind)) or head(kind) in _NO_PERSONS for kind in (*kinds, *named))
    if 1 < len(topic.split()) < _LONGEST_PERSON and (person or labels & _CALLINGS) and not things:
        return [*kinds, "person"]
    return kinds


def _said_kinds(topic: str, said: Sequence[tuple[Declared, bool]], parts: Sequence[Section]) -> list[str]:
    """What a document says that its topic is, without naming it again: "A brewery in Bern.", "This hike …"."""
    opening = [section for section in parts if len(section.path) < 2] or list(parts[:1])
    pieces = [piece for section in opening for piece in section.pieces]
    stated = [value for piece in pieces for label, value in piece.pairs if label.casefold() in _TYPE]
    if stated:
        return kinds_of(re.split(r"[,;.]", stated[0])[0])
    texts = [piece.text for piece in pieces if piece.kind is not Kind.ROW]
    it_is = [
        kind for text in texts for found in _IT_IS.finditer(text) for kind in kinds_of(found.group("phrase"))
    ]
    it_is = [kind for kind in it_is if kind and not _IS_RANK.search(head(kind))]
    if it_is or any(leads and bare(item.name) == bare(topic) for item, leads in said):
        return it_is
    if legal_form(topic):
        return ["company"]
    first = next(iter(texts), "")
    verb = FINITE.search(_HEAD_OF.split(first)[0])
    match = (
        None if verb else _ARTICLE.match(first) or (None if first.startswith(topic) else _BARE.match(first))
    )
    kinds = kinds_of(match.group("phrase")) if match else [""]
    if kinds[0] and not is_plural(head(kinds[0])):
        return kinds
    labels = {label.casefold() for piece in pieces for label, _ in piece.pairs}
    pointed = _pointed_at(topic, texts)
    named = any(bare(topic)[0] in words(text) for text in texts)
    like_company = is_like_company(texts) if named else len(labels & _OF_COMPANIES) > 1
    known = any(is_company_noun(head(kind)) for kind in pointed)
    return [*pointed, *(["company"] if like_company and not known else [])]


def _pointed_at(topic: str, texts: Sequence[str]) -> list[str]:
    """Nouns that stand for the topic: "This hike …"; "The company …" where the text names the topic, too."""
    name = bare(topic)
    short = name[:1] if len(name) > 1 and len(name[0]) > _SHORTEST_SHORT else name
    own = any(spaced(short) in spaced(words(text)) for text in texts)
    found = []
    for text in texts:
        match = _THIS.match(text) or _APART.match(text)
        noun = head(match.group("phrase")) if match else ""
        if not match or noun in _NO_THING or is_plural(noun):
            continue
        pointing = match.group("det").startswith(("This", "Diese"))
        if (
            own
            or any(alike(noun, word) for word in words(topic))
            or (pointing and not is_of_kind(noun, "organisation") and not is_of_kind(noun, "people"))
        ):
            found.append(match.group("phrase"))
    if not found and own and any(_THE_COMPANY.search(text) for text in texts):
        return ["company"]
    return list(dict.fromkeys(found))


def _first(parts: Sequence[Section], topic: str) -> str:
    """The text that introduces the topic."""
    shown = [piece for section in parts for piece in section.pieces if piece.kind is not Kind.ROW]
    naming = (piece.shown for piece in shown if spaced(bare(topic)) in spaced(words(piece.text)))
    return next(naming, shown[0].shown if shown else topic)
