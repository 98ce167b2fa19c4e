"""Runs and webhook events in the data folder of a site, for the tests of the pages that show them."""

from __future__ import annotations

from pathlib import Path

from dashboard_kit import Site

from penstock.runs.hook_reading import told_by
from penstock.runs.hooks import Hook
from penstock.runs.run import Owner, Run, RunKind
from penstock.stores.hooks import ANY_EVENT, Arrived
from support.kept_runs import basis, make, numbered, result_of, see, written
from support.known_runs import SECOND, findall, made, task
from support.parallel_documents import Document, body
from support.webhooks import event

NOW = 1_780_000_000_000_000
MINUTE = 60 * SECOND
OWNER = Owner("acc", "main", token="tok1", user="ann")
URL = "https://user:pass@hooks.example:8443/mine?token=secret"

ULTRA = numbered(1, NOW - 90 * MINUTE, task("ultra"), OWNER, metadata={"case": "7"})
FAILED = numbered(2, NOW - 50 * MINUTE, task("core"), OWNER)
FINDALL = numbered(3, NOW - 40 * MINUTE, findall("core", 50), Owner("acc", "main", credential="f1f1f1f1f1"))
GROUP = numbered(4, NOW - 30 * MINUTE, made(RunKind.GROUP), OWNER)
CHILD = numbered(5, NOW - 29 * MINUTE, task("core"), OWNER, parent=GROUP.id)
MONITOR = numbered(8, NOW - 20 * MINUTE, made(RunKind.MONITOR, "lite"), OWNER)
OTHER_GATEWAY = numbered(6, NOW - 10 * MINUTE, task("core"), Owner("acc", "other", user="bob"))
OTHER_ACCOUNT = numbered(7, NOW - 9 * MINUTE, task("core"), Owner("acc2", "main", user="eve"))

RESULT = result_of(
    ULTRA,
    type="json",
    content={"capital": "Lisbon", "rivers": ["Tagus", "Douro"]},
    basis=[
        basis("capital", "high", "https://a.example/1", "https://www.b.example/2"),
        basis("rivers.0", "low"),
    ],
)


def candidate(number: int, match: str = "matched", **changes: object) -> Document:
    """A candidate of a FindAll run."""
    plain: Document = {
        "candidate_id": f"candidate_{number}",
        "name": f"Company {number}",
        "url": f"https://c{number}.example",
        "description": "makes things",
        "match_status": match,
        "output": {
            "is_old": {"value": "yes", "type": "match_condition", "is_matched": match == "matched"},
            "ceo": {"value": f"Person {number}", "type": "enrichment"},
        },
        "basis": [basis("ceo", "high", f"https://news.example/{number}")],
    }
    return {**plain, **changes}


def found(*candidates: Document) -> bytes:
    """The result of a FindAll run."""
    return body({"run": {"findall_id": FINDALL.id}, "candidates": list(candidates)})


def fill(site: Site) -> None:
    """All runs above, as they were made and seen until NOW."""
    site.clock.ahead = (NOW - site.clock.now_us()) / 1e6
    make(site.data, ULTRA, FAILED, FINDALL, GROUP, CHILD, MONITOR, OTHER_GATEWAY, OTHER_ACCOUNT)
    see(site.data, ULTRA, "completed", after=660, result=RESULT)
    see(site.data, FAILED, "failed", after=30, error="no such <schema>")


def completed(site: Site, run: Run, result: bytes) -> None:
    """It has come to its end with this result."""
    see(site.data, run, "completed", after=60, result=result)


def arrive(data: Path, number: int, run: Run, kind: str = "", **said: object) -> int:
    """An event of a run that its maker wants to be told; its number."""
    assert run.owner is not None
    told = body_of(run, kind, **said)
    account, gateway = run.owner.account, run.owner.gateway
    with written(data) as ledger:
        ledger.hooked([Hook(f"h{number}", account, gateway, URL, run.call_id, NOW)])
        event_id = f"whevent_{number:032x}"
        at = NOW - MINUTE + number * SECOND
        ledger.received(
            Arrived(account, gateway, f"h{number}", event_id, at, "application/json", told, told_by(told))
        )
        return max(one.number for one in ledger.hook_events(ANY_EVENT, 100))


def body_of(run: Run, kind: str, **said: object) -> bytes:
    """What an event says."""
    if run.kind is RunKind.MONITOR:
        return event(
            kind or "monitor.event.detected",
            {"monitor_id": run.id, "event": {"event_group_id": "mevtgrp_1"}, **said},
        )
    return event(
        kind or "task_run.status", {"run_id": run.id, "status": "running", "is_active": True, **said}
    )
