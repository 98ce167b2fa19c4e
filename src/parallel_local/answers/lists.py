"""Arrays of objects out of Markdown tables: one object per row.

Pure, apart from reading column names with the words of the library. A table fits when at least half of
the wanted properties have a column of that name.
"""

from collections.abc import Mapping, Sequence

from parallel_local.answers.basis import Answer
from parallel_local.answers.blanks import blank
from parallel_local.answers.schema_view import JsonObject, Node, view
from parallel_local.answers.typed_values import Hints, read_value
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.query import Query
from parallel_local.retrieval.ranking import RELEVANT, Found
from parallel_local.text.tokens import spaced, stems
from parallel_local.wire.common import Citation

_NAME_LIKE = frozenset(
    ["company", "name", "organization", "organisation", "target", "vendor", "person", "title"]
)


def table_items(item: Node, root: JsonObject, found: Sequence[Found], library: Library) -> list[Answer]:
    """The rows of the first relevant table that fits, as answers; empty when none does."""
    wanted = {name: library.query(name.replace("_", " ")) for name in item.properties()}
    for passage in found:
        rows = [line.strip() for line in passage.text.splitlines() if line.strip().startswith("|")]
        if passage.coverage < RELEVANT or len(rows) < 3:
            continue
        columns = _columns(wanted, cells(rows[0]))
        if 2 * len(columns) >= len(wanted) and columns:
            answers = [_row(item, root, columns, wanted, row, passage) for row in rows[2:]]
            return [answer for answer in answers if answer is not None]
    return []


def cells(row: str) -> list[str]:
    """The cells of one table row, without emphasis."""
    return [cell.strip().strip("*_`") for cell in row.strip().strip("|").split("|")]


def _columns(wanted: Mapping[str, Query], header: Sequence[str]) -> dict[str, int]:
    """Property → column whose heading says the same; a name property falls back to the first column."""
    found: dict[str, int] = {}
    for name, query in wanted.items():
        for place, heading in enumerate(header):
            haystack = spaced(stems(heading))
            if (
                place not in found.values()
                and query.terms
                and any(term.within(haystack) for term in query.terms)
            ):
                found[name] = place
                break
    unmatched = [
        name for name in wanted if name not in found and _NAME_LIKE & set(stems(name.replace("_", " ")))
    ]
    if unmatched and 0 not in found.values():
        found[unmatched[0]] = 0
    return found


def _row(
    item: Node,
    root: JsonObject,
    columns: Mapping[str, int],
    wanted: Mapping[str, Query],
    row: str,
    passage: Found,
) -> Answer | None:
    texts = cells(row)
    values: dict[str, object] = {}
    read = 0
    for name, raw in item.properties().items():
        node = view(raw, root)
        place = columns.get(name)
        text = texts[place] if place is not None and place < len(texts) else ""
        value = _cell(node, name, wanted[name], text) if text else None
        values[name] = blank(node, root) if value is None else value
        read += value is not None
    if not read:
        return None
    citation = Citation(url=passage.card.url, title=passage.card.title, excerpts=[row])
    return Answer(values, (citation,), "high", f"A row of a table in “{passage.card.title}”.")


def _cell(node: Node, name: str, query: Query, text: str) -> object | None:
    if node.type == "string" and not node.options():
        return text
    return read_value(node, Hints(name.replace("_", " "), query), text)
