"""`penstock runs`: list what calls have made at Parallel, follow it as it changes, show one with what came of it.

Reads the run ledger read-only, beside a running gateway. Options and output only: text is made in `runs_view.py`, what
JSON has of a run in `runs/record.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from penstock.cli import runs_view
from penstock.cli.listing import Listing
from penstock.cli.no_runs import why_no_runs
from penstock.cli.nothing import say_nothing
from penstock.cli.options import data_again_option, data_option
from penstock.cli.output import Cell, Output, say_body, say_json
from penstock.cli.render import size
from penstock.cli.run_changes import RunChanges
from penstock.cli.run_options import Gateways, confidence_option, domain_option, gateway_option, since_option
from penstock.cli.run_result import evidence_lines, output_text, result_value
from penstock.cli.stored_runs import one_run, opened_runs
from penstock.cli.tables import print_facts
from penstock.clock import Clock
from penstock.runs.record import run_detail, run_record
from penstock.runs.run import Run, RunKind
from penstock.runs.shown_evidence import evidence_record
from penstock.stores.runs import Moment, Result, RunQuery, RunReader

_POLL_SECONDS = 0.5

_LIST_HELP = """List the runs that calls have made at Parallel, newest first: task runs, groups, FindAll runs, monitors.

ESTIMATE is what a run is expected to cost, COST what it has cost; both in US dollars. A run that fails costs nothing.

\b
Examples:
  penstock runs                                  the latest runs
  penstock runs --active --follow                what goes on, as it changes
  penstock runs --processor ultra --since 7d
  penstock runs --state failed --json | jq .error
  penstock runs --confidence low --domain example.com
  penstock runs --owner ann --gateway local/research
  penstock runs show 4f9c1d2e8b7a                one run, with what came of it
"""
_SHOW_HELP = """Show one run: who made it, what it costs, how it went, what came of it and what that rests on.

ID is the whole id, or the beginning or the end of it, from 6 characters on. The listing shows the end.

\b
Examples:
  penstock runs show trun_9907962f83aa4d9d98fd7f4bf745d654
  penstock runs show 7f4bf745d654 --full
  penstock runs show 7f4bf745d654 --json | jq .output
"""


_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


class _Given(NamedTuple):
    """What was said before `show`, and holds for it, too."""

    data: Path
    as_json: bool


@click.group(invoke_without_command=True, help=_LIST_HELP)
@data_option
@click.option("--active", is_flag=True, help="Only those that go on.")
@click.option(
    "--follow", "-f", is_flag=True, help="Go on printing runs as they come and change, until Ctrl-C."
)
@click.option("--owner", default="", help="Only of this token, by its id, or of its user.")
@click.option("--processor", multiple=True, help="Only of this processor or generator. May be repeated.")
@click.option("--state", multiple=True, help="Only in this state: queued, running, failed. May be repeated.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in RunKind]),
    help="Only of this kind. May be repeated.",
)
@confidence_option
@domain_option
@gateway_option
@click.option("--parent", metavar="GROUP", help="Only the runs of this group, by its whole id.")
@since_option()
@click.option(
    "--limit",
    "-n",
    type=click.IntRange(1, 100_000),
    default=50,
    show_default=True,
    help="At most so many.",
)
@_json
@click.pass_context
def runs(
    context: click.Context,
    data: Path,
    active: bool,
    follow: bool,
    owner: str,
    processor: tuple[str, ...],
    state: tuple[str, ...],
    kinds: tuple[str, ...],
    confidences: tuple[str, ...],
    domains: tuple[str, ...],
    gateway: Gateways,
    parent: str | None,
    since: int | None,
    limit: int,
    as_json: bool,
) -> None:
    context.obj = _Given(data, as_json)
    if context.invoked_subcommand is not None:
        return
    where = RunQuery(
        account=gateway.account,
        gateways=gateway.names,
        kinds=tuple(map(RunKind, kinds)),
        confidences=confidences,
        domains=domains,
        states=state,
        active=True if active else None,
        products=processor,
        owner=owner,
        parent=parent,
        since_us=since,
    )
    with opened_runs(data, to_list=True) as ledger:
        if follow:
            _follow(ledger, where, limit, as_json=as_json)
        else:
            found = ledger.runs(where, limit)
            if not found:
                say_nothing(why_no_runs(ledger, where))
            _listing(as_json=as_json).show(found)


@runs.command(help=_SHOW_HELP)
@click.argument("part", metavar="ID")
@click.option("--full", is_flag=True, help="All of the output and the evidence, however long they are.")
@data_again_option
@_json
@click.pass_obj
def show(given: _Given, part: str, full: bool, data: Path | None, as_json: bool) -> None:
    with opened_runs(data or given.data) as ledger:
        run = one_run(ledger, part.strip())
        moments, result = ledger.moments(run.id), ledger.result(run.id)
    if as_json or given.as_json:
        say_json(_detail(run, moments, result))
    else:
        _print_run(run, moments, result, full=full)


def _follow(ledger: RunReader, where: RunQuery, limit: int, *, as_json: bool) -> None:
    """The latest runs, oldest of them first, then whatever is new or changes."""
    changes = RunChanges(ledger, where)
    listing = _listing(as_json=as_json)
    try:
        listing.show(changes.first(limit))
        while True:
            time.sleep(_POLL_SECONDS)
            listing.show(changes.more())
    except KeyboardInterrupt:
        return


def _listing(*, as_json: bool) -> Listing[Run]:
    return Listing(runs_view.columns(Clock().now_us, Output().width), run_record, as_json=as_json)


def _detail(run: Run, moments: Sequence[Moment], result: Result | None) -> object:
    """The detail of the management API, with the whole of what came of it."""
    found = msgspec.structs.asdict(run_detail(run, moments, Clock().now_us()))
    body = b"" if result is None else result.body
    return {
        **found,
        "output": None if result is None else result_value(body),
        "evidence": evidence_record(body),
    }


def _print_run(run: Run, moments: Sequence[Moment], result: Result | None, *, full: bool) -> None:
    now_us, output = Clock().now_us(), Output()
    print_facts(runs_view.facts(run, now_us))
    _print_part(output, "money", runs_view.money(run))
    _print_part(output, "time line", runs_view.timeline(run, moments, now_us))
    output.line()
    if result is None:
        why = "it is still to come" if run.is_active else "none was seen"
        output.line(Cell("output", "bold"), Cell(f"  {why}", "dim"))
        return
    output.line(
        Cell(f"output ({result.content_type or 'no content type'}, {size(len(result.body))})", "bold")
    )
    text, left = output_text(result, full=full)
    say_body(text)
    if left:
        output.line(Cell(f"{left} more characters: --full shows all of it", "dim"))
    rests_on = evidence_record(result.body)
    if rests_on is not None:
        _print_part(output, "evidence", evidence_lines(rests_on, full=full))


def _print_part(output: Output, title: str, lines: Iterable[Sequence[Cell]]) -> None:
    """Lines below a title; nothing where there are none."""
    found = list(lines)
    if found:
        output.line()
        output.line(Cell(title, "bold"))
    for line in found:
        output.line(Cell("  "), *line)
