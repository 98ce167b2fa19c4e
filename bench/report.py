"""What a run leaves behind: one table for people and one JSON document for programs.

The table puts Penstock's ratio and the target beside every figure; in a pipe it is plain text without colour.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.cores import LIMIT
from bench.measure import SUBJECT, Measure, Skip, Target, Verdict, judge, ratio

COLOURS = {"met": "green", "missed": "red", "not measured": "yellow", "disturbed": "yellow"}
PIPE_WIDTH = 200


@dataclass(slots=True)
class Results:
    started: str
    machine: dict[str, str]
    options: dict[str, float | str]
    versions: dict[str, str]
    targets: list[Target]
    measures: list[Measure] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)

    def verdicts(self) -> list[Verdict]:
        return judge(self.measures, self.targets)


def to_json(results: Results) -> str:
    document = asdict(results)
    document["targets"] = [
        {**asdict(verdict.target), "figure": verdict.figure, "result": verdict.word}
        for verdict in results.verdicts()
    ]
    document["measures"] = [
        {**asdict(measure), "penstock_ratio": _ratio(results.measures, measure)}
        for measure in results.measures
    ]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def show(results: Results, console: Console) -> None:
    if results.measures:
        console.print(table(results, ascii_only=not console.is_terminal))
    for line in notes(results):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def console_for(terminal: bool) -> Console:
    return Console() if terminal else Console(width=PIPE_WIDTH, no_color=True)


def table(results: Results, ascii_only: bool) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0)) if ascii_only else Table(pad_edge=False)
    for heading in ("work", "measure", "gateway"):
        grid.add_column(heading, no_wrap=heading != "measure")
    for heading in ("value", "penstock ÷ it", "target"):
        grid.add_column(heading, justify="right", no_wrap=True)
    grid.add_column("result", no_wrap=True)
    verdicts = {_place(verdict.target): verdict for verdict in results.verdicts()}
    for measure in results.measures:
        verdict = verdicts.get((measure.work, measure.what, measure.gateway))
        grid.add_row(*_cells(results, measure), *_judgement(verdict))
    return grid


def notes(results: Results) -> list[str]:
    """The lines below the table: skips, targets without a figure, remarks on figures."""
    shown = {(m.work, m.what, m.gateway) for m in results.measures}
    lines = [str(skip) for skip in results.skips]
    if not results.options["judged"]:
        lines.append("a quick run shows that everything works; its figures are held against no target")
    if results.options.get("policies") == "configured":
        lines.append(
            "penstock had every policy configured and switched off, where a work does not set its own"
        )
    lines += [
        f"target not measured: {v.target.work}, {v.target.what} {against(v.target)}"
        for v in results.verdicts()
        if v.figure is None and _place(v.target) not in shown
    ]
    lines += [f"{m.work}, {m.what}, {m.gateway}: {m.note}" for m in results.measures if m.note]
    return lines + [
        f"disturbed: {m.work}, {m.what}, {m.gateway}: others had up to {m.foreign:.0%} of a core"
        for m in results.measures
        if m.foreign > LIMIT
    ]


def against(target: Target) -> str:
    other = f" × {target.against}" if target.against else ""
    return f"{target.bound} {target.limit:,g}{other}"


def amount(value: float, unit: str) -> str:
    """A value with the digits that mean something: three or so."""
    digits = 0 if abs(value) >= 100 or not unit else 1 if abs(value) >= 10 else 2
    space = "" if unit.startswith("/") or not unit else " "
    return f"{value:,.{digits}f}{space}{unit}"


def _cells(results: Results, measure: Measure) -> tuple[str, str, str, str, str]:
    times = _ratio(results.measures, measure)
    shown = "" if times is None else f"{times:,.2f} ×"
    return measure.work, measure.what, measure.gateway, amount(measure.value, measure.unit), shown


def _judgement(verdict: Verdict | None) -> tuple[str, Text]:
    if verdict is None:
        return "", Text("")
    return against(verdict.target), Text(verdict.word, style=COLOURS[verdict.word])


def _ratio(measures: Sequence[Measure], measure: Measure) -> float | None:
    if measure.gateway == SUBJECT:
        return None
    return ratio(measures, measure.work, measure.what, measure.gateway)


def _place(target: Target) -> tuple[str, str, str]:
    return target.work, target.what, target.against or SUBJECT
