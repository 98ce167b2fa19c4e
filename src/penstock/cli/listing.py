"""Lists that are printed line by line, maybe for ever: columns, and how they are kept below each other.

Colour on a terminal, aligned plain text in a pipe, or a JSON object a line. Which columns there are is each command's
affair, and what is printed how `output.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from rich.cells import cell_len

from penstock.cli.output import Cell, Output, say_json

BETWEEN = "  "

Row = TypeVar("Row")


class Column(NamedTuple, Generic[Row]):
    """A heading, how the fields below it stand, and what a row has there; shown where a line has `room`.

    Where lines are too short for all `width`s, what has a `least` gives way, down to that.
    """

    heading: str
    width: int
    cell: Callable[[Row], Cell]
    right: bool = False
    room: int = 0
    least: int = 0


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
            self._widths = _widths(self._columns, lines, self._output.width)
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
            yield Cell(BETWEEN)
        yield cell


def squeezed(text: str, width: int) -> str:
    """Text with its beginning and its end, where it is wider: both tell names apart."""
    if cell_len(text) <= width:
        return text
    back = (width - 1) // 2
    return f"{_head(text, width - 1 - back)}…{_head(text[::-1], back)[::-1]}"


def _head(text: str, width: int) -> str:
    """As much of the beginning as is no wider."""
    while cell_len(text) > width:
        text = text[: min(width, len(text) - 1)]
    return text


def _widths(columns: Columns[Row], lines: Sequence[Sequence[Cell]], room: int | None) -> list[int]:
    """How wide each column must be; without a limit the last one may be as long as it likes: 0.

    Where lines have only so much `room`, columns are as narrow as what is in them, and then the widest gives way.
    """
    needed = [max(cell_len(line[place].text) for line in lines) for place in range(len(columns))]
    found = [max(width, column.width) for width, column in zip(needed, columns, strict=True)]
    if room is None or not columns[-1].least:
        return [*found[:-1], 0]
    room -= len(BETWEEN) * (len(columns) - 1)
    if sum(found) > room:
        least = [min(column.width, column.least or column.width) for column in columns]
        found = list(map(max, needed, least))
    while sum(found) > room:
        spare = [
            width if width > column.least > 0 else 0 for width, column in zip(found, columns, strict=True)
        ]
        if not any(spare):
            break
        found[spare.index(max(spare))] -= 1
    return [*found[:-1], max(found[-1], room - sum(found[:-1]))]


def _padded(columns: Columns[Row], line: Sequence[Cell], to: Sequence[int]) -> list[Cell]:
    """The fields of a line, filled up or cut so that columns stand below each other."""
    texts = [
        squeezed(cell.text, width) if column.least and width else cell.text
        for column, cell, width in zip(columns, line, to, strict=True)
    ]
    room = [*to[:-1], 0]
    return [
        cell._replace(text=filled(text, width, right=column.right))
        for column, cell, text, width in zip(columns, line, texts, room, strict=True)
    ]
