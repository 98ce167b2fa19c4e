"""Entities of a document: those listed in its front matter, and those found in tables and lists by form.

Pure. A table gives entities when its first column is headed like one ("Company", "Name", "Vendor" …);
a list item gives one when it starts with a bold name under a heading that names a kind of thing.
"""

import re
from collections.abc import Iterator

from parallel_local.documents.document import Entity
from parallel_local.text.tokens import slug, stem, words

_NAMES = (
    "company companies name organization organisation vendor startup firm manufacturer supplier person "
    "agency acquirer buyer provider brand institution university product country city"
)
_ITEM = re.compile(r"^\s*[-*+]\s+\*\*([^*\n]{2,60})\*\*\s*[:—–-]?\s*(.*)$")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.+?)\s*#*$")
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")
_CELL_LIMIT = 300
_LONGEST_LINK = 1000  # looking for the end of a link may take its square
_NAME_COLUMNS = frozenset(_NAMES.split())
_NAME_STEMS = frozenset(map(stem, _NAME_COLUMNS))


def recognise(listed: tuple[Entity, ...], text: str) -> tuple[Entity, ...]:
    """Listed entities first, then recognised ones that add a new name."""
    found: dict[str, Entity] = {entity.name.casefold(): entity for entity in listed}
    for entity in (*_from_tables(text), *_from_lists(text)):
        found.setdefault(entity.name.casefold(), entity)
    return tuple(found.values())


def _from_tables(text: str) -> Iterator[Entity]:
    if "|" not in text:
        return
    header: list[str] | None = None
    for line in text.splitlines():
        row = cells(line)
        if not row:
            header = None
        elif header is None:
            header = row
        elif not set("".join(row)) <= set("-: "):
            entity = _from_row(header, row)
            if entity:
                yield entity


def cells(line: str) -> list[str]:
    """The cells of a table row; none where a line is no row of at least two."""
    stripped = line.strip()
    if not stripped.startswith("|") or stripped.count("|") < 3:
        return []
    return [cell.strip() for cell in stripped.strip("|").split("|")]


def _from_row(header: list[str], row: list[str]) -> Entity | None:
    column_words = words(header[0])
    kind = next((word for word in column_words if word in _NAME_COLUMNS), None)
    name, url = unlink(row[0])
    if kind is None or not re.search(r"[^\W\d_]", name) or len(name) > 60:
        return None
    pairs = zip(header[1:], row[1:], strict=False)
    facts = {slug(label): value[:_CELL_LIMIT] for label, value in pairs if label and value}
    return Entity(name=name, type="" if kind == "name" else header[0].casefold(), url=url, facts=facts)


def _from_lists(text: str) -> Iterator[Entity]:
    if "**" not in text:
        return
    kind = ""
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading:
            kind = _kind(heading.group(1))
        item = _ITEM.match(line) if kind else None
        if item:
            name, url = unlink(item.group(1).strip(" :—–"))
            yield Entity(name=name, type=kind, url=url, facts={})


def _kind(heading: str) -> str:
    """The heading in singular when it names a kind of thing ("Notable companies"), else nothing."""
    found = words(heading)
    return heading.casefold() if found and stem(found[-1]) in _NAME_STEMS else ""


def unlink(cell: str) -> tuple[str, str | None]:
    """A cell without markup, and the address it links to."""
    link = _LINK.search(cell) if len(cell) <= _LONGEST_LINK else None
    if link:
        return link.group(1).strip("*_` "), link.group(2)
    return cell.strip("*_` "), None
