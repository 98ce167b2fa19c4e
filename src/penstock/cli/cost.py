"""`penstock cost`: what calls have cost, by model, team, day or whatever else the sums are kept by.

Reads the roll-ups read-only, beside a running gateway. Options and output only: what can be asked is known in
`analytics/`, sums are made in the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from penstock.analytics.no_calls import why_no_sums
from penstock.analytics.nothing import repeated
from penstock.analytics.parameters import DIMENSIONS, BadParameter, read_by, read_model
from penstock.analytics.report import report, total_of
from penstock.analytics.times import date_of, parse_time, text_of
from penstock.cli.nothing import say_nothing
from penstock.cli.options import data_option
from penstock.cli.output import Cell, say_json, tell
from penstock.cli.stored_calls import opened, opened_rollups
from penstock.cli.tables import print_table
from penstock.clock import Clock
from penstock.pricing.units import NANO
from penstock.stores.rollups import TOKEN_KEYS, Bucket, Group, Having, Question, Sums, Unanswerable, Unit
from penstock_common.nearest import nearest

_UNITS: Final[dict[str, Unit]] = {"hour": "hour", "day": "day", "week": "week", "month": "month"}
_NONE = "-"

_HELP = """What calls have cost, in US dollars, with their tokens. Times are UTC.

--by is any of model, operation, provider, gateway, status, cached and error together, or one of token, user, team and
metadata.NAME, alone or with gateway; and one of hour, day, week, month beside them.

A call whose price is not known is in no sum: UNPRICED counts them, and a cost marked + is that of the others. ESTIMATED
is the part of a cost that is not certain: what runs are expected to come to which have not ended, and what goes by
tokens that no answer told, and which were counted from its text.

\b
Examples:
  penstock cost                                the last 30 days, by model
  penstock cost --by team --since 2026-11-01
  penstock cost --by day --by provider --since 7d
  penstock cost --by operation --provider openai
  penstock cost --by model --provider parallel     runs too: what is settled, and what is estimated
  penstock cost --by metadata.project --gateway prod
  penstock cost --by month --since 52w --json | jq -c '[.begins_at, .cost]'
"""


@click.command(help=_HELP)
@click.option(
    "--by", multiple=True, default=("model",), show_default=True, help="One line for each. May be repeated."
)
@click.option(
    "--since",
    default="30d",
    show_default=True,
    metavar="TIME",
    help="A date or a time in UTC, or how long ago: 24h, 30d.",
)
@click.option("--until", default="now", show_default=True, metavar="TIME", help="The same; not included.")
@click.option("--account", help="Only this account.")
@click.option("--gateway", "gateways", multiple=True, help="Only this gateway. May be repeated.")
@click.option("--provider", "providers", multiple=True, help="Only this provider. May be repeated.")
@click.option(
    "--model",
    "models",
    multiple=True,
    help="As provider/model, or a model of any provider. May be repeated.",
)
@click.option(
    "--operation", "operations", multiple=True, help="Only this operation, by its name. May be repeated."
)
@data_option
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, as the analytics API has them."
)
def cost(
    by: tuple[str, ...],
    since: str,
    until: str,
    account: str | None,
    gateways: tuple[str, ...],
    providers: tuple[str, ...],
    models: tuple[str, ...],
    operations: tuple[str, ...],
    data: Path,
    as_json: bool,
) -> None:
    unit, names = _read_by(by)
    now_us = Clock().now_us()
    given = {"gateway": gateways, "provider": providers, "model": models, "operation": operations}
    question = Question(
        account,
        _time("--since", since, now_us),
        _time("--until", until, now_us),
        None if unit is None else Bucket(unit),
        names,
        tuple(tuple(_having(name, one) for one in ones) for name, ones in given.items() if ones),
    )
    if question.since_us >= question.until_us:
        raise click.UsageError("--since: it must be earlier than --until")
    named = [("account", account)] if account is not None else []
    groups = _groups(data, question, [*named, *((name, one) for name, ones in given.items() for one in ones)])
    groups.sort(
        key=lambda group: (group.begins_us, -group.sums.cost_nano, -group.sums.requests, group.values)
    )
    if as_json:
        _print_json(question, groups)
    else:
        _print_table(unit, names, groups)


def _having(name: str, text: str) -> Having:
    return read_model(text) if name == "model" else Having(name, "eq", (text,))


def _groups(data: Path, question: Question, words: Sequence[tuple[str, str]]) -> list[Group]:
    with opened_rollups(data) as sums:
        try:
            groups = sums.ask(question)
        except Unanswerable as error:
            raise click.UsageError(str(error)) from None
        doubtful = repeated(words) if groups else words
        if doubtful or not groups:
            with opened(data) as ledger:
                say_nothing(why_no_sums(sums, ledger, doubtful, Clock().now_us()), found=bool(groups))
    return groups


def _read_by(given: Sequence[str]) -> tuple[Unit | None, tuple[str, ...]]:
    """The unit of time, and the other names."""
    names = [name.strip() for one in given for name in one.split(",")]
    units = [name for name in names if name in _UNITS]
    if len(set(units)) > 1:
        raise click.UsageError(f"--by: take one of {' and '.join(units)}")
    try:
        rest = read_by([name for name in names if name not in _UNITS])
    except BadParameter as error:
        near = next(
            filter(None, (nearest(name, (*DIMENSIONS, *TOKEN_KEYS, *_UNITS)) for name in names)), None
        )
        also = "" if near is None or near in names else f"; did you mean {near}?"
        raise click.UsageError(f"--by: {error.reason}, and hour, day, week, month{also}") from None
    return (_UNITS[units[0]] if units else None), rest


def _time(option: str, text: str, now_us: int) -> int:
    try:
        return parse_time(text, now_us)
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from None


def _print_json(question: Question, groups: Sequence[Group]) -> None:
    for group in report(question, groups).groups:
        say_json(group)


def _print_table(unit: Unit | None, names: Sequence[str], groups: Sequence[Group]) -> None:
    total = total_of(group.sums for group in groups)
    heads = [*([f"{unit} (utc)"] if unit else []), *names]
    lines = [[*_begin(unit, group), *(value or _NONE for value in group.values)] for group in groups]
    lines.append(["total", *[""] * (len(heads) - 1)] if heads else [])
    headings = _HEADINGS if total.estimated or total.estimated_cost_nano else _HEADINGS[:-1]
    figures = [_figures(sums)[: len(headings)] for sums in (*(group.sums for group in groups), total)]
    widths = [max(map(len, column)) for column in zip(headings, *figures, strict=True)]
    rows = [
        [Cell(text) for text in (*line, *map(str.rjust, numbers, widths))]
        for line, numbers in zip(lines, figures, strict=True)
    ]
    rows[-1] = [cell._replace(style="bold") for cell in rows[-1]]
    shortened = range(0 if unit is None else 1, len(heads))
    print_table([*(head.upper() for head in heads), *map(str.rjust, headings, widths)], rows, shortened)
    if total.unpriced:
        calls = "1 call has" if total.unpriced == 1 else f"{total.unpriced} calls have"
        tell(f"{calls} no known price: what was paid for them is unknown, not zero.")
    if total.estimated:
        calls = "1 call was" if total.estimated == 1 else f"{total.estimated} calls were"
        tell(
            f"{calls} answered without all tokens: the rest is estimated from the text, and is a part of the sums."
        )
    if total.estimated_cost_nano:
        tell(f"{_usd(total.estimated_cost_nano)} USD of the cost {_why_estimated(total)}.")


def _why_estimated(sums: Sums) -> str:
    runs = "is what runs are expected to come to, which have not ended (`penstock runs --active`)"
    return f"goes by such tokens, or {runs}" if sums.estimated else runs


def _begin(unit: Unit | None, group: Group) -> list[str]:
    if unit is None:
        return []
    return [text_of(group.begins_us)[:16].replace("T", " ") if unit == "hour" else date_of(group.begins_us)]


_HEADINGS = ("REQUESTS", "CACHED", "TOKENS IN", "TOKENS OUT", "COST (USD)", "UNPRICED", "ESTIMATED (USD)")


def _figures(sums: Sums) -> list[str]:
    counts = (sums.requests, sums.cached, sums.tokens_in, sums.tokens_out)
    return [*map(str, counts), _money(sums), str(sums.unpriced), _usd(sums.estimated_cost_nano)]


def _money(sums: Sums) -> str:
    """USD; with a + where there are calls beside them whose cost is not known."""
    if sums.unpriced and not sums.cost_nano:
        return "unknown"
    return f"{_usd(sums.cost_nano)}{'+' if sums.unpriced else ''}"


def _usd(nano: int) -> str:
    whole, rest = divmod(round(nano, -3), NANO)
    return f"{whole}.{rest // 1000:06d}"
