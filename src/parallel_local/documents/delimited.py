"""CSV and TSV as Markdown tables.

A long table is several parts, each with the header. What cannot be cut into cells stays the text that it is.
"""

import csv
import io

from parallel_local.documents.content import Content, Part, whole
from parallel_local.documents.decoding import decode_text
from parallel_local.documents.tables import groups, markdown_table

_SEPARATORS = ",;\t|"
_ROWS_IN_PART = 200


def read_delimited(content: bytes, separator: str | None = None) -> Content:
    """Rows as a table; the anchor of a part of a long one is `row=2-201` (RFC 7111). What is no table is text."""
    source = decode_text(content)
    try:
        read = csv.reader(io.StringIO(source, newline=""), delimiter=separator or _separator(source))
        # Row by row: others have their turns between, which in one step of millions they had not.
        rows = [row for row in read if any(cell.strip() for cell in row)]
    except csv.Error:
        return whole(source)
    if len(rows) <= _ROWS_IN_PART:
        return whole(markdown_table(rows))
    return Content(
        tuple(
            Part(text=markdown_table(piece), anchor=f"row={first}-{last}", title=f"rows {first} to {last}")
            for first, last, piece in groups(rows, _ROWS_IN_PART)
        )
    )


def _separator(source: str) -> str:
    """The one that the first line has most of."""
    first = source.lstrip().partition("\n")[0]
    return max(_SEPARATORS, key=first.count)
