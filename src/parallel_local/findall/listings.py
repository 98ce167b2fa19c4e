"""What a document lists: things under a heading or after a line that says what they are, and rows of tables. Pure.

What sentences say is read in `naming.py`, what titles and names tell by themselves in `headings.py`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from parallel_local.documents.entities import unlink
from parallel_local.findall.declared import Declared
from parallel_local.findall.headings import GENERIC, is_name, kind_heading, loose_heading, title_parts
from parallel_local.findall.kinds import head, is_of_kind
from parallel_local.findall.naming import NAME, names_in
from parallel_local.findall.pages import Piece, Section
from parallel_local.findall.paragraphs import leading_names
from parallel_local.text.sentences import Kind
from parallel_local.text.tokens import words

_LISTED = re.compile(r"^(?P<name>[^:;(–—|]{2,80}?)\s*(?:[:;(–—|]|\s-\s|,\s)\s*\S")
_BOLD = re.compile(r"^\s*(?:\*\*|__)(?P<bold>[^*_\n]{2,80}?):?(?:\*\*|__)")
_LINKED = re.compile(r"^\s*\[[^\]\n]{2,80}\]\(https?://[^)\s]+\)")
_LEADING = re.compile(rf"^(?P<name>{NAME})\s+[a-zäöüß(]")
_ASKING = frozenset({"how", "what", "why", "when", "our", "about", "where", "who"})
_HEADLESS = frozenset({"name", "names", "title", "bezeichnung", "firmenname", "item", "nr", "no", "id"})
_FACT_TABLES_WORDS = """
key property field fact attribute detail details feature merkmal eigenschaft what
"""
_FACT_TABLES = frozenset(_FACT_TABLES_WORDS.split())
_LABELS_WORDS = """
founded employees staff location city country address website url phone email price cost seats capacity
owner year date status size language languages region type kind category established headquarters ceo
contact notes gegründet mitarbeiter ort stadt land preis sitz telefon art
town entry admission opened opening hours area height length weight rooms visitors members shop café parking
deadline maximum amount venue genre capacity habitat author price built floors revenue turnover headcount
mitglieder beitrag baujahr höhe fläche plätze öffnungszeiten eröffnet zimmer beruf wohnort sprachen
ciudad precio habitaciones plazas apertura fundación empleados superficie altura aforo fecha lugar tipo
"""
_LABELS = frozenset(_LABELS_WORDS.split())


def listed_things(parts: Sequence[Section], title: str) -> Iterator[Declared]:
    """Everything that sections, lists and tables name; `title` is empty where it heads no list."""
    labels = _fact_labels(parts)
    groups = {section.path for section in parts if _is_group(section, labels)}
    # Sections that stand beside ones of text are things like those, and what they list are facts.
    beside = {section.path[:-1] for section in parts if section.path and section.path not in groups}
    groups = {path for path in groups if not path or path[:-1] not in beside}
    for section in parts:
        yield from _section_thing(section, title, is_group=section.path in groups)
        yield from _listed(section, title, labels, is_group=section.path in groups)


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


def _section_thing(section: Section, title: str, *, is_group: bool) -> Iterator[Declared]:
    """A section headed by a name, below a heading or title that names the kind: "Vendors" > "Acme"."""
    if not section.path or not section.pieces:
        return
    name, own_kinds = title_parts(section.path[-1])
    above = (title, *section.path[:-1])
    kinds = next((found for heading in reversed(above) if (found := kind_heading(heading))), ())
    loose = _loose(above)
    if not (kinds or loose) or not is_name(name):
        return
    if kind_heading(section.path[-1]) and not _is_proper(name, section):
        return
    if words(name)[0] in _ASKING or is_group:
        return
    facts = {label: value for piece in section.pieces for label, value in piece.pairs if not piece.labels}
    yield Declared(name, (*own_kinds, *kinds), section.pieces[0].shown, facts, strong=True, loose=loose)


def _loose(above: Sequence[str]) -> tuple[str, ...]:
    """What the headings above may name as several, each."""
    return tuple(phrase for heading in reversed(above) for phrase in loose_heading(heading))


def _is_proper(name: str, section: Section) -> bool:
    """Whether a heading that looks like several things is the name of one: "Foo Metals", over text and no list."""
    spelled = name.split()
    return (
        len(spelled) > 1
        and all(word[:1].isupper() for word in spelled)
        and (
            any(name in piece.text for piece in section.pieces)
            or not any(piece.item or piece.kind is Kind.ROW for piece in section.pieces)
        )
    )


def _is_group(section: Section, labels: frozenset[str]) -> bool:
    """A section that only lists names is a group of things ("Hamburg"), not a thing."""
    items = [piece for piece in section.pieces if piece.item and not piece.depth]
    if any(label.casefold() in labels for piece in items for label, _ in piece.pairs):
        return False
    rows = [piece for piece in section.pieces if piece.kind is Kind.ROW]
    if rows and len(rows) == len(section.pieces):
        return True
    return bool(items) and len(items) >= len(section.pieces) / 2 and all(_item_name(item) for item in items)


def _section_kinds(section: Section, title: str, *, is_group: bool) -> tuple[str, ...]:
    """The kinds that a section's lists and tables are lists of."""
    above = (title, *section.path)
    named = section.path and not kind_heading(section.path[-1])
    if named and not _heads_list(section, is_group=is_group):
        return ()
    return next((found for heading in reversed(above) if (found := kind_heading(heading))), ())


def _heads_list(section: Section, *, is_group: bool) -> bool:
    """Whether what stands in a section is a list of what headings above it name."""
    return not section.path or is_group or head(section.path[-1]) in GENERIC


def _listed(section: Section, title: str, labels: frozenset[str], *, is_group: bool) -> Iterator[Declared]:
    """Rows, and items of lists under a heading or after a line that says what they are."""
    kinds = _section_kinds(section, title, is_group=is_group)
    loose = _loose((title, *section.path)) if _heads_list(section, is_group=is_group) else ()
    introduced: tuple[str, ...] = ()
    if kinds or loose:
        for name, piece in leading_names(section.pieces):
            yield Declared(name, kinds, piece.shown, loose=loose)
    for piece in section.pieces:
        if piece.kind is Kind.ROW:
            yield from _row_things(piece, kinds)
        elif not piece.item:
            introduced = _introduced(piece.text)
            if (kinds or loose) and (bold := _BOLD.match(piece.shown)):
                yield Declared(bold.group("bold").rstrip(" .:"), kinds, piece.shown, loose=loose)
        elif not piece.depth and (kinds or introduced or loose):
            name = _item_name(piece) or _bare_name(piece)
            if name and name.casefold() not in labels:
                facts = {"about": piece.text[len(name) :].strip(" :–—-,;()")}
                link = unlink(piece.shown)[1]
                yield Declared(name, introduced or kinds, piece.shown, facts, link, loose=loose)


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
        return bold.group("bold").strip(" .:")
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
