"""The command line of this work: which collections, how many made-up documents and questions, and where the JSON goes.

Tables go to standard output, progress to standard error.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console

from bench import machine
from bench.local.answers import QUESTIONS, SEED
from bench.local.collection import Collection, load, made_up
from bench.local.engine import Embeddings
from bench.local.fields import FieldFigures, measure_fields
from bench.local.measuring import ENGINE, Measured, Plan, measure_collection
from bench.local.progress import OnConsole, Shown
from bench.local.report import show, to_json
from bench.places import FIELD_TABLES
from bench.report import console_for

NAME = "local"
SUMMARY = "the local engine on collections with judgements, beside bm25s and tantivy; runs alone"
EXAMPLES = """\b
Examples:
  python -m bench local --collection ~/collections/cranfield     what is found, how good, how fast
  python -m bench local --collection DIR --questions 0           without answers to the questions
  python -m bench local --documents 1000 --documents 10000       speed on folders of made-up text
  python -m bench local --fields                                 named fields of our own tables
  python -m bench local --collection DIR --embeddings wordllama  by words, and by vectors too
  python -m bench local --collection DIR --json out.json         the figures for a program
"""


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
    "--questions",
    default=QUESTIONS,
    show_default=True,
    type=click.IntRange(0),
    help="So many questions are asked of a collection that has answers.",
)
@click.option("--seed", default=SEED, show_default=True, help="Another one chooses other questions.")
@click.option("--fields", "with_fields", is_flag=True, help="Fill the named fields of our own tables.")
@click.option(
    "--embeddings", "place", default="", metavar="PLACE", help="Measure with vectors too: as `serve` has it."
)
@click.option("--embeddings-model", "model", default="", help="Name of the model there.")
@click.option(
    "--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON here too."
)
def main(
    folders: tuple[Path, ...],
    sizes: tuple[int, ...],
    questions: int,
    seed: int,
    with_fields: bool,
    place: str,
    model: str,
    json_path: Path | None,
) -> None:
    """Measure what the local engine finds and answers and what that costs, over HTTP, beside bm25s and tantivy.

    CPU time is of the whole process; the yardsticks' is of their library alone. The exit code is 1 when the engine
    gave no figures.
    """
    if not folders and not sizes and not with_fields:
        raise click.UsageError("--collection, --documents or --fields says what to measure")
    if model and not place:
        raise click.UsageError("--embeddings-model names a model at the address that --embeddings gives")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    collections = [*map(_loaded, folders), *map(made_up, sizes)]
    errors = Console(stderr=True)
    shown = OnConsole(NAME, errors)
    plan = Plan(Embeddings(place, model) if place else None, questions, seed)
    measured = Measured()
    fields = _field_figures(shown) if with_fields else {}
    for collection in collections:
        measure_collection(collection, plan, measured, shown)
    show(measured, fields, console_for(sys.stdout.isatty()), errors)
    if json_path is not None:
        json_path.write_text(to_json(measured, fields, machine.describe()))
    sys.exit(0 if not collections or any(row.who == ENGINE for row in measured.rows) else 1)


def _loaded(folder: Path) -> Collection:
    try:
        return load(folder)
    except (OSError, ValueError, KeyError) as error:
        raise click.BadParameter(
            f"{folder.name} is no collection: {error}", param_hint="--collection"
        ) from error


def _field_figures(shown: Shown) -> dict[str, FieldFigures]:
    tables = sorted(FIELD_TABLES.glob("field_traps*.txt"))
    found: dict[str, FieldFigures] = {}
    for table in shown.each(tables, len(tables), "tables of fields"):
        with tempfile.TemporaryDirectory(prefix="bench-local-") as folder:
            found[table.stem] = measure_fields(table, Path(folder))
    return found
