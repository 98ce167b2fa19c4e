"""`penstock evidence`: what the results of runs rest on, processor by processor or domain by domain.

Reads kept results out of the run ledger, a few at a time. Options and output only: sums are made in `runs/compared.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from penstock.cli.no_runs import why_no_runs
from penstock.cli.nothing import say_nothing
from penstock.cli.options import data_option
from penstock.cli.output import Cell, say_json, tell
from penstock.cli.run_options import Gateways, confidence_option, domain_option, gateway_option, since_option
from penstock.cli.stored_runs import opened_runs
from penstock.cli.tables import print_table
from penstock.runs.compared import By, Compared, Comparison
from penstock.runs.evidence import CONFIDENCES, evidence
from penstock.stores.runs import RunQuery, RunReader

_AT_ONCE: Final = 4  # results, of up to 16 MiB each
_BY: Final[dict[str, By]] = {"processor": "processor", "domain": "domain"}

_HELP = """What the results of runs rest on: how sure their fields are, and what is cited for them.

By processor, with what a run costs on average, so that one sees what a dearer one brings on tasks of one's own; or by
the domains that are cited. HIGH to NONE are shares of fields, by the confidence that the provider has in them; where it
tells none, that is NONE.


Examples:
  penstock evidence                            the last 30 days, by processor
  penstock evidence --by domain --since 7d --limit 20
  penstock evidence --confidence low           only runs with a field of low confidence
  penstock evidence --gateway local/research --json | jq '{name, high: .shares.high, average_cost}'
"""


@click.command(help=_HELP)
@click.option(
    "--by", type=click.Choice(list(_BY)), default="processor", show_default=True, help="One line for each."
)
@since_option("30d")
@gateway_option
@click.option("--processor", multiple=True, help="Only of this processor or generator. May be repeated.")
@confidence_option
@domain_option
@click.option(
    "--limit", "-n", type=click.IntRange(1), default=50, show_default=True, help="At most so many lines."
)
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def evidence_command(
    by: str,
    since: int | None,
    gateway: Gateways,
    processor: tuple[str, ...],
    confidences: tuple[str, ...],
    domains: tuple[str, ...],
    limit: int,
    data: Path,
    as_json: bool,
) -> None:
    where = RunQuery(
        account=gateway.account,
        gateways=gateway.names,
        products=processor,
        confidences=confidences,
        domains=domains,
        since_us=since,
    )
    with opened_runs(data, to_list=True) as runs:
        found = _compared(runs, where, _BY[by])
        none = None if found else why_no_runs(runs, where)
    if none is not None and none.is_mistake:
        say_nothing(none)
    if as_json:
        for row in found[:limit]:
            say_json(row)
        return
    _print(by, found[:limit])
    if not found:
        tell(
            "no results are kept of such runs: `penstock runs` lists them, with those whose result nobody has seen"
        )
    elif len(found) > limit:
        tell(f"{len(found) - limit} more: --limit shows them")


def _compared(runs: RunReader, where: RunQuery, by: By) -> list[Compared]:
    comparison, place = Comparison(by), 0
    while kept := runs.results(where, _AT_ONCE, place):
        for one in kept:
            comparison.add(one.run, evidence(one.result.body))
        place = kept[-1].place
    return comparison.rows()


def _print(by: str, rows: Sequence[Compared]) -> None:
    headings = [
        "RUNS", "FIELDS", *map(str.upper, CONFIDENCES), "CITED/FIELD", "UNCITED", "DOMAINS", "USD/RUN",
    ]  # fmt: skip
    figures = [_figures(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *figures, strict=True)]
    lines = [
        [Cell(row.name), *(Cell(text.rjust(width)) for text, width in zip(line, widths, strict=True))]
        for row, line in zip(rows, figures, strict=True)
    ]
    print_table([by.upper(), *map(str.rjust, headings, widths)], lines)


def _figures(row: Compared) -> list[str]:
    shares = [f"{row.shares[word]:.0%}" for word in CONFIDENCES]
    usd = "-" if row.average_cost is None else f"{row.average_cost:.4f}"
    counts = (f"{row.citations_per_field:.1f}", str(row.uncited), str(row.domains), usd)
    return [str(row.runs), str(row.fields), *shares, *counts]
