"""Runs as text for people: the columns of a listing, and the page of one run.

Pure: values in, text out, colour as a style name beside it. What cannot be printed is dealt with in `output.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import msgspec

from penstock.cli.listing import Column, Columns
from penstock.cli.output import Cell
from penstock.cli.render import duration, time_text
from penstock.pricing.parallel_prices import SOURCE
from penstock.pricing.units import NANO
from penstock.runs import wording
from penstock.runs.record import ended_us
from penstock.runs.run import Charge, Money, Run
from penstock.runs.wording import NONE, Tone, owner, progress, state, through, tone, tone_of
from penstock.stores.runs import Moment

_STYLES: Final[dict[Tone, str]] = {
    "good": "green",
    "going": "cyan",
    "stopped": "yellow",
    "failed": "red",
    "": "",
}
_END_CHARS: Final = 12
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

Line = tuple[Cell, ...]


def columns(now_us: Callable[[], int], width: int | None) -> Columns[Run]:
    """Those of a listing. Where a line is short, of an id only the end is shown."""
    whole = width is None or width >= 150
    return (
        Column(
            "ID",
            37 if whole else _END_CHARS,
            lambda run: Cell(run.id if whole else run.id[-_END_CHARS:], "dim"),
        ),
        Column("KIND", 8, lambda run: Cell(run.kind.value)),
        Column("STATE", 9, lambda run: Cell(state(run), state_style(run))),
        Column("PROCESSOR", 9, lambda run: Cell(run.product or NONE)),
        Column("AGE", 4, lambda run: Cell(age(now_us() - run.created_us)), right=True),
        Column("PROGRESS", 8, lambda run: Cell(progress(run)), right=True),
        Column("ESTIMATE", 8, lambda run: Cell(_usd(run.estimate, run.money)), right=True),
        Column("COST", 8, lambda run: Cell(cost(run), "" if run.cost else "dim"), right=True),
        Column("OWNER", 12, lambda run: Cell(owner(run)), room=100),
        Column("GATEWAY", 0, lambda run: Cell(gateway(run)), room=100),
    )


def state_style(run: Run) -> str:
    """Green for what came well to its end, cyan for what goes on, yellow for what was stopped, red for what failed."""
    return _STYLES[tone(run)]


def age(microseconds: int) -> str:
    """How long ago something was, in one unit."""
    seconds = max(microseconds, 0) // 1_000_000
    for unit, length in (("d", _DAY), ("h", _HOUR), ("m", _MINUTE)):
        if seconds >= 2 * length or (seconds >= length and unit == "m"):
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def cost(run: Run) -> str:
    """What it has cost; a dash as long as that is not certain, or where nothing is ever paid for it."""
    if run.money is Money.ESTIMATED:
        return NONE
    return _usd(run.cost, run.money)


def gateway(run: Run) -> str:
    """Where it was made."""
    return NONE if run.owner is None else f"{run.owner.account}/{run.owner.gateway}"


def facts(run: Run, now_us: int) -> list[tuple[str, Cell]]:
    """What is known of one run, but for its money, its time line and what came of it."""
    time, end_us = partial(time_text, precise=True), ended_us(run)
    since = f" ({age(now_us - run.created_us)} ago)"
    who = run.owner
    told = {
        "id": Cell(run.id),
        "kind": Cell(run.kind.value),
        "state": Cell(state(run), state_style(run)),
        "error": Cell(run.error, "red"),
        "processor": Cell(run.product),
        "progress": Cell("" if progress(run) == NONE else progress(run)),
        "runs": Cell(", ".join(f"{count} {name}" for name, count in run.counts.items())),
        "made": Cell(time(run.created_us) + since),
        "ended": Cell("" if end_us is None else f"{time(end_us)} (after {_span(end_us - run.created_us)})"),
        "last seen": Cell(f"{time(run.seen_us)} ({through(run.seen_by)})"),
        "gateway": Cell(gateway(run) if who else ""),
        "owner": Cell("made elsewhere, or nobody knows by whom" if who is None else _owner(run)),
        "stored key": Cell(run.stored_key),
        "call": Cell(run.call_id),
        "group": Cell(run.parent),
        "metadata": Cell(msgspec.json.encode(run.metadata).decode() if run.metadata else ""),
        "flags": Cell(", ".join(run.flags)),
    }
    return [(name, cell) for name, cell in told.items() if cell.text]


def money(run: Run) -> Iterator[Line]:
    """What was expected of it, what it came to, and of what that is the sum."""
    if run.money is Money.NONE:
        yield (Cell(wording.money(run)),)
        return
    expected, came_to = _usd(run.estimate, run.money), cost(run)
    style = {Money.SETTLED: "green", Money.ESTIMATED: "cyan"}.get(run.money, "yellow")
    arrow = Cell(f"estimate {expected} -> cost {came_to} USD  ", "bold")
    yield (
        arrow,
        Cell(wording.money(run), style),
        Cell(f"  by {SOURCE}" if run.money in _BY_CARD else "", "dim"),
    )
    if run.charges:
        yield from _charges(run.charges, run.money)


_BY_CARD: Final = (Money.ESTIMATED, Money.SETTLED, Money.VOID)


def _charges(charges: Sequence[Charge], how: Money) -> Iterator[Line]:
    rows = [
        (
            one.what,
            one.product or NONE,
            f"up to {one.count}" if one.count != 1 else "",
            _usd(one.estimate, how),
            NONE if one.final is None else _usd(one.final, how),
            one.call_id,
        )
        for one in charges
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(5)]
    for what, product, count, expected, final, call_id in rows:
        names = f"{what.ljust(widths[0])}  {product.ljust(widths[1])}  {count.ljust(widths[2])}"
        yield (
            Cell(f"{names}  {expected.rjust(widths[3])} -> {final.rjust(widths[4])}"),
            Cell(f"  call {call_id}" if call_id else "", "dim"),
        )


def timeline(run: Run, moments: Sequence[Moment], now_us: int) -> Iterator[Line]:
    """One line for each state that it was in: since when, how long, and through what that was seen."""
    margin = max((len(moment.state) for moment in moments), default=0) + 2
    for place, moment in enumerate(moments):
        is_last = place + 1 == len(moments)
        until_us = now_us if is_last else moments[place + 1].at_us
        lasted = "" if is_last and not run.is_active else _span(until_us - moment.at_us)
        style = _STYLES[tone_of(moment.state)]
        yield (
            Cell(time_text(moment.at_us, precise=True) + "  ", "dim"),
            Cell(moment.state.ljust(margin), style),
            Cell(f"{lasted + (' so far' if is_last and lasted else ''):<18}"),
            Cell(f"seen by {through(moment.by)}", "dim"),
        )


def _owner(run: Run) -> str:
    who = run.owner
    if who is None:
        return ""
    named = {"token": who.token, "user": who.user, "key": who.credential}
    return ", ".join(f"{name} {text}" for name, text in named.items() if text)


def _span(microseconds: int) -> str:
    """How long something took; hours and days where these are what counts."""
    seconds = max(microseconds, 0) // 1_000_000
    if seconds < _HOUR:
        return duration(max(microseconds, 0))
    if seconds < _DAY:
        return f"{seconds // _HOUR}h{seconds % _HOUR // _MINUTE:02d}m"
    return f"{seconds // _DAY}d{seconds % _DAY // _HOUR:02d}h"


def _usd(nano: int | None, how: Money) -> str:
    """USD, with no more digits than it has, and at least three."""
    if how is Money.NONE:
        return NONE
    if nano is None:
        return "unknown"
    whole, rest = divmod(nano, NANO)
    digits = f"{rest:09d}".rstrip("0").ljust(3, "0")
    return f"{whole}.{digits}"
