"""Passages taken apart for reading fields: sentences, `Key: value` lines and tables, each with what stands before.

Keeps what it has parsed, for the fields of one task. Nothing is judged here.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from parallel_local.answers.clauses import Named
from parallel_local.answers.mentions import Token, tokens
from parallel_local.answers.naming import Naming
from parallel_local.retrieval.index import Card
from parallel_local.retrieval.ranking import Found
from parallel_local.text.sentences import Kind, Unit, units
from parallel_local.text.values.names import proper_names
from parallel_local.text.values.tongue import Tongue, tongue
from parallel_local.text.values.value import Value, every, inside

_KEY = re.compile(
    r"^\s*(?:[-*+]\s+)?(?:\*\*|__)?(?P<key>[^\W_][^:\n|.!?]{0,58}?)(?:\*\*|__)?\s?(?::(?:\*\*|__)?\s+|(?:\*\*|"
    r"__)\s[–—-]\s)(?P<value>\S.*)$",
    re.DOTALL,
)
_DEFINITION = re.compile(r"^(?P<key>[^\n:|]{1,60})\n:\s+(?P<value>\S.*)$", re.DOTALL)
_MOST_KEY_WORDS = 7
_ABOVE = 4  # sentences
_INDEFINITE = re.compile(r"\b(?:an?|another|ein(?:e|en|em|er)?|une?|una|uno|um|uma)\s$", re.IGNORECASE)
_SHORTENED = re.compile(r"\b(?:Mio|Mrd|Tsd|ca|Nr|Std|Min|env|aprox|No|St)\.$")
_DEGREES = re.compile(r"(?<=°[CF]\.)\s")


class Sentence(msgspec.Struct, frozen=True):
    """One unit of a passage; `key` and `value` where it is a line of that form, `before` the units above."""

    text: str
    kind: Kind
    card: Card
    heading: str
    tokens: tuple[Token, ...]
    named: tuple[Named, ...]
    key: str = ""
    value: str = ""
    before: tuple["Sentence", ...] = ()
    language: Tongue = "en"

    @property
    def ours(self) -> bool:
        """Whether the subject is named in it."""
        return any(item.ours for item in self.named)


class Grid(msgspec.Struct, frozen=True):
    """A table: its header's cells and its rows', each with the line it stands in."""

    card: Card
    heading: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    lead: Sentence | None = None
    language: Tongue = "en"


class Page(msgspec.Struct, frozen=True):
    """A passage taken apart."""

    sentences: tuple[Sentence, ...]
    grids: tuple[Grid, ...]


class Sources:
    """Takes passages apart, each once."""

    def __init__(self, naming: Naming) -> None:
        self._naming = naming
        self._pages: dict[int, Page] = {}

    def page(self, item: Found) -> Page:
        """The parts of one passage."""
        known = self._pages.get(item.passage)
        if known is None:
            known = self._pages[item.passage] = self._parsed(item)
        return known

    def sentence(self, text: str, kind: Kind, item: Found, before: Sequence[Sentence] = ()) -> Sentence:
        """One unit, with the names in it."""
        key, value = _split_key(text)
        own = tokens(text, item.card.language)
        language = _tongue(item)
        named = self.named(text, own, language, f"{item.card.title}\n{item.text}")
        above = tuple(before[-_ABOVE:])
        if above and all(item.key for item in above):
            # Lines of keys go on about what the line above them all names.
            above = (*[item for item in before if not item.key][-1:], *above)
        if not any(item.ours for item in above):
            # "File: 12 C 340/23" says what all of a paper is about.
            above = (*[item for item in before[:-_ABOVE] if item.key and item.ours][-1:], *above)
        return Sentence(
            text, kind, item.card, item.heading, own, named, key, value, above, language
        )  # fmt: skip

    def named(self, text: str, own: Sequence[Token], language: Tongue, around: str = "") -> tuple[Named, ...]:
        """The names in a text, the subject's among them.

        In German single words are none, since all nouns have capitals; and the first word of a sentence is one only
        where it has its capital elsewhere too (`around`).
        """
        proper = proper_names(text)
        spans = {
            span: whole
            for whole in (False, True)
            for name in self._naming.names
            for span in (name.whole if whole else name.short).spans(own)
        }
        ours = [
            Named(start, end, True)
            for (start, end), whole in spans.items()
            # "A similar vase" is not the vase, though it is called by its word.
            if whole
            or not (_INDEFINITE.search(text, 0, start) or any(_larger(value, start, end) for value in proper))
        ]
        single = language != "de"
        numbered = [
            value for value in self._numbered(text) if all(item.start != value.start for item in ours)
        ]
        proper = [
            *(value for value in proper if not any(inside(value, other) for other in numbered)),
            *numbered,
        ]
        others = [
            Named(
                value.start,
                value.end,
                any(value.text.casefold() in name.text.casefold() for name in self._naming.names),
            )
            for value in proper
            if (" " in value.text or (single and (value.start > 2 or _elsewhere(value, text, around))))
            and not any(item.start < value.end and value.start < item.end for item in ours)
        ]
        return tuple(sorted((*ours, *others), key=lambda item: item.start))

    def _numbered(self, text: str) -> Iterator[Value]:
        """The neighbours of a name with a number in it: "Thermo 500" beside "Thermo 300"."""
        for name in self._naming.names:
            first = name.text.split()[0]
            if any(char.isdigit() for char in name.text) and first.isalpha():
                yield from every(re.compile(rf"\b{re.escape(first)} \w*\d\w*"), text)

    def _parsed(self, item: Found) -> Page:
        sentences: list[Sentence] = []
        grids: list[Grid] = []
        rows: list[str] = []
        for unit in _mended(units(item.text), item.text):
            if unit.kind is Kind.ROW:
                rows.append(unit.text)
                continue
            grids.extend(_grid(item, rows, sentences))
            rows = []
            for line in _lines(unit.text):
                sentences.append(self.sentence(line, unit.kind, item, sentences))
        grids.extend(_grid(item, rows, sentences))
        return Page(tuple(sentences), tuple(grids))


def _mended(found: Sequence[Unit], text: str) -> list[Unit]:
    """Units that were cut at a short form ("12,4 Mio. Euro") joined again; every one stays a slice of the text."""
    mended: list[Unit] = []
    for unit in found:
        last = mended[-1] if mended else None
        if last is not None and last.kind is unit.kind and _SHORTENED.search(last.text):
            start = text.find(last.text)
            end = text.find(unit.text, start + len(last.text))
            if start >= 0 and 0 <= end - start - len(last.text) <= 2:
                mended[-1] = Unit(text[start : end + len(unit.text)], unit.kind)
                continue
        mended.extend(Unit(part, unit.kind) for part in _DEGREES.split(unit.text) if part)
    return mended


def _tongue(item: Found) -> Tongue:
    """The language that numbers and names of a passage are read in."""
    return item.card.language or tongue(item.text)


def _larger(value: Value, start: int, end: int) -> bool:
    """Whether a name has a word of ours in it and another word besides: "Corran Bridge" is not our bridge."""
    return value.start <= start and end <= value.end and value.end - value.start > end - start + 1


def _elsewhere(value: Value, text: str, around: str) -> bool:
    """Whether a first word is a name: it has its capital inside a sentence too, or owns something."""
    owns = text[value.end : value.end + 2] in ("'s", "’s")
    title, _, body = around.partition("\n")
    return (
        owns
        or _titled(value.text, title.split())
        or bool(re.search(rf"[a-zà-ÿ,] {re.escape(value.text)}\b", body))
    )


def _titled(word: str, title: Sequence[str]) -> bool:
    """Whether a title has a word as a name: its first word is one only with another capital, or alone."""
    return word in title[1:] or (title[:1] == [word] and (len(title) == 1 or title[1][:1].isupper()))


def cells(row: str) -> tuple[str, ...]:
    """The cells of one table row, without emphasis."""
    return tuple(cell.strip().strip("*_`").strip() for cell in row.strip().strip("|").split("|"))


def _grid(item: Found, rows: Sequence[str], sentences: Sequence[Sentence]) -> Iterator[Grid]:
    if len(rows) > 1:
        body = tuple((row, cells(row)) for row in rows[1:])
        yield Grid(
            item.card, item.heading, cells(rows[0]), body, sentences[-1] if sentences else None, _tongue(item)
        )


def _lines(text: str) -> list[str]:
    """A paragraph of `Key: value` lines line by line; anything else whole."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    keyed = sum(bool(_split_key(line)[0]) for line in lines)
    return lines if len(lines) > 1 and 2 * keyed > len(lines) else [text]


def _split_key(text: str) -> tuple[str, str]:
    match = _DEFINITION.match(text) or _KEY.match(text)
    if match is None or len(match.group("key").split()) > _MOST_KEY_WORDS:
        return "", ""
    return match.group("key").strip("*_ "), match.group("value").strip().strip("*_").strip()
