"""What the tests of run ledgers put into one: requests, what they have made, and what is seen of that."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from penstock.runs.money import first_money, run_charge
from penstock.runs.run import Charge, Create, Outcome, Owner, Run, RunKind, SeenBy, Sighting
from penstock.stores.runs import Made, RunLedger, Seen

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND
OWNER = Owner("acct", "gw", credential="f1")
ORIGIN = "https://api.parallel.ai"
CORE = 25_000_000  # what a run of this processor costs, in nano-dollars (Parallel 3.1)
BASE = 10_000_000
PATH = "v1/tasks/runs"


def create(
    call_id: str = "call-1",
    *,
    owner: Owner = OWNER,
    body: bytes = b"body",
    key: bytes = b"",
    attempt: int | None = None,
    at: int = 0,
    path: str = PATH,
) -> Create:
    """A request that is about to be sent, `at` seconds after the beginning."""
    return Create(
        call_id=call_id,
        owner=owner,
        path=path,
        body_hash=body,
        key=key,
        attempt=attempt,
        sent_us=NOW + at * SECOND,
    )


def run(
    run_id: str = "trun_1",
    kind: RunKind = RunKind.TASK,
    product: str = "core",
    *,
    call_id: str = "call-1",
    owner: Owner = OWNER,
    parent: str = "",
    at: int = 0,
    stored_key: str = "",
    match_limit: int = 1,
) -> Run:
    """A run that a call has just made."""
    priced = kind not in (RunKind.GROUP, RunKind.RESPONSE)
    charges = (run_charge(kind, call_id, product, match_limit),) if priced else ()
    return Run(
        id=run_id,
        kind=kind,
        owner=owner,
        call_id=call_id,
        parent=parent,
        product=product,
        created_us=NOW + at * SECOND,
        seen_us=NOW + at * SECOND,
        state="active" if kind is RunKind.MONITOR else "queued",
        money=first_money(kind, charges),
        charges=charges,
        stored_key=stored_key,
        origin=ORIGIN,
    )


def made(
    *runs: Run,
    call_id: str = "call-1",
    outcome: Outcome = Outcome.MADE,
    at: int = 1,
    answer: bytes = b"{}",
    charges: Sequence[tuple[str, Charge]] = (),
) -> Made:
    """How that was answered."""
    return Made(
        call_id=call_id,
        outcome=outcome,
        answered_us=NOW + at * SECOND,
        status=202,
        content_type="application/json",
        answer=answer,
        runs=runs,
        charges=charges,
    )


def make(ledger: RunLedger, *runs: Run, call_id: str = "call-1", at: int = 0) -> None:
    """Sends and answers a request that makes these."""
    assert ledger.intend(create(call_id, body=call_id.encode(), at=at)) is None
    ledger.made(made(*(of_call(one, call_id) for one in runs), call_id=call_id, at=at))


def of_call(one: Run, call_id: str) -> Run:
    """As if that call had made it."""
    charges = tuple(replace(charge, call_id=call_id) for charge in one.charges)
    return replace(one, call_id=call_id, charges=charges)


def seen(
    run_id: str,
    state: str = "completed",
    *,
    kind: RunKind = RunKind.TASK,
    at: int = 10,
    by: SeenBy = SeenBy.POLL,
    is_active: bool | None = None,
    modified: int | None = None,
    product: str = "",
    parent: str = "",
    matched: int | None = None,
    executions: Sequence[str] = (),
    result: bytes = b"",
) -> Seen:
    """What was seen of a run, `at` seconds after the beginning; `modified` by the provider's clock."""
    sighting = Sighting(
        id=run_id,
        kind=kind,
        state=state,
        is_active=is_active,
        product=product,
        parent=parent,
        modified_us=None if modified is None else modified * SECOND,
        matched=matched,
        executions=tuple(executions),
        has_output=bool(result),
    )
    return Seen(sighting, by, NOW + at * SECOND, result, "application/json" if result else "")
