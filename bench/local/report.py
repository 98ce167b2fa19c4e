"""What a measurement leaves behind: tables for people, and one JSON document for programs.

Pure but for printing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from bench.local.fields import FieldFigures, told
from bench.local.measuring import AnswerRow, Measured, Row

_FOUND = (
    *("collection", "engine", "nDCG@10", "recall@10", "MRR@10", "CPU ms/call"),
    *("index CPU s", "index MB", "memory MB", "holds answer", "50 at once s"),
)
_ANSWERS = (
    *("collection", "engine", "questions", "right", "high", "high right", "near misses", "refused"),
    *("field holds", "field wrong"),
)
_FIELDS = ("table", "fields", "exact", "silent", "high", "high wrong")

Fields = Mapping[str, FieldFigures]  # by table


def show(measured: Measured, fields: Fields, console: Console, errors: Console) -> None:
    """The tables; and on `errors` each field that was filled wrongly."""
    for table in _tables(measured, fields, not console.is_terminal):
        console.print(table)
        console.print()
    for skip in measured.skips:
        console.print(str(skip), markup=False, highlight=False, soft_wrap=True)
    for name, figures in fields.items():
        errors.print(name, markup=False, highlight=False)
        told(figures, lambda line: errors.print(line, markup=False, highlight=False, soft_wrap=True))


def to_json(measured: Measured, fields: Fields, machine: Mapping[str, str]) -> str:
    document = {
        "machine": dict(machine),
        "rows": [asdict(row) for row in measured.rows],
        "answers": [asdict(row) for row in measured.answers],
        "fields": [{"table": name, **_field_figures(figures)} for name, figures in fields.items()],
        "skipped": [str(skip) for skip in measured.skips],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _tables(measured: Measured, fields: Fields, plain: bool) -> list[Table]:
    tables = {
        _FOUND: [_found(row) for row in measured.rows],
        _ANSWERS: [_answers(row) for row in measured.answers],
        _FIELDS: [_fields(name, figures) for name, figures in fields.items()],
    }
    return [_grid(headings, rows, plain) for headings, rows in tables.items() if rows]


def _grid(headings: Sequence[str], rows: Sequence[Sequence[str]], plain: bool) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0)) if plain else Table(pad_edge=False)
    for heading in headings:
        is_name = heading in ("collection", "engine", "table")
        grid.add_column(heading, justify="left" if is_name else "right", no_wrap=True)
    for row in rows:
        grid.add_row(*row)
    return grid


def _found(row: Row) -> tuple[str, ...]:
    quality = row.quality
    values = (
        *((quality.ndcg, quality.recall, quality.mrr) if quality else (None, None, None)),
        *(row.call_ms, row.index_seconds, row.index_megabytes, row.memory_megabytes),
        *(row.holding, row.at_once_seconds),
    )
    return row.collection, row.who, *map(_shown, values, (4, 4, 4, 2, 2, 1, 0, 3, 2))


def _answers(row: AnswerRow) -> tuple[str, ...]:
    trust = row.trust
    shares = [_shown(share, 3) for share in (trust.right, trust.high, trust.high_right)]
    rest = [_shown(share, 3) for share in (trust.refused, trust.field_holds, trust.field_wrong)]
    return row.collection, row.who, str(row.answered), *shares, str(row.near_misses), *rest


def _fields(name: str, figures: FieldFigures) -> tuple[str, ...]:
    found = _field_figures(figures)
    return name, str(found["fields"]), *(_shown(value, 3) for value in list(found.values())[1:])


def _field_figures(figures: FieldFigures) -> dict[str, float]:
    count = len(figures.answers)
    return {
        "fields": count,
        "exact": figures.exact,
        "silent": figures.silent,
        "high": len(figures.high) / max(1, count),
        "high_wrong": figures.high_wrong,
    }


def _shown(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
