"""Arrays: out of table columns and rows, bullet lists, `Key: a, b` lines and enumerations in sentences.

Which passages are read is the seeker's; single values stand in `readings.py`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from parallel_local.answers.about import LOOSE
from parallel_local.answers.basis import Answer
from parallel_local.answers.blanks import blank
from parallel_local.answers.choice import answered, cited
from parallel_local.answers.field_ask import FieldAsk, label_of
from parallel_local.answers.field_kinds import Kind
from parallel_local.answers.judgements import mentioned
from parallel_local.answers.keys import in_cell, key_fit
from parallel_local.answers.mentions import tokens
from parallel_local.answers.readings import Reading
from parallel_local.answers.schema_view import LEAVES, JsonObject, Node, view
from parallel_local.answers.seeker import Seeker
from parallel_local.answers.sources import Grid, Sentence
from parallel_local.answers.stated import flag
from parallel_local.answers.tables import with_unit
from parallel_local.retrieval.library import Library
from parallel_local.text.sentences import Kind as UnitKind
from parallel_local.text.values.names import proper_names
from parallel_local.wire.common import Citation, Confidence

_MOST_ITEMS = 50
_AND = re.compile(
    r",\s*(?:and|und|et|y|or|oder|ou|o)\s+|,\s+|;\s+|\s+(?:and|und|et|y|sowie|as well as|or|oder)\s+|\s&\s"
)
_LEAD = re.compile(r"^(?:in|at|from|with|for|of|bei|mit|aus|à|en|avec|con)\s+", re.IGNORECASE)
_PLURALS = frozenset(["members", "items", "list", "people", "names", "entries"])
_NAME_LIKE = re.compile(
    r"\b(?:name|company|organi[sz]ation|vendor|person|title|target|investor|product|member|item|city|ingredient|"
    r"step|event)\b",
    re.I,
)
_APART = re.compile(r"\s+[–—-]\s+|:\s+|\s*\(|,\s+")


class Lister:
    """Finds the elements of arrays for one subject."""

    def __init__(self, library: Library, seeker: Seeker, root: JsonObject) -> None:
        self._library = library
        self._seeker = seeker
        self._root = root

    def elements(self, node: Node, label: str) -> list[Answer]:
        """The elements of one array, each with its evidence; empty where the documents have none."""
        item = view(node.schema.get("items"), self._root)
        if not item.description:
            item = msgspec.structs.replace(item, description=node.description)
        if item.type == "array" or "prefixItems" in node.schema:
            return []
        whole = self._seeker.ask(label, item)
        if item.type == "object":
            asks = {
                name: self._seeker.ask(label_of(name), view(raw, self._root))
                for name, raw in item.properties().items()
            }
            found = self._rows(item, whole, asks) or self._listed_objects(item, whole, asks)
        else:
            found = self._plain(whole)
        once: dict[str, Answer] = {}
        for answer in found:
            once.setdefault(str(answer.value).casefold(), answer)
        return list(once.values())[:_MOST_ITEMS]

    def _rows(self, item: Node, whole: FieldAsk, asks: Mapping[str, FieldAsk]) -> list[Answer]:
        """One object for each row of the table that has the most of the wanted columns."""
        best: tuple[float, Grid, dict[str, int]] | None = None
        for page in self._seeker.pages(whole):
            for grid in page.grids:
                columns = _columns(asks, grid.header)
                named = sum(bool(key_fit(asks[name], grid.header[at])) for name, at in columns.items())
                fit = self._fit(whole, grid)
                # A first column alone is in every table: without a word of the field around it, it says nothing.
                is_told = fit >= 1 or not whole.demands
                if not named or 2 * len(columns) < len(asks) or (named < 2 and not is_told and len(asks) > 1):
                    continue
                score = len(columns) + fit
                if best is None or score > best[0]:
                    best = score, grid, columns
        if best is None:
            return []
        _, grid, columns = best
        rows = [self._row(item, asks, columns, grid, row, row_cells) for row, row_cells in grid.rows]
        return [row for row in rows if row is not None]

    def _fit(self, whole: FieldAsk, grid: Grid) -> float:
        """How well a table's surroundings are about the field and the subject."""
        around = tokens(
            f"{' '.join(grid.header)} {grid.heading} {grid.card.title} {grid.lead.text if grid.lead else ''}"
        )
        held = sum(next(demand.phrases.spans(around), None) is not None for demand in whole.demands)
        share = held / len(whole.demands) if whole.demands else 0.0
        return 2 * share + self._seeker.about.place(grid.card, grid.heading)

    def _row(
        self, item: Node, asks: Mapping[str, FieldAsk], columns: Mapping[str, int], grid: Grid, row: str,
        row_cells: Sequence[str],
    ) -> Answer | None:  # fmt: skip
        read = {
            name: _cell_value(asks[name], with_unit(grid.header[at], row_cells[at]))
            for name, at in columns.items()
            if at < len(row_cells) and row_cells[at]
        }
        citation = Citation(url=grid.card.url, title=grid.card.title, excerpts=[row])
        return self._made(item, read, citation, "high", f"A row of a table in “{grid.card.title}”.")

    def _made(
        self, item: Node, read: Mapping[str, object], citation: Citation, sure: Confidence, reason: str
    ) -> Answer | None:
        """An object out of what was read; blanks where nothing was."""
        if not any(value is not None for value in read.values()):
            return None
        blanks = {name: blank(view(raw, self._root), self._root) for name, raw in item.properties().items()}
        values = {name: blanks[name] if read.get(name) is None else read[name] for name in blanks}
        missing = tuple(name for name in blanks if read.get(name) is None and blanks[name] is not None)
        if missing:
            sure, reason = "low", f"{reason} Not all of it was found: {', '.join(missing)}."
        return Answer(values, (citation,), sure, reason, missing=missing)

    def _listed_objects(self, item: Node, whole: FieldAsk, asks: Mapping[str, FieldAsk]) -> list[Answer]:
        """One object for each item of the list about the field, or for each sentence about it."""
        sentences = self._listed(whole) or [
            sentence
            for sentence in self._sentences(whole)
            if _says(whole, sentence.text) and self._ours(sentence)
        ]
        found = []
        for sentence in sentences:
            citation = Citation(url=sentence.card.url, title=sentence.card.title, excerpts=[sentence.text])
            reason = f"An item of a list in “{sentence.card.title}”."
            made = self._made(item, _taken_apart(asks, sentence), citation, "medium", reason)
            found.extend([made] if made is not None else [])
        return found

    def _sentences(self, whole: FieldAsk) -> Iterator[Sentence]:
        for page in self._seeker.pages(whole):
            yield from page.sentences

    def _ours(self, sentence: Sentence) -> bool:
        return sentence.ours or self._seeker.about.context(sentence) > 0

    def _listed(self, whole: FieldAsk) -> list[Sentence]:
        """The items of the list whose heading, or the line above it, has the field's words."""
        for page in self._seeker.pages(whole):
            lead: Sentence | None = None
            group: list[Sentence] = []
            for sentence in page.sentences:
                if sentence.kind is not UnitKind.ITEM:
                    if group:
                        break
                    lead = sentence
                elif self._leads(whole, lead, sentence):
                    group.append(sentence)
            if group:
                return group
        return []

    def _leads(self, whole: FieldAsk, lead: Sentence | None, sentence: Sentence) -> bool:
        heading = sentence.heading.split(" > ")[-1]
        introduced = lead is not None and lead.text.rstrip().endswith(":") and _says(whole, lead.text)
        if lead is not None and introduced:
            return self._ours(lead)
        return _says(whole, heading) and self._seeker.about.place(sentence.card, sentence.heading) > 0

    def _plain(self, whole: FieldAsk) -> list[Answer]:
        """Elements that are single values."""
        return (
            self._column(whole)
            or self._bullets(whole)
            or self._keyed(whole)
            or self._enumerated(whole)
        )  # fmt: skip

    def _column(self, whole: FieldAsk) -> list[Answer]:
        """A table's column; in a table of several things the subject's rows only."""
        for page in self._seeker.pages(whole):
            for grid in page.grids:
                at = next(
                    (
                        place
                        for place, cell in enumerate(grid.header)
                        if key_fit(whole, cell, grid.card.language) == "whole"
                    ),
                    None,
                )
                rows = [
                    pair for pair in grid.rows if any(self._seeker.about.mentions(cell) for cell in pair[1])
                ]
                if at is None or (not rows and self._seeker.about.place(grid.card, grid.heading) < LOOSE):
                    continue
                found: list[Answer] = []
                for row, row_cells in rows or grid.rows:
                    citation = Citation(url=grid.card.url, title=grid.card.title, excerpts=[row])
                    values = _split_values(whole, row_cells[at]) if at < len(row_cells) else []
                    found.extend(
                        Answer(value, (citation,), "high", f"A table in “{grid.card.title}”.")
                        for value in values
                    )
                if found:
                    return found
        return []

    def _bullets(self, whole: FieldAsk) -> list[Answer]:
        found = []
        for sentence in self._listed(whole):
            text = re.sub(r"[*_`]+", "", sentence.text).strip().rstrip(".;,")
            value = (
                text if whole.kind is Kind.TEXT else next((item.value for item in in_cell(whole, text)), None)
            )
            if whole.kind is Kind.OPTION:
                value = next((option for option, _ in mentioned(whole.node.options(), sentence)), None)
            if value is not None and whole.kind is not Kind.BOOLEAN:
                citation = Citation(
                    url=sentence.card.url, title=sentence.card.title, excerpts=[sentence.text]
                )
                found.append(Answer(value, (citation,), "high", f"A list in “{sentence.card.title}”."))
        return found

    def _keyed(self, whole: FieldAsk) -> list[Answer]:
        for sentence in self._sentences(whole):
            if sentence.key and key_fit(whole, sentence.key, sentence.card.language) and self._ours(sentence):
                citation = Citation(
                    url=sentence.card.url, title=sentence.card.title, excerpts=[sentence.text]
                )
                values = _split_values(whole, sentence.value.rstrip("."))
                found = [
                    Answer(value, (citation,), "high", f"A line of “{sentence.card.title}”.")
                    for value in values
                ]
                if found:
                    return found
        return []

    def _enumerated(self, whole: FieldAsk) -> list[Answer]:
        """The values of the best sentence: all names in it that fit, or what stands between its commas."""
        if whole.kind in (Kind.BOOLEAN, Kind.OPTION):
            return self._options(whole)
        readings = self._seeker.readings(whole)
        best = answered(readings)
        if best is None:
            return []
        chosen = next(item for item in readings if item.value == best.value)
        if whole.kind is Kind.TEXT:
            values = [] if "whole" in chosen.doubts else _split_values(whole, str(chosen.value))
            return [Answer(value, best.citations, best.confidence, best.reasoning) for value in values]
        together = [item for item in readings if item.text == chosen.text and item.card.id == chosen.card.id]
        return [Answer(item.value, (cited(item),), _sure(item, best), best.reasoning) for item in together]

    def _options(self, whole: FieldAsk) -> list[Answer]:
        found: list[Answer] = []
        for sentence in self._sentences(whole):
            if (
                whole.kind is Kind.OPTION
                and self._ours(sentence)
                and _says(whole, f"{sentence.text} {sentence.heading}")
            ):
                citation = Citation(
                    url=sentence.card.url, title=sentence.card.title, excerpts=[sentence.text]
                )
                found.extend(
                    Answer(option, (citation,), "medium", f"Said in “{sentence.card.title}”.")
                    for option, _ in mentioned(whole.node.options(), sentence)
                )
        return found


def _sure(item: Reading, best: Answer) -> Confidence:
    return "low" if best.confidence == "low" else "medium" if len(item.doubts) > 1 else best.confidence


def _says(whole: FieldAsk, text: str) -> bool:
    found = tokens(text)
    telling = [demand for demand in whole.demands if demand.word not in _PLURALS] or whole.demands
    return bool(telling) and all(next(demand.phrases.spans(found), None) is not None for demand in telling)


def _columns(asks: Mapping[str, FieldAsk], header: Sequence[str]) -> dict[str, int]:
    """Property → column whose heading says the same; a name falls back to the first column."""
    found: dict[str, int] = {}
    for wanted in ("whole", "more"):
        for name, ask in asks.items():
            free = (
                at
                for at, heading in enumerate(header)
                if at not in found.values() and key_fit(ask, heading) == wanted
            )
            at = next(free, None)
            if name not in found and at is not None:
                found[name] = at
    unmatched = [name for name in asks if name not in found and _NAME_LIKE.search(label_of(name))]
    if unmatched and 0 not in found.values():
        found[unmatched[0]] = 0
    return found


def _cell_value(ask: FieldAsk, text: str) -> object | None:
    """What a cell holds for a property."""
    if ask.node.options():
        folded = text.casefold().strip()
        return next((option for option in ask.node.options() if str(option).casefold() == folded), None)
    if ask.kind is Kind.BOOLEAN:
        return flag(text)
    if ask.node.type not in LEAVES:
        return None
    if ask.node.type == "string" and not ask.iso:
        return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    found = in_cell(ask, text)
    return found[0].value if found else None


def _split_values(ask: FieldAsk, text: str) -> list[object]:
    parts = [part.strip(" .*_`") for part in _AND.split(_LEAD.sub("", text))]
    values: list[object] = []
    for part in parts:
        value = _cell_value(ask, part) if part else None
        if value is not None:
            values.append(value)
    return values


def _taken_apart(asks: Mapping[str, FieldAsk], sentence: Sentence) -> dict[str, object]:
    """The properties of one item: "Ada Fairweather — chief executive, since 2019"."""
    text = re.sub(r"[*_`]+", "", sentence.text).strip().rstrip(".")
    parts = [part.strip(" ().") for part in _APART.split(text) if part.strip(" ().")]
    read: dict[str, object] = {}
    used: set[int] = set()
    for name, ask in asks.items():
        if ask.kind in (Kind.TEXT, Kind.PERSON, Kind.ORGANISATION, Kind.PLACE, Kind.OPTION, Kind.BOOLEAN):
            continue
        for at, part in enumerate(parts):
            found = in_cell(ask, part) if at not in used and any(char.isdigit() for char in part) else []
            if found:
                read[name] = found[0].value
                used.add(at)
                break
    rest = [part for at, part in enumerate(parts) if at not in used]
    named = [value.text for value in proper_names(text)]
    for name, ask in asks.items():
        if name in read or not rest or ask.node.type != "string" or ask.node.options():
            continue
        person = ask.kind is Kind.PERSON or _NAME_LIKE.search(label_of(name))
        chosen = (
            next((part for part in rest if part in named), rest[0])
            if person
            else rest[-1]
            if read or len(rest) > 1
            else None
        )
        if chosen is not None:
            read[name] = chosen
            rest.remove(chosen)
    return read
