"""A run ledger in a data folder, written to as workers write to it: what is made, and what is seen of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from penstock.runs.run import Create, Outcome, Owner, Run, SeenBy, Sighting
from penstock.stores.opening import Stores
from penstock.stores.opening.runs import run_ledger
from penstock.stores.runs import Made, RunLedger, Seen
from support.known_runs import OWNER, SECOND, task
from support.parallel_documents import Document, body, ended, output


@contextmanager
def written(data: Path) -> Iterator[RunLedger]:
    """The ledger, for as long as one writes."""
    ledger = run_ledger(Stores(data))
    try:
        yield ledger
    finally:
        ledger.close()


def numbered(
    number: int, at_us: int, run: Run | None = None, owner: Owner | None = OWNER, **changes: object
) -> Run:
    """A run of its own id, made at a time."""
    made = task() if run is None else run
    own = {"id": f"{_prefix(made)}_{number:020x}cafe{number:08x}", "call_id": f"call-{number}"}
    charges = tuple(replace(charge, call_id=own["call_id"]) for charge in made.charges)
    times = {"created_us": at_us, "seen_us": at_us}
    return replace(made, **{**own, **times, "charges": charges, "owner": owner, **changes})


def make(data: Path, *runs: Run) -> None:
    """Calls have made these."""
    with written(data) as ledger:
        for run in runs:
            sent = Create(call_id=run.call_id, owner=run.owner or OWNER, path="v1/tasks/runs", body_hash=b"h")
            ledger.intend(replace(sent, key=run.id.encode()))
            told = Made(run.call_id, Outcome.MADE, run.created_us, 202, "application/json", b"{}")
            ledger.made(told._replace(runs=(run,)))


def see(
    data: Path,
    run: Run,
    state: str,
    *,
    after: int,
    by: SeenBy = SeenBy.POLL,
    result: bytes = b"",
    **said: object,
) -> None:
    """Somebody sees it so many seconds after it was made."""
    plain = Sighting(id=run.id, kind=run.kind, state=state, has_output=bool(result))
    kind = "application/json" if result else ""
    with written(data) as ledger:
        ledger.saw([Seen(replace(plain, **said), by, run.created_us + after * SECOND, result, kind)])


def result_of(run: Run, **said: object) -> bytes:
    """The result of a task run; `said` stands in its output."""
    return body({"run": ended(run_id=run.id), "output": output(**said)})


def basis(field: str, confidence: str, *urls: str, excerpt: str = "as it is written") -> Document:
    """What a field rests on."""
    cited = [{"url": url, "title": f"Title of {url}", "excerpts": [excerpt]} for url in urls]
    return {"field": field, "reasoning": "It is said so.", "confidence": confidence, "citations": cited}


def _prefix(run: Run) -> str:
    return run.id.partition("_")[0]
