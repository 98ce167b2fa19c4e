"""Small tables and lists of facts: colour on a terminal, aligned plain text in a pipe.

Texts are shown without what could drive a terminal. What the columns are is each command's affair.
"""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from penstock.cli.render import Cell, filled, joined, safe


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """A heading and the rows below it. On a terminal, lines keep to its width."""
    console = Console(highlight=False, soft_wrap=False)
    lines = [
        [Cell(heading, "bold") for heading in headings],
        *([_safe(cell) for cell in row] for row in rows),
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
        if console.is_terminal:
            text = Text("  ").join(Text(cell.text, cell.style) for cell in padded)
            console.print(text, no_wrap=True, overflow="ellipsis")
        else:
            click.echo(joined(padded))


def print_facts(facts: Sequence[tuple[str, Cell]]) -> None:
    """One line for each, names in front."""
    console = Console(highlight=False, soft_wrap=True)
    margin = max(len(name) for name, _ in facts) + 2
    for name, cell in facts:
        console.print(Text(name.ljust(margin), "bold") + Text(safe(cell.text), cell.style))


def _safe(cell: Cell) -> Cell:
    return cell._replace(text=safe(cell.text).replace("\n", " "))
