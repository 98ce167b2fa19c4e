"""The command line of this work: which cases, where the JSON goes, and new figures with their reason.

The table goes to standard output, progress to standard error.
"""

from __future__ import annotations

import datetime
import signal
import sys
from pathlib import Path

import click

from bench import machine
from bench.failure import Failed
from bench.installs import missing_program
from bench.instructions import figures
from bench.instructions.cases import CASES, Case
from bench.instructions.counting import costs_of
from bench.instructions.figures import Costs, Figures
from bench.instructions.interpreter import this_interpreter
from bench.instructions.report import report_on, show, to_json
from bench.places import INSTRUCTIONS
from bench.report import console_for

NAME = "instructions"
SUMMARY = "instructions a call takes in process, by case, under callgrind; runs alone"
EXAMPLES = """\b
Examples:
  python -m bench instructions                                every case, held against bench/instructions.json
  python -m bench instructions --case plain --case sse        two cases
  python -m bench instructions --json out.json                the figures for a program
  python -m bench instructions --update --reason "why it is"  new figures, where they have moved
"""


@click.command(epilog=EXAMPLES)
@click.option(
    "--case",
    "names",
    multiple=True,
    type=click.Choice([case.name for case in CASES]),
    help="Only this case; may be given several times.",
)
@click.option("--update", is_flag=True, help="Write figures that have moved into bench/instructions.json.")
@click.option("--reason", metavar="TEXT", help="Why they have; it is written beside them.")
@click.option(
    "--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON here too."
)
def main(names: tuple[str, ...], update: bool, reason: str | None, json_path: Path | None) -> None:
    """Count the instructions that a call takes, in process and without a kernel, under callgrind.

    The exit code is 1 when a case is further than 3 % from its figure, above or below, and 0 when there are no
    figures for this interpreter.
    """
    why = (reason or "").strip()
    if update != bool(why):
        raise click.UsageError("--update and --reason belong together: what changes, changes for a reason")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(_run([case for case in CASES if not names or case.name in names], why, json_path))
    except Failed as failure:
        raise click.ClickException(str(failure)) from failure


def _run(cases: list[Case], why: str, json_path: Path | None) -> int:
    if absent := missing_program(NAME, "valgrind"):
        raise Failed(absent.why)
    known, interpreter = figures.read(INSTRUCTIONS), this_interpreter()
    now = datetime.datetime.now().astimezone()
    costs = costs_of(cases, _say)
    if why:
        known = _update(known, interpreter, costs, now.date().isoformat(), why)
    report = report_on(cases, costs, known, interpreter, now.isoformat(timespec="seconds"))
    show(report, console_for(sys.stdout.isatty()))
    if json_path is not None:
        json_path.write_text(to_json(report, machine.describe()))
    return 0 if report.holds else 1


def _update(known: Figures, interpreter: str, costs: Costs, date: str, why: str) -> Figures:
    new = known.changed(interpreter, costs, date, why)
    if new is known:
        _say("every figure is as it was; nothing is written")
        return known
    figures.write(INSTRUCTIONS, new)
    for case, change in new.reasons[-1].changes.items():
        _say(f"written: {case}, {change.before or 'none'} → {change.after}")
    return new


def _say(line: str) -> None:
    click.echo(f"{NAME}: {line}", err=True)
