"""What a document names as things, and of which kind: by its title, its sections, lists, tables and sentences.

Pure. Nothing is asked for yet: a document is read once, whatever kinds are wanted later. Which sentences are about
which thing is read in `subjects.py`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from parallel_local.documents.entities import unlink
from parallel_local.findall.kinds import GENERAL, alike, bare, head, is_of_kind, is_plural, legal_form
from parallel_local.findall.naming import NAME, kinds_of, named, names_in
from parallel_local.findall.pages import Piece, Section
from parallel_local.retrieval.index import Card
from parallel_local.text.sentences import Kind
from parallel_local.text.tokens import spaced, words

_LONGEST_SENTENCE = 600  # characters; a longer one is no sentence of a person, and patterns take their time
_LONGEST_NAME = 80
_TITLE_PARTS = re.compile(r"\s+[—–|-]\s+|\s*:\s+|\s*\((?=[^)]*\)$)")
_LISTED = re.compile(r"^(?P<name>[^:;(–—|]{2,80}?)\s*(?:[:;(–—|]|\s-\s|,\s)\s*\S")
_BOLD = re.compile(r"^\s*(?:\*\*|__)(?P<bold>[^*_\n]{2,80}?):?(?:\*\*|__)")
_LINKED = re.compile(r"^\s*\[[^\]\n]{2,80}\]\(https?://[^)\s]+\)")
_LEADING = re.compile(rf"^(?P<name>{NAME})\s+[a-zäöüß(]")
_OF = re.compile(
    r"^(?:(?:a |the |our |all |my )*(?:list|lists|overview|directory|table|index|comparison|liste|übersicht)"
    r"\s+(?:of|der|von)\s+)?(?:(?:the|our|all|some|my|other|notable|top|best|unsere|die|alle)\s+|"
    r"\d+\s+)*(?P<rest>.+)$",
    re.IGNORECASE,
)
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
_PRONOUN = re.compile(r"^(?:She|He|Her|His)\b")
_TYPE_WORDS = """
type kind category typ art kategorie what was is
"""
_TYPE = frozenset(_TYPE_WORDS.split())
_HEADLESS_WORDS = """
name names title names bezeichnung firmenname item item nr no id
"""
_HEADLESS = frozenset(_HEADLESS_WORDS.split())
_FACT_TABLES_WORDS = """
key property field fact attribute detail details feature merkmal eigenschaft what
"""
_FACT_TABLES = frozenset(_FACT_TABLES_WORDS.split())
_LABELS_WORDS = """
founded employees staff location city country address website url phone email price cost seats capacity
owner year date status size language languages region type kind category established headquarters ceo
contact notes gegründet mitarbeiter ort stadt land preis sitz telefon art
"""
_LABELS = frozenset(_LABELS_WORDS.split())
_STAND_IN = "Thistopic Thistopic"
_NO_THING_WORDS = """
page document note notes file list guide section chapter table text report post
"""
_NO_THING = frozenset(_NO_THING_WORDS.split())
_PROPER = re.compile(NAME)
_TITLES_WORDS = """
hotel museum restaurant cafe lake mount hostel pension villa schloss weingut chateau gasthaus bar pizzeria
trattoria camping club verein ruderclub chor kloster castle camp port
"""
_TITLES = frozenset(_TITLES_WORDS.split())
_MASS_WORDS = """
software hardware equipment furniture literature staff personnel
"""
_MASS = frozenset(_MASS_WORDS.split())
_GENERIC_WORDS = """
overview introduction summary contact criteria notes background history about conclusion references sources
details general misc other others faq links todo index readme contents glossary appendix methodology status
pricing shipping team products services location locations facts figures profile news staff people
ingredients method preparation steps directions terms parties
"""
_GENERIC = frozenset(_GENERIC_WORDS.split())


class Declared(msgspec.Struct, frozen=True):
    """A thing by name, the phrases that say what it is, and the verbatim text that says so.

    `facts` are stated beside the name; `strong` tells that it is said outright, and is no mere item of a list.
    """

    name: str
    kinds: tuple[str, ...]
    shown: str
    facts: dict[str, str] = {}
    url: str | None = None
    strong: bool = False


class PageNames(msgspec.Struct, frozen=True):
    """What a document declares, and the name it is about as a whole (or "")."""

    declared: tuple[Declared, ...]
    topic: str


def page_names(card: Card, parts: Sequence[Section]) -> PageNames:
    """All declarations of one document, its own data first."""
    title, title_kinds = title_parts(card.title)
    said = list(_sentences(parts, title))
    topic = _topic(title, said, parts)
    found = [
        Declared(item.name, (item.type,) if item.type else (), item.name, dict(item.facts), item.url, True)
        for item in card.entities
    ]
    if topic:
        kinds = (*title_kinds, *_folder_kinds(card.path), *_own_kinds(topic, said, parts), *own_kinds(topic))
        if kinds:
            shown = _first(parts, topic)
            found.append(Declared(topic, tuple(dict.fromkeys(kinds)), shown, strong=True))
    # A title that names one thing heads no list of them, though it may look like several: "Brill Optics".
    one = any(bare(item.name) == bare(topic) for item, _ in said) or _is_proper(title, parts)
    parts = [_without_title(section, card.title) for section in parts]
    about = "" if one else card.title
    labels = _fact_labels(parts)
    for section in parts:
        found += _section_thing(section, about, labels)
        found += _listed(section, about, labels)
    found += [item for item, _ in said]
    return PageNames(tuple(found), topic)


def title_parts(title: str) -> tuple[str, tuple[str, ...]]:
    """The name in a title, and what the title says it is: "Vendor profile: Acme", "Acme (brewery)"."""
    parts = [part.strip(" )") for part in _TITLE_PARTS.split(title) if part.strip(" )")]
    if not parts:
        return "", ()
    if len(parts) > 1 and {"profile", "datasheet", "file", "sheet"} & set(words(parts[0])):
        return parts[1], tuple(words(parts[0])[:-1][-1:])
    if len(parts) > 1 and ":" in title and len(parts[0].split()) == 1 and not legal_form(parts[1]):
        return (parts[1], (parts[0],)) if is_of_kind(parts[0], parts[0]) else (parts[0], ())
    return parts[0], tuple(parts[1:]) if "(" in title else ()


def kind_heading(text: str) -> tuple[str, ...]:
    """The kinds that a heading or an introducing line says are listed below it."""
    match = _OF.match(text.strip().rstrip(":"))
    phrases = kinds_of(match.group("rest")) if match else []
    return tuple(phrase for phrase in phrases if _are_several(head(phrase)))


def _are_several(noun: str) -> bool:
    return noun in _MASS or (is_plural(noun) and noun not in _GENERIC)


def is_name(text: str) -> bool:
    """Whether a short text can be the name of one thing."""
    found = words(text)
    return (
        0 < len(found) <= 8
        and len(text) <= _LONGEST_NAME
        and bool(re.search(r"[^\W\d_]", text))
        and not (len(found) == 1 and found[0] in _GENERIC | GENERAL)
    )


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
    for section in parts:
        for piece in section.pieces:
            if piece.kind is not Kind.ROW and len(piece.text) <= _LONGEST_SENTENCE:
                yield from ((item, False) for item in _telling_names(piece))
                text = piece.text.replace(title, _STAND_IN) if spelled else piece.text
                for item in named(text):
                    name = item.name.replace(_STAND_IN, title)
                    kind = item.kind.replace(_STAND_IN, title)
                    yield Declared(name, (kind,), piece.shown, strong=item.strong), item.leads


def _telling_names(piece: Piece) -> Iterator[Declared]:
    """Names that say themselves what they name: "Brill GmbH", "Tin Museum", "Hotel Adler"."""
    for match in _PROPER.finditer(piece.text):
        name = match.group()
        kinds = own_kinds(name)
        if kinds:
            yield Declared(name, kinds, piece.shown, strong=kinds == ("company",))


def own_kinds(name: str) -> tuple[str, ...]:
    """The kind that a name of several words tells by its last word, its first, or its legal form."""
    found = words(name)
    if (
        len(found) < 2
        or found[0] in ("our", "my", "a", "an", "no", "this")
        or (found[0] == "the" and len(found) < 3)
    ):
        return ()
    if legal_form(name):
        return ("company",)
    if found[0] in _TITLES:
        return (found[0],)
    vague = is_plural(found[-1]) or is_of_kind(found[-1], "organisation") or is_of_kind(found[-1], "people")
    return () if vague or not found[-1].isalpha() else (found[-1],)


def _topic(title: str, said: Sequence[tuple[Declared, bool]], parts: Sequence[Section]) -> str:
    """The name a document is about: its title, the name its title begins with, else what it first says."""
    leading = [item.name for item, leads in said if leads]
    for name in leading:
        if _begins(bare(title), bare(name)) or _begins(bare(name), bare(title)):
            return max(title, name, key=len) if _begins(bare(name), bare(title)) else name
    first = next((piece.text for section in parts for piece in section.pieces), "")
    if not kind_heading(title) and is_name(title) and spaced(bare(title)) in spaced(words(first)):
        return title
    if len(set(leading)) == 1 and first.startswith(leading[0]) and not kind_heading(title):
        return leading[0]
    return title if is_name(title) else ""


def _begins(long: tuple[str, ...], short: tuple[str, ...]) -> bool:
    return bool(short) and long[: len(short)] == short


def _folder_kinds(path: str) -> tuple[str, ...]:
    folder = path.rpartition("/")[0].rpartition("/")[2].replace("_", " ").replace("-", " ")
    return kind_heading(folder)


def _own_kinds(topic: str, said: Sequence[tuple[Declared, bool]], parts: Sequence[Section]) -> list[str]:
    """What a document says that its topic is, without naming it again: "A brewery in Bern.", "This hike …"."""
    opening = [section for section in parts if len(section.path) < 2] or list(parts[:1])
    pieces = [piece for section in opening for piece in section.pieces]
    stated = [value for piece in pieces for label, value in piece.pairs if label.casefold() in _TYPE]
    if stated:
        return kinds_of(re.split(r"[,;.]", stated[0])[0])
    if any(leads and bare(item.name) == bare(topic) for item, leads in said):
        return []
    if legal_form(topic):
        return ["company"]
    texts = [piece.text for piece in pieces if piece.kind is not Kind.ROW]
    first = next(iter(texts), "")
    match = _ARTICLE.match(first) or (None if first.startswith(topic) else _BARE.match(first))
    kinds = kinds_of(match.group("phrase")) if match else [""]
    if kinds[0] and not is_plural(head(kinds[0])):
        return kinds
    if len(topic.split()) > 1 and any(_PRONOUN.match(text) for text in texts):
        return ["person"]
    return _pointed_at(topic, texts)


def _pointed_at(topic: str, texts: Sequence[str]) -> list[str]:
    """Nouns that stand for the topic: "This hike …"; "The company …" where the text names the topic, too."""
    own = any(spaced(bare(topic)) in spaced(words(text)) for text in texts)
    found = []
    for text in texts:
        match = _THIS.match(text)
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
    return list(dict.fromkeys(found))


def _first(parts: Sequence[Section], topic: str) -> str:
    """The text that introduces the topic."""
    shown = [piece for section in parts for piece in section.pieces if piece.kind is not Kind.ROW]
    naming = (piece.shown for piece in shown if spaced(bare(topic)) in spaced(words(piece.text)))
    return next(naming, shown[0].shown if shown else topic)


def _fact_labels(parts: Sequence[Section]) -> frozenset[str]:
    """Labels of facts rather than names: those that several sections use, and everyday ones."""
    used = Counter(
        label
        for section in parts
        for label in {
            label.casefold() for piece in section.pieces if not piece.labels for label, _ in piece.pairs
        }
    )
    return frozenset(label for label, count in used.items() if count > 1) | _LABELS


def _section_thing(section: Section, title: str, labels: frozenset[str]) -> Iterator[Declared]:
    """A section headed by a name, below a heading or title that names the kind: "Vendors" > "Acme"."""
    if not section.path or not section.pieces:
        return
    name, own_kinds = title_parts(section.path[-1])
    above = (title, *section.path[:-1])
    kinds = next((found for heading in reversed(above) if (found := kind_heading(heading))), ())
    if not kinds or kind_heading(section.path[-1]) or not is_name(name):
        return
    if words(name)[0] in ("how", "what", "why", "when", "our", "about", "where", "who") or _is_group(
        section, labels
    ):
        return
    facts = {label: value for piece in section.pieces for label, value in piece.pairs if not piece.labels}
    yield Declared(name, (*own_kinds, *kinds), section.pieces[0].shown, facts, strong=True)


def _is_group(section: Section, labels: frozenset[str]) -> bool:
    """A section that only lists names is a group of things ("Hamburg"), not a thing."""
    items = [piece for piece in section.pieces if piece.item and not piece.depth]
    if any(label.casefold() in labels for piece in items for label, _ in piece.pairs):
        return False
    rows = [piece for piece in section.pieces if piece.kind is Kind.ROW]
    if rows and len(rows) == len(section.pieces):
        return True
    return bool(items) and len(items) >= len(section.pieces) / 2 and all(_item_name(item) for item in items)


def _section_kinds(section: Section, title: str, labels: frozenset[str]) -> tuple[str, ...]:
    """The kinds that a section's lists and tables are lists of."""
    above = (title, *section.path)
    if section.path and not kind_heading(section.path[-1]):
        if not (_is_group(section, labels) or head(section.path[-1]) in _GENERIC):
            return ()
    return next((found for heading in reversed(above) if (found := kind_heading(heading))), ())


def _listed(section: Section, title: str, labels: frozenset[str]) -> Iterator[Declared]:
    """Rows, and items of lists under a heading or after a line that says what they are."""
    kinds = _section_kinds(section, title, labels)
    introduced: tuple[str, ...] = ()
    for piece in section.pieces:
        if piece.kind is Kind.ROW:
            yield from _row_things(piece, kinds)
        elif not piece.item:
            introduced = _introduced(piece.text)
            if kinds and (bold := _BOLD.match(piece.shown)):
                yield Declared(bold.group("bold"), kinds, piece.shown)
        elif not piece.depth and (kinds or introduced):
            name = _item_name(piece) or _bare_name(piece)
            if name and name.casefold() not in labels:
                facts = {"about": piece.text[len(name) :].strip(" :–—-,;()")}
                yield Declared(name, introduced or kinds, piece.shown, facts, unlink(piece.shown)[1])


def _introduced(text: str) -> tuple[str, ...]:
    """The kinds that a line ending in a colon announces: "We buy from these suppliers:"."""
    if not text.endswith(":"):
        return ()
    found = [kind for part in re.split(r"\b(?:are|from|these|following|the|our|sind|die|unsere)\b", text)
             for kind in kind_heading(part)]  # fmt: skip
    return tuple(found)


def _item_name(piece: Piece) -> str:
    """The name that a list item is headed by, as its form shows."""
    bold = _BOLD.match(piece.shown)
    if bold:
        return bold.group("bold").strip()
    if _LINKED.match(piece.shown):
        return unlink(piece.shown)[0]
    match = _LISTED.match(piece.text)
    if match and is_name(match.group("name")) and match.group("name")[0].isupper():
        return match.group("name").strip()
    short = len(piece.text.split()) <= 4 and not piece.text.endswith((".", "!", "?"))
    return piece.text if short and piece.text[:1].isupper() and is_name(piece.text) else ""


def _bare_name(piece: Piece) -> str:
    """The name that begins an item's sentence, or an item that is nothing but a name in small letters."""
    leading = _LEADING.match(piece.text)
    if leading:
        return next(iter(names_in(leading.group("name"))), "")
    match = _LISTED.match(piece.text)
    name = match.group("name").strip() if match else piece.text
    return name if is_name(name) and len(name.split()) <= 4 and not name.endswith(".") else ""


def _row_things(piece: Piece, kinds: tuple[str, ...]) -> Iterator[Declared]:
    """The thing a row is about, and the things it names in columns that say what they are."""
    columns = list(piece.pairs)
    while len(columns) > 1 and not re.search(r"[^\W\d_]", columns[0][1]):
        columns.pop(0)
    if not columns or columns[0][0].casefold() in _FACT_TABLES:
        return
    label, name = columns[0]
    own = () if not label or label.casefold() in _HEADLESS else (label,)
    fitting = tuple(kind for kind in kinds if not own or is_of_kind(label, kind) or is_of_kind(kind, label))
    if is_name(name):
        facts = {label: value for label, value in columns[1:] if label and value}
        yield Declared(name, (*own, *fitting), piece.shown, facts, strong=True)
    for label, value in columns[1:]:
        if label and is_name(value) and value[0].isupper():
            yield Declared(value, (label,), piece.shown)
