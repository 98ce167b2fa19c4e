"""`penstock reprice`: the costs of stored calls under today's prices.

Options and output only. What a call costs today is in `calls/repricing.py`; the store corrects its sums
with each batch, so that a run that was interrupted can simply be started again.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from penstock.calls.costing import Prices
from penstock.calls.repricing import Page, Sums, changes, pages
from penstock.cli.durations import duration_text, seconds
from penstock.cli.options import config_option, data_option
from penstock.cli.output import Cell, say, say_json, tell
from penstock.cli.price_options import open_prices, prices_option
from penstock.cli.stored_calls import opened
from penstock.cli.tables import print_table
from penstock.clock import Clock
from penstock.pricing.units import NANO, to_usd
from penstock.stores.ledger import Condition, LedgerReader, LedgerUnavailable, Query
from penstock.stores.opening import Stores
from penstock.stores.opening.ledger_changes import ledger_editor

_HEADINGS = (
    "PROVIDER",
    "MODEL",
    "CALLS",
    "OLD USD",
    "NEW USD",
    "DIFFERENCE",
    "CHANGED",
    "NEWLY",
    "NO LONGER",
)
_BATCH = 200  # costs that are set in one short transaction, beside a shipper that writes
_MICRO = 1_000_000

_HELP = """Work out again what stored calls cost, by the prices there are now.

The differences are shown before anything is written: by provider and model the sums before and after, and
how many costs change, become known (NEWLY) or unknown (NO LONGER). On a terminal you are then asked; elsewhere
nothing is written without --yes.

What a caller priced with cf-aig-custom-cost stays as it is, and so does what came out of the cache. A call to
Parallel is priced by its request: where that was not kept, its cost stays. Running it again changes nothing
more, also after an interruption.

\b
Examples:
  penstock reprice --since 30d
  penstock reprice --since 12w --provider openai --model gpt-4o --prices new.toml
  penstock reprice --since 1d --yes --json
"""


class Line(NamedTuple):
    """The sums of one provider's model."""

    provider: str
    model: str | None
    sums: Sums


@click.command(help=_HELP)
@click.option(
    "--since", callback=seconds, default="30d", show_default=True, help="Calls of so long, up to --until."
)
@click.option("--until", callback=seconds, default="0s", help="Only calls that are at least so old.")
@click.option("--account", help="Only this account.")
@click.option("--gateway", "gateways", multiple=True, help="Only this gateway. May be repeated.")
@click.option("--provider", "providers", multiple=True, help="Only this provider. May be repeated.")
@click.option(
    "--model", "models", multiple=True, help="As provider/model, or beside one --provider. May be repeated."
)
@prices_option
@click.option("--yes", "--apply", "yes", is_flag=True, help="Write without asking.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object of all sums, and what was written.")
@config_option
@data_option
def reprice(
    since: int,
    until: int,
    account: str | None,
    gateways: tuple[str, ...],
    providers: tuple[str, ...],
    models: tuple[str, ...],
    prices: Path | None,
    yes: bool,
    as_json: bool,
    config: Path | None,
    data: Path,
) -> None:
    if until >= since:
        raise click.UsageError(
            f"--until {duration_text(until)} leaves nothing of --since {duration_text(since)}"
        )
    now = Clock().now_us()
    where = Query(
        account, gateways, _conditions(providers, models), now - since * _MICRO, now - until * _MICRO
    )
    known = open_prices(config, prices, data)
    with opened(data) as ledger:
        lines = _sums(_walk(ledger, where, known, "looking"))
        changed = sum(line.sums.changed for line in lines)
        if not as_json:
            _print(lines)
        written = None
        if changed and _may_write(changed, yes=yes, as_json=as_json):
            written = _write(data, _walk(ledger, where, known, "writing"))
    if as_json:
        say_json(_json(lines, written))
    elif written is not None:
        say(f"{written:,} costs were changed")


def _conditions(providers: tuple[str, ...], models: tuple[str, ...]) -> tuple[tuple[Condition, ...], ...]:
    """All that must hold. A model is stored with its provider before it."""
    found = []
    if providers:
        found.append((Condition("provider", "eq", providers),))
    if models:
        bare = tuple(f"{provider}/{model}" for provider in providers for model in models)
        found.append((Condition("model", "eq", (*models, *bare)),))
    return tuple(found)


def _walk(ledger: LedgerReader, where: Query, prices: Prices, doing: str) -> Iterator[Page]:
    """The pages of calls, with a bar on a terminal that shows how much of the time is done."""
    console = Console(stderr=True)
    begin, end = where.since_us or 0, where.until_us or 0
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[calls]:,} calls"))
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task, calls = progress.add_task(doing, total=end - begin, calls=0), 0
        for page in pages(ledger, where, prices):
            yield page
            calls += len(page.calls)
            progress.update(task, completed=page.until_us - begin, calls=calls)


def _sums(walk: Iterator[Page]) -> list[Line]:
    """By provider and model, in the order of their names."""
    found: dict[tuple[str, str | None], Sums] = defaultdict(Sums)
    for page in walk:
        for row, now in page.calls:
            found[row.provider, row.model].add(row, now)
    ordered = sorted(found.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    return [Line(provider, model, sums) for (provider, model), sums in ordered]


def _may_write(changed: int, *, yes: bool, as_json: bool) -> bool:
    if yes:
        return True
    if as_json or not sys.stdin.isatty():
        tell("nothing was written: give --yes to change these costs")
        return False
    return click.confirm(f"Change {changed:,} costs?", err=True)


def _write(data: Path, walk: Iterator[Page]) -> int:
    written = 0
    try:
        with closing(ledger_editor(Stores(data))) as editor:
            for page in walk:
                wanted = changes(page.calls)
                for place in range(0, len(wanted), _BATCH):
                    written += editor.recost(wanted[place : place + _BATCH])
    except LedgerUnavailable as error:
        raise click.ClickException(
            f"{written:,} costs were changed, then the ledger could not be written ({error}): run it again"
        ) from None
    return written


def _print(lines: list[Line]) -> None:
    if not lines:
        say("no calls")
        return
    print_table(_HEADINGS, [_cells(line) for line in lines])
    changed = sum(line.sums.changed for line in lines)
    before, after = (sum(getattr(line.sums, name) for line in lines) for name in ("old", "new"))
    say(f"{_usd(before)} USD before, {_usd(after)} USD after; {changed:,} costs differ")


def _cells(line: Line) -> list[Cell]:
    sums = line.sums
    difference = sums.new - sums.old
    style = "red" if difference > 0 else "green" if difference < 0 else ""
    model = (line.model or "-").removeprefix(f"{line.provider}/")
    sign = "+" if difference > 0 else ""
    return [
        Cell(line.provider or "-"),
        Cell(model),
        Cell(f"{sums.calls:,}"),
        Cell(_usd(sums.old)),
        Cell(_usd(sums.new)),
        Cell(f"{sign}{_usd(difference)}", style),
        Cell(f"{sums.changed:,}"),
        Cell(f"{sums.newly_priced:,}"),
        Cell(f"{sums.no_longer_priced:,}"),
    ]


def _usd(nano: int) -> str:
    """Dollars with all the digits there are, and at least two."""
    whole, rest = divmod(abs(nano), NANO)
    return f"{'-' if nano < 0 else ''}{whole:,}.{f'{rest:09}'.rstrip('0'):0<2}"


def _json(lines: list[Line], written: int | None) -> dict[str, object]:
    return {
        "models": [
            {
                "provider": line.provider,
                "model": line.model,
                "calls": line.sums.calls,
                "old_usd": to_usd(line.sums.old),
                "new_usd": to_usd(line.sums.new),
                "changed": line.sums.changed,
                "newly_priced": line.sums.newly_priced,
                "no_longer_priced": line.sums.no_longer_priced,
            }
            for line in lines
        ],
        "changed": sum(line.sums.changed for line in lines),
        "written": written or 0,
    }
