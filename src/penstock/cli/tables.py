"""Small tables and lists of facts: colour on a terminal, aligned plain text in a pipe.

What the columns are is each command's affair, and what is printed how `output.py`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from rich.cells import cell_len

from penstock.cli.listing import BETWEEN, filled, spaced, squeezed
from penstock.cli.output import Cell, Output

_LEAST: Final = 10  # characters of a name that is shortened


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[Cell]], shortened: Collection[int] = ()
) -> None:
    """A heading and the rows below it. On a terminal, lines keep to its width.

    Where that is too little, the columns at the places `shortened` give way first, the widest before others: names,
    of which beginning and end are enough. What is left is cut at the end of the line.
    """
    output = Output(cut=True)
    lines = [
        [Cell(heading, "bold") for heading in headings],
        *([cell.shown for cell in row] for row in rows),
    ]
    widths = [max(cell_len(line[column].text) for line in lines) for column in range(len(headings))]
    if output.width is not None:
        _fit(widths, shortened, output.width)
    for line in lines:
        fields = [
            cell._replace(text=filled(squeezed(cell.text, width), width))
            for cell, width in zip(line, widths, strict=True)
        ]
        output.line(*spaced([*fields[:-1], fields[-1]._replace(text=fields[-1].text.rstrip(" "))]))


def _fit(widths: list[int], shortened: Collection[int], room: int) -> None:
    """Makes columns narrower until lines fit, as far as they may be."""
    room -= len(BETWEEN) * (len(widths) - 1)
    while sum(widths) > room:
        wide = [place for place in shortened if widths[place] > _LEAST]
        if not wide:
            return
        widths[max(wide, key=widths.__getitem__)] -= 1


def print_facts(facts: Sequence[tuple[str, Cell]]) -> None:
    """One line for each, names in front."""
    output = Output()
    margin = max(len(name) for name, _ in facts) + 2
    for name, cell in facts:
        output.line(Cell(name.ljust(margin), "bold"), cell)
