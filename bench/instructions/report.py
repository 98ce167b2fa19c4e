"""What a measurement leaves behind: a table for people, a JSON document for programs, and what to do about it.

Pure but for printing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.instructions.cases import Case
from bench.instructions.figures import TOLERANCE, Costs, Figures, Word, judged, share

COLOURS = {"kept": "green", "dearer": "red", "cheaper": "yellow", "new": "yellow"}
UPDATE = 'python -m bench instructions --update --reason "…"'


@dataclass(frozen=True, slots=True)
class Row:
    case: str
    summary: str
    unit: str
    instructions: float
    figure: int | None
    change: float | None
    """By which part of the figure it is above it, or below."""
    result: Word | None
    """None where nothing is known of this interpreter, and so nothing judged."""


@dataclass(frozen=True, slots=True)
class Report:
    started: str
    interpreter: str
    known: tuple[str, ...]
    """The interpreters there are figures for."""
    rows: tuple[Row, ...]

    @property
    def holds(self) -> bool:
        """Whether every case is where its figure says, as far as it has one for this interpreter."""
        return not any(row.result in ("dearer", "cheaper") for row in self.rows)


def report_on(
    cases: Sequence[Case], costs: Costs, figures: Figures, interpreter: str, started: str
) -> Report:
    known = figures.of.get(interpreter)
    rows = []
    for case in cases:
        cost, figure = costs[case.name], (known or {}).get(case.name)
        change = None if figure is None else share(cost, figure)
        word = None if known is None else judged(cost, figure)
        rows.append(Row(case.name, case.summary, case.unit, cost, figure, change, word))
    return Report(started, interpreter, tuple(figures.of), tuple(rows))


def to_json(report: Report, machine: dict[str, str]) -> str:
    document = {**asdict(report), "machine": machine, "tolerance": TOLERANCE, "holds": report.holds}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def show(report: Report, console: Console) -> None:
    console.print(table(report, plain=not console.is_terminal))
    for line in notes(report):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def table(report: Report, plain: bool) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0)) if plain else Table(pad_edge=False)
    for heading in ("case", "what"):
        grid.add_column(heading, no_wrap=heading == "case")
    for heading in ("instructions", "figure", "change"):
        grid.add_column(heading, justify="right", no_wrap=True)
    grid.add_column("result", no_wrap=True)
    for row in report.rows:
        figure = "" if row.figure is None else f"{row.figure:,}"
        change = "" if row.change is None else f"{row.change:+.2%}"
        word = Text(row.result or "", style=COLOURS.get(row.result or "", ""))
        per = f"{row.instructions:,.0f} /{row.unit}"
        grid.add_row(row.case, row.summary, per, figure, change, word)
    return grid


def notes(report: Report) -> list[str]:
    """The lines below the table: what was not judged, and what to do about what does not hold."""
    if report.interpreter not in report.known:
        known = "; ".join(report.known) or "none"
        return [f"no figures for {report.interpreter}, so nothing is held against any; there are: {known}"]
    lines = [f"held against the figures for {report.interpreter}, within {TOLERANCE:.0%}"]
    for word, advice in ADVICE.items():
        if found := [row.case for row in report.rows if row.result == word]:
            lines.append(f"{', '.join(found)}: {advice}")
    return lines


ADVICE = {
    "dearer": f"dearer than its figure. Make it cheaper, or say in the same commit why it has to be: {UPDATE}",
    "cheaper": f"cheaper than its figure. Write that down in the same commit, so that it stays so: {UPDATE}",
    "new": f"without a figure for this interpreter, so not judged. Write one down where you can: {UPDATE}",
}
