"""Runs as a ledger knows them just after they were made, and what is seen of them."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.runs.becoming import become
from penstock.runs.money import first_money, run_charge
from penstock.runs.run import Money, Owner, Run, RunKind, SeenBy, Sighting

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND  # by our clock
THEN = 1_700_000_000 * SECOND  # by the provider's, which is another
OWNER = Owner("acct", "gw", credential="f1")
_DIGITS = "0123456789abcdef" * 2


def made(kind: RunKind, product: str = "", match_limit: int = 1, *, at_us: int = NOW) -> Run:
    """A run that a call has made."""
    priced = kind not in (RunKind.GROUP, RunKind.RESPONSE)
    charges = (run_charge(kind, "call-1", product, match_limit),) if priced else ()
    return Run(
        id=f"{kind.value}_{_DIGITS}",
        kind=kind,
        owner=OWNER,
        call_id="call-1",
        product=product,
        created_us=at_us,
        seen_us=at_us,
        state="active" if kind is RunKind.MONITOR else "queued",
        money=first_money(kind, charges),
        charges=charges,
        origin="https://api.parallel.ai",
    )


def task(processor: str = "core") -> Run:
    return made(RunKind.TASK, processor)


def findall(generator: str = "core", match_limit: int = 50) -> Run:
    return made(RunKind.FINDALL, generator, match_limit)


def seen(
    run: Run,
    state: str = "",
    *,
    modified: int | None = None,
    is_active: bool | None = None,
    matched: int | None = None,
    generated: int | None = None,
    product: str = "",
    executions: Iterable[str] = (),
    error: str = "",
) -> Sighting:
    """A sighting of it; `modified` in seconds of the provider's clock."""
    return Sighting(
        id=run.id,
        kind=run.kind,
        state=state,
        is_active=is_active,
        modified_us=None if modified is None else THEN + modified * SECOND,
        matched=matched,
        generated=generated,
        product=product,
        executions=tuple(executions),
        error=error,
    )


def after(run: Run, *sightings: Sighting, at: int = 0, by: SeenBy = SeenBy.POLL) -> Run:
    """What they make of it, all seen so many seconds after it was made."""
    for sighting in sightings:
        run = become(run, sighting, by, NOW + at * SECOND)
    return run


def usd(run: Run) -> int | None:
    """What is certain of its cost, in nano-dollars: 0 while nothing is."""
    return 0 if run.money in (Money.ESTIMATED, Money.NONE) else run.cost
