"""What is said where no run, and no event of one, is what was asked for, by the names that runs have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from penstock.analytics.nothing import Nothing, why_nothing
from penstock.cli.run_options import Gateways
from penstock.runs.hooks import HookEvent
from penstock.runs.run import Run
from penstock.stores.hooks import ANY_EVENT, HookReader
from penstock.stores.runs import RunQuery, RunReader

_LOOKED_AT: Final = 1000  # the latest, whose names are those that are likely meant


def why_no_runs(ledger: RunReader, where: RunQuery) -> Nothing:
    """For a query that no run fits."""
    recent = ledger.runs(RunQuery(), _LOOKED_AT)
    if not recent:
        return Nothing("no runs yet")
    words = [
        *_places(Gateways(where.account, where.gateways)),
        *(("processor", one) for one in where.products),
        *(("state", one) for one in where.states),
        *([("owner", where.owner)] if where.owner else []),
        *([] if where.parent is None else [("parent", where.parent)]),
    ]
    return why_nothing("run", words, partial(_known, recent))


def why_no_events(ledger: HookReader, gateways: Gateways) -> Nothing:
    """For a query that no event fits."""
    recent = ledger.hook_events(ANY_EVENT, _LOOKED_AT)
    if not recent:
        return Nothing("no events yet")
    return why_nothing("event", _places(gateways), partial(_of_events, recent))


def _places(gateways: Gateways) -> Iterator[tuple[str, str]]:
    if gateways.account is not None:
        yield "account", gateways.account
    for name in gateways.names:
        yield "gateway", name


def _known(recent: Iterable[Run], word: str) -> Iterator[str]:
    for run in recent:
        owner = run.owner
        of_owner = () if owner is None else (owner.user, owner.token)
        found = {
            "account": () if owner is None else (owner.account,),
            "gateway": () if owner is None else (owner.gateway,),
            "processor": (run.product,),
            "state": (run.state,),
            "owner": of_owner,
            "parent": (run.parent,),
        }[word]
        yield from filter(None, found)


def _of_events(recent: Iterable[HookEvent], word: str) -> Iterator[str]:
    for event in recent:
        yield event.account if word == "account" else event.gateway
