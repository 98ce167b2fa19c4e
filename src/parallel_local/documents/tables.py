"""Rows of cells as Markdown tables, for every format that has some. Pure.

A long table is written in pieces that repeat its header: a quotation of its middle says what its columns are.
"""

from collections.abc import Iterator, Sequence

ROWS_IN_PIECE = 20


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """The first row is the header; empty rows, and empty columns at the end, are left out."""
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    width = max((_width(row) for row in filled), default=0)
    if not width:
        return ""
    lines = [_line(row, width) for row in filled]
    head = [lines[0], _line(["---"] * width, width)]
    body = lines[1:]
    pieces = [body[start : start + ROWS_IN_PIECE] for start in range(0, len(body), ROWS_IN_PIECE)]
    return "\n\n".join("\n".join([*head, *piece]) for piece in pieces or [[]])


def groups(rows: Sequence[Sequence[str]], size: int) -> Iterator[tuple[int, int, list[Sequence[str]]]]:
    """Header and up to `size` rows at a time, with the numbers of the first and last of them; the header is row 1."""
    for start in range(1, max(len(rows), 2), size):
        piece = rows[start : start + size]
        yield start + 1, start + len(piece), [rows[0], *piece]


def _width(row: Sequence[str]) -> int:
    return max((place for place, cell in enumerate(row, 1) if cell.strip()), default=0)


def _line(row: Sequence[str], width: int) -> str:
    cells = [" ".join(cell.split()).replace("|", "\\|") for cell in row[:width]]
    return "| " + " | ".join(cells + [""] * (width - len(cells))) + " |"
