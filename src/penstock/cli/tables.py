"""Small tables and lists of facts: colour on a terminal, aligned plain text in a pipe.

What the columns are is each command's affair, and what is printed how `output.py`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from penstock.cli.listing import filled, spaced
from penstock.cli.output import Cell, Output


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """A heading and the rows below it. On a terminal, lines keep to its width."""
    output = Output(cut=True)
    lines = [
        [Cell(heading, "bold") for heading in headings],
        *([cell.shown for cell in row] for row in rows),
    ]
    widths = [max(cell_len(line[column].text) for line in lines) for column in range(len(headings) - 1)]
    for line in lines:
        padded = [
            *(
                cell._replace(text=filled(cell.text, width))
                for cell, width in zip(line, widths, strict=False)
            ),
            line[-1],
        ]
        output.line(*spaced(padded))


def print_facts(facts: Sequence[tuple[str, Cell]]) -> None:
    """One line for each, names in front."""
    output = Output()
    margin = max(len(name) for name, _ in facts) + 2
    for name, cell in facts:
        output.line(Cell(name.ljust(margin), "bold"), cell)
