"""Lists that are printed line by line, maybe for ever: columns, and how they are kept below each other.

Colour on a terminal, aligned plain text in a pipe, or a JSON object a line. Which columns there are is each command's
affair, and what is printed how `output.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from rich.cells import cell_len

from penstock.cli.output import Cell, Output, say_json

_BETWEEN = "  "

Row = TypeVar("Row")


class Column(NamedTuple, Generic[Row]):
    """A heading, how the fields below it stand, and what a row has there; shown where a line has `room`."""

    heading: str
    width: int
    cell: Callable[[Row], Cell]
    right: bool = False
    room: int = 0


Columns = Sequence[Column[Row]]


class Listing(Generic[Row]):
    """Prints a line for each row, as wide as the first rows need it; `record` is what JSON has of one."""

    def __init__(self, columns: Columns[Row], record: Callable[[Row], object], *, as_json: bool) -> None:
        self._as_json = as_json
        self._record = record
        self._output = Output(cut=True)
        self._columns = columns_for(columns, self._output.width)
        self._widths: list[int] = []

    def show(self, rows: Sequence[Row]) -> None:
        """Print one line for each; the first time with a heading."""
        if self._as_json:
            for row in rows:
                say_json(self._record(row))
            return
        lines = [[column.cell(row).shown for column in self._columns] for row in rows]
        if not self._widths:
            lines.insert(0, [Cell(column.heading, "bold") for column in self._columns])
            self._widths = _widths(self._columns, lines)
        for line in lines:
            self._output.line(*spaced(_padded(self._columns, line, self._widths)))


def columns_for(columns: Columns[Row], width: int | None) -> Columns[Row]:
    """Those that lines of a width have room for; None: all."""
    return [column for column in columns if width is None or column.room <= width]


def filled(text: str, width: int, *, right: bool = False) -> str:
    """Text with spaces up to a width on a terminal, where some characters take two places and some none."""
    spaces = " " * (width - cell_len(text))
    return spaces + text if right else text + spaces


def spaced(line: Sequence[Cell]) -> Iterator[Cell]:
    """The fields of a line with what stands between them."""
    for place, cell in enumerate(line):
        if place:
            yield Cell(_BETWEEN)
        yield cell


def _widths(columns: Columns[Row], lines: Iterable[Sequence[Cell]]) -> list[int]:
    """How wide each column must be; the last one may be as long as it likes."""
    found = [column.width for column in columns]
    for line in lines:
        found = [max(width, cell_len(cell.text)) for width, cell in zip(found, line, strict=True)]
    return [*found[:-1], 0]


def _padded(columns: Columns[Row], line: Sequence[Cell], to: Sequence[int]) -> list[Cell]:
    """The fields of a line, filled up so that columns stand below each other."""
    return [
        cell._replace(text=filled(cell.text, width, right=column.right))
        for column, cell, width in zip(columns, line, to, strict=True)
    ]
