"""`penstock explain`: why a call went as it did, and how its cost came about.

Options and output only: the story is told in `calls/explain.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from penstock.calls.costing import needs_request
from penstock.calls.explain import Moment, PriceStory, Story
from penstock.calls.explain import explain as story_of
from penstock.calls.repricing import request_of
from penstock.cli.options import config_option, data_option
from penstock.cli.output import Cell, Output, as_typed, say_json
from penstock.cli.price_options import open_prices, prices_option
from penstock.cli.render import duration
from penstock.cli.stored_calls import one, opened

_BAR = 24
_WRONG = ("failed", "refused")

Line = tuple[Cell, ...]

_HELP = """Explain one call: who called, what was decided and tried and when, and how its cost came about.

LOG_ID is the whole id, or the beginning or the end of it, from 8 characters on. The cost is worked out again
by the prices there are now; where that differs from the stored one, it says so.

\b
Examples:
  penstock explain 4f9c1d2e8b7a
  penstock explain 0199f0a2-8c4e-7b12-9d3f-4f9c1d2e8b7a --json | jq .price
"""


@click.command(help=_HELP)
@click.argument("log_id", metavar="LOG_ID")
@prices_option
@click.option("--json", "as_json", is_flag=True, help="The whole story as one JSON object.")
@config_option
@data_option
def explain(log_id: str, prices: Path | None, as_json: bool, config: Path | None, data: Path) -> None:
    with opened(data) as ledger:
        row = one(ledger, log_id.strip().lower())
        known = open_prices(config, prices, data)
        request = request_of(ledger, row) if needs_request(row, known) else None
    story = story_of(row, request, known)
    if as_json:
        say_json(story)
    else:
        _print(story)


def _print(story: Story) -> None:
    output = Output()
    for title, lines in (
        (f"call {story.id}", _facts(story.call)),
        ("caller", _facts(story.caller)),
        ("what happened", _timeline(story.moments, output.is_terminal)),
        ("used", _facts([(name.replace("_", " "), str(value)) for name, value in story.usage.items()])),
        ("cost", _price(story.price)),
    ):
        found = list(lines)
        if found:
            output.line(Cell(title, "bold"))
            for line in found:
                output.line(Cell("  "), *line)
            output.line()


def _facts(facts: Sequence[tuple[str, str]]) -> Iterator[Line]:
    margin = max((len(name) for name, _ in facts), default=0) + 2
    for name, text in facts:
        yield Cell(name.ljust(margin), "dim"), Cell(text)


def _timeline(moments: Sequence[Moment], drawn: bool) -> Iterator[Line]:
    """One line for each; on a terminal with a mark where in the call's time it was."""
    end = max(moment.offset_us for moment in moments) or 1
    margin = max(len(moment.what) for moment in moments) + 2
    for moment in moments:
        bar = Cell("")
        if drawn:
            place = moment.offset_us * (_BAR - 1) // end
            bar = Cell("─" * place + "●" + "─" * (_BAR - 1 - place) + "  ", "dim")
        style = "red" if moment.what in _WRONG else ""
        yield (
            Cell(duration(moment.offset_us).rjust(9) + "  ", "dim"),
            bar,
            Cell(moment.what.ljust(margin), style),
            Cell(moment.detail),
        )


def _price(price: PriceStory) -> Iterator[Line]:
    stored = "unknown" if price.usd is None else f"{_usd(price.usd)} USD"
    yield Cell(stored, "bold"), Cell(f"  by {price.source}" if price.source else "")
    if price.lines and price.today_source and price.today_source != price.source:
        yield (Cell(f"by {price.today_source}:", "dim"),)
    amounts = [f"{line.amount:,}" for line in price.lines]
    width, names = max(map(len, amounts), default=0), max((len(line.what) for line in price.lines), default=0)
    for line, amount in zip(price.lines, amounts, strict=True):
        text = f"{amount.rjust(width)} {line.what.ljust(names)} × {line.usd_each} = {_usd(line.usd)} USD"
        yield (Cell(text),)
    if price.today_usd is not None and price.today_usd != price.usd:
        yield (Cell(f"today {_usd(price.today_usd)} USD"),)
    if price.remark:
        yield (Cell(as_typed(price.remark), "dim"),)


def _usd(usd: float) -> str:
    """Without an exponent, and without a tail of zeros."""
    return f"{usd:.12f}".rstrip("0").rstrip(".")
