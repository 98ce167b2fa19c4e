"""The command line: which works, which gateways, how much, and where the JSON goes.

The table goes to standard output, progress to standard error.
"""

from __future__ import annotations

import dataclasses
import datetime
import signal
import sys
from pathlib import Path
from typing import Literal

import click

from bench.gateways import all_gateways
from bench.gateways.base import Gateway
from bench.gateways.policies import CHOICES, NONE, Policies
from bench.instructions import command as instructions
from bench.local import command as local
from bench.measure import Skip
from bench.options import Options
from bench.places import RESULTS
from bench.report import Results, console_for, show, to_json
from bench.run import prepare, run_works
from bench.works import all_works
from bench.works.base import Work

EXAMPLES = """\b
Examples:
  python -m bench                                  every work, every gateway; the ledger takes longest
  python -m bench throughput latency               two works
  python -m bench sse --only penstock,envoy        two gateways
  python -m bench --quick                          see that all of it works, in a minute or two
  python -m bench sse --policies configured        with every policy in the file, but off
  python -m bench memory --calls 200000            a shorter look at memory
  python -m bench ledger --rows 1000000            a smaller ledger
  python -m bench throughput --json out.json       the figures for a program
  python -m bench instructions --help              instructions a call, counted: a work with options of its own
  python -m bench local --help                     what the local engine finds, and how fast: the same
"""


@click.command(epilog=EXAMPLES)
@click.argument("works", nargs=-1, metavar="[WORK]...")
@click.option("--only", metavar="NAMES", help="Only these gateways, separated by commas.")
@click.option("--seconds", type=click.FloatRange(1, 120), help="Length of a throughput round [default: 5].")
@click.option(
    "--rounds", type=click.IntRange(1, 50), help="Rounds per gateway; the median counts [default: 3]."
)
@click.option("--calls", type=click.IntRange(1), help="Calls of the memory work [default: 1000000].")
@click.option("--rows", type=click.IntRange(1), help="Calls of the ledger work [default: 10000000].")
@click.option(
    "--policies",
    type=click.Choice(sorted(CHOICES)),
    default="none",
    show_default=True,
    help="Run Penstock without policies, or with every policy configured but switched off.",
)
@click.option("--quick", is_flag=True, help="A smoke run: little of everything, figures not worth quoting.")
@click.option(
    "--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON here too."
)
@click.option("--list", "listing", is_flag=True, help="List works and gateways, and do nothing.")
def main(
    works: tuple[str, ...],
    only: str | None,
    seconds: float | None,
    rounds: int | None,
    calls: int | None,
    rows: int | None,
    policies: Literal["none", "configured"],
    quick: bool,
    json_path: Path | None,
    listing: bool,
) -> None:
    """Measure Penstock beside nginx, Envoy, Portkey and LiteLLM, on the same machine in the same run.

    Without a WORK every work runs. Missing gateways are installed into bench/.cache once; what cannot be
    installed or does not start is skipped with a line that says why.
    """
    if listing:
        _list()
        return
    chosen_works = pick_works(works)
    chosen_gateways = pick_gateways(only, CHOICES[policies])
    base = Options.quick() if quick else Options()
    options = dataclasses.replace(
        base,
        seconds=seconds or base.seconds,
        rounds=rounds or base.rounds,
        calls=calls or base.calls,
        rows=rows or base.rows,
        policies=policies,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(_measure(chosen_works, chosen_gateways, options, json_path))


def pick_works(names: tuple[str, ...]) -> list[Work]:
    known = {work.name: work for work in all_works()}
    for alone in {instructions.NAME, local.NAME}.intersection(names):
        raise click.BadParameter(f"{alone} runs alone, and is named first", param_hint="WORK")
    if unknown := [name for name in names if name not in known]:
        raise click.BadParameter(
            f"no work called {unknown[0]}; there are {', '.join(known)}", param_hint="WORK"
        )
    return [known[name] for name in known if not names or name in names]


def pick_gateways(only: str | None, policies: Policies = NONE) -> list[Gateway]:
    known = {gateway.name: gateway for gateway in all_gateways(policies)}
    if only is None:
        return list(known.values())
    names = [name.strip() for name in only.split(",") if name.strip()]
    if unknown := [name for name in names if name not in known]:
        raise click.BadParameter(
            f"no gateway called {unknown[0]}; there are {', '.join(known)}", param_hint="--only"
        )
    return [known[name] for name in known if name in names]


def _list() -> None:
    for work in all_works():
        click.echo(f"{work.name:12} {work.summary}")
    click.echo(f"{instructions.NAME:12} {instructions.SUMMARY}")
    click.echo(f"{local.NAME:12} {local.SUMMARY}")
    click.echo(f"\ngateways: {', '.join(gateway.name for gateway in all_gateways())}")


def _measure(works: list[Work], gateways: list[Gateway], options: Options, json_path: Path | None) -> int:
    """The exit code: 0 when there are figures, 1 when there are none, 130 after Ctrl-C."""
    started = datetime.datetime.now().astimezone()
    results, ready = prepare(works, gateways, options, started.isoformat(timespec="seconds"), _say)
    code = 0
    try:
        run_works(works, ready, options, results, _say)
    except KeyboardInterrupt:
        results.skips.append(Skip("the rest", "interrupted"))
        code = 130
    show(results, console_for(sys.stdout.isatty()))
    if results.measures:
        _write(results, RESULTS / f"{started:%Y-%m-%d-%H%M%S}.json", json_path)
    return code or (0 if results.measures else 1)


def _write(results: Results, *paths: Path | None) -> None:
    for path in paths:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(to_json(results))
            _say(f"written: {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")


def _say(line: str) -> None:
    click.echo(line, err=True)
