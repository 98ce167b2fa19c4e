"""What the commands over runs share: opening the run ledger, and finding a run by a part of its id.

What goes wrong ends the command with a sentence that says what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from penstock.cli.options import where
from penstock.cli.output import tell
from penstock.runs.run import Run
from penstock.stores.opening import Stores
from penstock.stores.opening.ledger import has_ledger
from penstock.stores.opening.runs import has_runs, run_reader
from penstock.stores.runs import OpenRunReader, RunReader, RunsUnavailable

_SHORTEST_PART = 6
_SHOWN = 4


@contextmanager
def opened_runs(data: Path, *, to_list: bool = False) -> Iterator[OpenRunReader]:
    """The run ledger of a data folder, to be read. Where a server has made none yet, that is no error of a list's."""
    stores = Stores(data)
    if not has_runs(stores):
        known = "a task run, FindAll run, monitor or group is known here once it is made through"
        if to_list and has_ledger(stores):
            tell(f"no runs yet: {known} the gateway")
            raise click.exceptions.Exit(0)
        raise click.ClickException(f"no runs in {where(data)}: {known} `penstock serve --data {data}`")
    try:
        with closing(run_reader(stores)) as runs:
            yield runs
    except RunsUnavailable as error:
        raise click.ClickException(
            f"cannot read the runs in {where(data)}: {error}; `penstock doctor` says whether something is wrong"
        ) from None


def one_run(runs: RunReader, part: str) -> Run:
    """The run with this id, or the only one whose id begins or ends so."""
    run = runs.get(part)
    if run is not None:
        return run
    if len(part) < _SHORTEST_PART:
        raise click.ClickException(
            f"no run has the id {part!r}; give at least {_SHORTEST_PART} characters of it"
        )
    found = runs.find(part, _SHOWN)
    if len(found) > 1:
        raise click.ClickException(f"several runs fit {part!r}, give more of the id: {', '.join(found)}")
    run = runs.get(found[0]) if found else None
    if run is None:
        raise click.ClickException(
            f"no run's id begins or ends with {part!r}: `penstock runs` lists those that are known"
        )
    return run
