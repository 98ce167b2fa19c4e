"""`penstock hooks`: events of Parallel's on their way to callers: list them, show one, have them sent again.

Reads the run ledger beside a running gateway; only `replay` writes to it, and the gateway sends. A caller's address may
hold a secret: of it only the host is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from penstock.cli.listing import Column, Columns, Listing
from penstock.cli.no_runs import why_no_events
from penstock.cli.nothing import say_nothing
from penstock.cli.options import data_again_option, data_option, json_option
from penstock.cli.output import Cell, Output, say_body, say_json, tell
from penstock.cli.render import size, time_text
from penstock.cli.run_options import Gateways, gateway_option, since_option
from penstock.cli.run_result import result_value
from penstock.cli.runs_view import age
from penstock.cli.stored_runs import opened_runs
from penstock.cli.tables import print_facts
from penstock.clock import Clock
from penstock.runs.hook_record import hook_record, receiver
from penstock.runs.hooks import HookEvent, HookState
from penstock.stores.hooks import HookQuery, HookReader
from penstock.stores.opening import Stores
from penstock.stores.opening.runs import run_ledger
from penstock.stores.runs import RunsUnavailable

_SHORTEST_PART = 6
_SHOWN = 4
_MOST_REPLAYED = 20_000
_STYLES = {HookState.WAITING: "cyan", HookState.SENT: "green", HookState.GIVEN_UP: "red"}

_LIST_HELP = """List the events that Parallel has sent for callers, newest first, and what has become of them.

An event that its receiver does not take is sent again after 5 seconds, then after twice as long, for two days.

\b
Examples:
  penstock hooks                                 the latest events
  penstock hooks --state given-up --since 2d
  penstock hooks --gateway local/research --json | jq .error
  penstock hooks show whevent_0123456789ab
  penstock hooks replay --since 2h               have all of these sent again
"""
_SHOW_HELP = """Show one event: of which run, where it goes, what has become of it, and what it says.

ID is its whole id, or the beginning or the end of it, from 6 characters on.

\b
Examples:
  penstock hooks show whevent_0123456789abcdef0123456789abcdef
  penstock hooks show 89abcdef --json | jq .body
"""
_REPLAY_HELP = """Have events sent again, also those that were taken or given up; receivers know them by their ids.

Name them by their ids, or all of some time. A running gateway sends them at once. They are kept for a week.

\b
Examples:
  penstock hooks replay 89abcdef 01234567
  penstock hooks replay --since 2h
  penstock hooks replay --since 1d --gateway local/research --state given-up
"""

_state = click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in HookState]),
    help="Only in this state. May be repeated.",
)


class _Given(NamedTuple):
    """What was said before a sub-command, and holds for it, too."""

    data: Path
    as_json: bool


@click.group(invoke_without_command=True, help=_LIST_HELP)
@data_option
@gateway_option
@_state
@since_option()
@click.option(
    "--limit", "-n", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most so many."
)
@json_option
@click.pass_context
def hooks(
    context: click.Context,
    data: Path,
    gateway: Gateways,
    states: tuple[str, ...],
    since: int | None,
    limit: int,
    as_json: bool,
) -> None:
    context.obj = _Given(data, as_json)
    if context.invoked_subcommand is not None:
        return
    with opened_runs(data, to_list=True) as ledger:
        found = ledger.hook_events(_query(gateway, states, since), limit)
        if not found:
            say_nothing(why_no_events(ledger, gateway))
    Listing(_columns(Clock().now_us), hook_record, as_json=as_json).show(found)


@hooks.command(help=_SHOW_HELP)
@click.argument("part", metavar="ID")
@data_again_option
@json_option
@click.pass_obj
def show(given: _Given, part: str, data: Path | None, as_json: bool) -> None:
    with opened_runs(data or given.data) as ledger:
        event = _one(ledger, part.strip())
        body = ledger.hook_body(event.number)
    if as_json or given.as_json:
        say_json({**msgspec.structs.asdict(hook_record(event)), "body": result_value(body)})
        return
    print_facts(_facts(event))
    output = Output()
    output.line()
    output.line(Cell(f"body ({event.content_type or 'no content type'}, {size(len(body))})", "bold"))
    say_body(body.decode("utf-8", "replace"))


@hooks.command(help=_REPLAY_HELP)
@click.argument("parts", metavar="[ID]...", nargs=-1)
@since_option()
@gateway_option
@_state
@data_again_option
@click.pass_obj
def replay(
    given: _Given,
    parts: tuple[str, ...],
    since: int | None,
    gateway: Gateways,
    states: tuple[str, ...],
    data: Path | None,
) -> None:
    if bool(parts) == (since is not None):
        raise click.UsageError("give ids of events, or --since: all that have come since then")
    if parts and (gateway.names or states):
        raise click.UsageError("--gateway and --state go with --since")
    folder = data or given.data
    with opened_runs(folder) as ledger:
        if parts:
            found = list(dict.fromkeys(_one(ledger, part.strip()).number for part in parts))
        else:
            events = ledger.hook_events(_query(gateway, states, since), _MOST_REPLAYED)
            found = [event.number for event in reversed(events)]
            if not found:
                say_nothing(why_no_events(ledger, gateway))
    count = _replayed(folder, found)
    tell(
        f"{count} event{'' if count == 1 else 's'} will be sent again; `penstock hooks` shows what becomes of it."
    )


def _replayed(data: Path, numbers: Sequence[int]) -> int:
    try:
        with closing(run_ledger(Stores(data))) as ledger:
            return ledger.replay(numbers, Clock().now_us()) if numbers else 0
    except RunsUnavailable as error:
        raise click.ClickException(
            f"cannot write to the runs in {data}: {error}; `penstock doctor` says whether something is wrong"
        ) from None


def _query(gateway: Gateways, states: Sequence[str], since: int | None) -> HookQuery:
    return HookQuery(gateway.account, gateway.names, tuple(map(HookState, states)), since)


def _one(ledger: HookReader, part: str) -> HookEvent:
    """The event with this id, or the only one whose id begins or ends so."""
    if len(part) < _SHORTEST_PART:
        raise click.ClickException(
            f"no event has the id {part!r}; give at least {_SHORTEST_PART} characters of it"
        )
    found = ledger.find_hook_events(part, _SHOWN)
    exact = [event for event in found if event.id == part]
    found = exact or found
    if len(found) > 1:
        told = ", ".join(event.id for event in found)
        raise click.ClickException(f"several events fit {part!r}, give more of the id: {told}")
    if not found:
        raise click.ClickException(
            f"no event's id begins or ends with {part!r}: `penstock hooks` lists those that are kept"
        )
    return found[0]


# -- shown


def _columns(now_us: Callable[[], int]) -> Columns[HookEvent]:
    return (
        Column("ID", 12, lambda event: Cell(event.id[-12:], "dim")),
        Column("TYPE", 16, lambda event: Cell(event.type or "-")),
        Column("STATE", 8, lambda event: Cell(event.state.value, _STYLES[event.state])),
        Column("AGE", 4, lambda event: Cell(age(now_us() - event.came_us)), right=True),
        Column("TRIES", 5, lambda event: Cell(str(event.tries)), right=True),
        Column("RUN", 12, lambda event: Cell(event.run_id[-12:] or "-"), room=100),
        Column("HOST", 16, lambda event: Cell(receiver(event))),
        Column("GATEWAY", 12, lambda event: Cell(f"{event.account}/{event.gateway}"), room=100),
        Column("ERROR", 0, lambda event: Cell(event.error, "red"), room=140),
    )


def _facts(event: HookEvent) -> list[tuple[str, Cell]]:
    told = {
        "id": Cell(event.id),
        "type": Cell(event.type),
        "run": Cell(event.run_id),
        "gateway": Cell(f"{event.account}/{event.gateway}"),
        "host": Cell(receiver(event)),
        "came": Cell(time_text(event.came_us, precise=True)),
        "state": Cell(event.state.value, _STYLES[event.state]),
        "tries": Cell(str(event.tries)),
        "next try": Cell(_time(event.next_us) if event.done_us is None else ""),
        "until": Cell(_time(event.until_us) if event.done_us is None else ""),
        "done": Cell("" if event.done_us is None else _time(event.done_us)),
        "error": Cell(event.error, "red"),
    }
    return [(name, cell) for name, cell in told.items() if cell.text]


def _time(time_us: int) -> str:
    return time_text(time_us, precise=True)
