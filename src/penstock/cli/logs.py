"""`penstock logs`: list calls, follow them as they come, show one with its bodies.

Reads the ledger read-only, beside a running gateway. Options and output only: filters become SQL in the
store, text is made in `render.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from penstock.analytics.no_calls import why_none
from penstock.analytics.nothing import repeated
from penstock.calls.log_record import bodies_remark, body_text, log_detail, log_record
from penstock.calls.pretty import pretty
from penstock.cli import render
from penstock.cli.call_options import call_options, chosen
from penstock.cli.listing import Listing
from penstock.cli.nothing import say_nothing
from penstock.cli.options import data_again_option, data_option
from penstock.cli.output import Cell, Output, say_body, say_json
from penstock.cli.stored_calls import one, opened
from penstock.cli.tables import print_facts
from penstock.stores.ledger import Bodies, CallRow, LedgerReader, Query

_POLL_SECONDS = 0.25
_MANY = 1000

_LIST_HELP = """List the calls that went through the gateway, newest first.

Times are UTC, also those of --since and --until. Different options must all hold; of several values of one any will do.
A terminal of 80 characters has room for what tells calls apart, one of 100 for their ids, and so on; a pipe for all.

\b
Examples:
  penstock logs                                  the latest calls
  penstock logs --follow --status error          failures, as they happen
  penstock logs --since 2026-11-28 --until 2026-11-29 --user ann
  penstock logs --cost '>0.01' --duration '>2s' --model gpt-4o-mini
  penstock logs --status 429 --status 5xx --json | jq .duration
  penstock logs --operation unknown              calls that no table knows
  penstock logs --metadata project=maps --search gpt
  penstock logs show 4f9c1d2e8b7a                one call, with its bodies
"""
_SHOW_HELP = """Show one call with its bodies.

ID is the whole id, or the beginning or the end of it, from 8 characters on. The listing shows the end.

\b
Examples:
  penstock logs show 0199f0a2-8c4e-7b12-9d3f-4f9c1d2e8b7a
  penstock logs show 4f9c1d2e8b7a --json
"""


_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in Cloudflare's words.")


class _Given(NamedTuple):
    """What was said before `show`, and holds for it, too."""

    data: Path
    as_json: bool


@click.group(invoke_without_command=True, help=_LIST_HELP)
@data_option
@click.option("--follow", "-f", is_flag=True, help="Go on printing calls as they end, until Ctrl-C.")
@click.option(
    "--limit", "-n", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many."
)
@call_options
@_json
@click.pass_context
def logs(
    context: click.Context,
    /,
    data: Path,
    follow: bool,
    limit: int,
    as_json: bool,
    account: str | None,
    **words: tuple[str, ...],
) -> None:
    context.obj = _Given(data, as_json)
    if context.invoked_subcommand is not None:
        return
    found = chosen(words, account)
    listing = Listing(render.columns(Output().width), log_record, as_json=as_json)
    with opened(data) as ledger:
        rows = ledger.calls(found.query, limit)
        several = repeated(found.words)
        if not rows:
            say_nothing(why_none(ledger, found.words, account), waits=follow)
        elif several:
            say_nothing(why_none(ledger, several, None), waits=follow, found=True)
        if follow:
            _follow(ledger, found.query, limit, listing)
        elif rows:
            listing.show(rows)


@logs.command(help=_SHOW_HELP)
@click.argument("part", metavar="ID")
@data_again_option
@_json
@click.pass_obj
def show(given: _Given, part: str, data: Path | None, as_json: bool) -> None:
    with opened(data or given.data) as ledger:
        row = one(ledger, part.strip().lower())
        bodies = ledger.bodies(row.id)
    if as_json or given.as_json:
        say_json(_detail(row, bodies))
    else:
        _print_call(row, bodies)


def _follow(ledger: LedgerReader, where: Query, limit: int, listing: Listing[CallRow]) -> None:
    """The latest calls, oldest of them first, then whatever comes."""
    try:
        for rows in _batches(ledger, where, limit):
            listing.show(rows)
    except KeyboardInterrupt:
        return


def _batches(ledger: LedgerReader, where: Query, limit: int) -> Iterator[list[CallRow]]:
    seen = ledger.last_arrival()
    # What arrives between the two reads comes with the first batch of new ones.
    yield [row for row in reversed(ledger.calls(where, limit)) if (row.arrival or 0) <= seen]
    while True:
        last = ledger.last_arrival()
        while rows := ledger.arrived(where, seen, _MANY):
            yield rows
            seen = rows[-1].arrival or seen
        seen = max(seen, last)
        time.sleep(_POLL_SECONDS)


def _print_call(row: CallRow, bodies: Bodies | None) -> None:
    print_facts(render.facts(row))
    output = Output()
    remark = bodies_remark(row)
    if remark is not None:
        output.line()
        output.line(Cell(remark, "dim"))
    if bodies is None:
        output.line()
        output.line(Cell("no bodies were kept", "dim"))
        return
    _print_body(output, "request", row, bodies)
    _print_body(output, "response", row, bodies)


def _print_body(output: Output, name: str, row: CallRow, bodies: Bodies) -> None:
    is_request = name == "request"
    body = bodies.request if is_request else bodies.response
    content_type = row.request_content_type if is_request else row.response_content_type
    encoding = row.request_encoding if is_request else row.response_encoding
    whole = row.request_size if is_request else row.response_size
    cut = bodies.request_cut if is_request else bodies.response_cut
    output.line()
    output.line(Cell(render.body_title(name, content_type, encoding, whole, cut=cut), "bold"))
    text = body_text(body, content_type, encoding)
    if not body:
        output.line(Cell("empty", "dim"))
    elif text is None:
        output.line(Cell(f"binary, {render.size(len(body))} kept", "dim"))
    else:
        say_body(pretty(text, content_type))


def _detail(row: CallRow, bodies: Bodies | None) -> object:
    """The record of 3.20 with the whole of the kept bodies, where they are text."""
    return log_detail(row, bodies, head_chars=None)
