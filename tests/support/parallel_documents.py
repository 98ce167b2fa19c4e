"""Documents as Parallel answers with them, of our own making, after the shapes of its contract."""

from __future__ import annotations

import json

RUN = "trun_0123456789abcdef0123456789abcdef"
OTHER_RUN = "trun_fedcba9876543210fedcba9876543210"
GROUP = "tgrp_0123456789abcdef"
FINDALL = "findall_0123456789abcdef0123456789abcdef"
MONITOR = "monitor_0123456789abcdef0123456789abcdef"
RESPONSE = "resp_0123456789abcdef"
AT = "2026-05-04T03:02:01.000001Z"
AT_US = 1_777_863_721_000_001

Document = dict[str, object]


def body(document: object) -> bytes:
    """As it is sent."""
    return json.dumps(document).encode()


def task_run(**said: object) -> Document:
    """A `TaskRun` (Parallel 2.9.1)."""
    return {
        "run_id": RUN,
        "interaction_id": RUN,
        "status": "running",
        "is_active": True,
        "warnings": None,
        "error": None,
        "processor": "core",
        "metadata": {"case": "1"},
        "taskgroup_id": None,
        "created_at": "2026-05-04T03:00:00Z",
        "modified_at": AT,
    } | said


def ended(status: str = "completed", **said: object) -> Document:
    return task_run(status=status, is_active=False, **said)


def output(**said: object) -> Document:
    """What a task brings (Parallel 2.9.3)."""
    return {"type": "text", "content": "It is so.", "basis": [], "mcp_tool_calls": None} | said


def group_status(**said: object) -> Document:
    return {
        "num_task_runs": 3,
        "task_run_status_counts": {"running": 1, "completed": 2},
        "is_active": True,
        "status_message": None,
        "modified_at": AT,
    } | said


def task_group(**said: object) -> Document:
    """A `TaskGroup` (Parallel 2.9.6)."""
    return {
        "taskgroup_id": GROUP,
        "metadata": {"case": "1"},
        "status": group_status(),
        "created_at": "2026-05-04T03:00:00Z",
    } | said


def findall_run(status: str = "running", reason: str | None = None, matched: int = 4) -> Document:
    """A `FindAllRun` (Parallel 2.12.1)."""
    return {
        "findall_id": FINDALL,
        "status": {
            "status": status,
            "is_active": status in ("queued", "running"),
            "metrics": {"generated_candidates_count": 9, "matched_candidates_count": matched},
            "termination_reason": reason,
        },
        "generator": "core",
        "metadata": {"case": "1"},
        "created_at": "2026-05-04T03:00:00Z",
        "modified_at": AT,
    }


def monitor(**said: object) -> Document:
    """A monitor (Parallel 2.13.1)."""
    return {
        "monitor_id": MONITOR,
        "type": "event_stream",
        "status": "active",
        "frequency": "1d",
        "processor": "base",
        "settings": {"query": "news of heat pumps"},
        "webhook": None,
        "metadata": {"case": "1"},
        "created_at": AT,
        "last_run_at": None,
    } | said


def old_monitor(**said: object) -> Document:
    """One of alpha (Parallel 2.13.6)."""
    return {
        "monitor_id": MONITOR,
        "query": "news of heat pumps",
        "status": "active",
        "frequency": "1d",
        "created_at": AT,
    } | said


def a_response(**said: object) -> Document:
    """A response (Parallel 2.10)."""
    return {
        "id": RESPONSE,
        "object": "response",
        "created_at": 1_777_863_721,
        "status": "completed",
        "model": "parallel",
        "output": [],
        "metadata": {"case": "1"},
        "error": None,
    } | said


def frame(document: object, name: str = "", end: str = "\n") -> bytes:
    """An event of a stream."""
    lines = [f"event: {name}"] if name else []
    return end.join([*lines, f"data: {json.dumps(document)}", "", ""]).encode()
