"""The command line of this work: which collections, how many made-up documents, and where the JSON goes.

The table goes to standard output, progress to standard error.
"""

from __future__ import annotations

import dataclasses
import json
import signal
import sys
from pathlib import Path

import click
from rich.table import Table

from bench import machine
from bench.local.collection import Collection, load, made_up
from bench.local.measuring import ENGINE, Row, rows_of
from bench.measure import Skip
from bench.report import console_for

NAME = "local"
SUMMARY = "the local engine on collections with judgements, beside bm25s and tantivy; runs alone"
EXAMPLES = """\b
Examples:
  python -m bench local --collection ~/collections/cranfield     what is found, how good, how fast
  python -m bench local --documents 1000 --documents 10000       speed on folders of made-up text
  python -m bench local --collection DIR --json out.json         the figures for a program
"""
_HEADINGS = (
    *("collection", "engine", "nDCG@10", "recall@10", "MRR@10", "CPU ms/call"),
    *("index CPU s", "index MB", "memory MB", "holds answer", "50 at once s"),
)


@click.command(epilog=EXAMPLES)
@click.option(
    "--collection",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with documents, queries and judgements; may be given several times.",
)
@click.option(
    "--documents",
    "sizes",
    multiple=True,
    type=click.IntRange(1, 1_000_000),
    help="A folder of so many made-up documents; may be given several times.",
)
@click.option(
    "--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON here too."
)
def main(folders: tuple[Path, ...], sizes: tuple[int, ...], json_path: Path | None) -> None:
    """Measure what the local engine finds and what that costs, over HTTP, beside bm25s and tantivy.

    CPU time is of the whole process; the yardsticks' is of their library alone. The exit code is 1 when the engine
    gave no figures.
    """
    if not folders and not sizes:
        raise click.UsageError("--collection or --documents says what to measure")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rows: list[Row] = []
    skips: list[Skip] = []
    for collection in (*map(_loaded, folders), *map(made_up, sizes)):
        measured, skipped = rows_of(collection, _say)
        rows += measured
        skips += skipped
    console = console_for(sys.stdout.isatty())
    console.print(_table(rows, not sys.stdout.isatty()))
    for skip in skips:
        console.print(str(skip), markup=False)
    if json_path is not None:
        found = {"machine": machine.describe(), "rows": [dataclasses.asdict(row) for row in rows]}
        json_path.write_text(json.dumps(found, indent=2) + "\n")
    sys.exit(0 if any(row.who == ENGINE for row in rows) else 1)


def _loaded(folder: Path) -> Collection:
    try:
        return load(folder)
    except (OSError, ValueError, KeyError) as error:
        raise click.BadParameter(
            f"{folder.name} is no collection: {error}", param_hint="--collection"
        ) from error


def _table(rows: list[Row], plain: bool) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0)) if plain else Table(pad_edge=False)
    for place, heading in enumerate(_HEADINGS):
        grid.add_column(heading, justify="left" if place < 2 else "right", no_wrap=True)
    for row in rows:
        quality = row.quality
        values = (
            *((quality.ndcg, quality.recall, quality.mrr) if quality else (None, None, None)),
            *(row.call_ms, row.index_seconds, row.index_megabytes, row.memory_megabytes),
            *(row.holding, row.at_once_seconds),
        )
        digits = (4, 4, 4, 2, 2, 1, 0, 3, 2)
        grid.add_row(row.collection, row.who, *map(_shown, values, digits))
    return grid


def _shown(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _say(line: str) -> None:
    click.echo(f"{NAME}: {line}", err=True)
