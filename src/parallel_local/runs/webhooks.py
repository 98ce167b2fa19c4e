"""What webhooks say and when: pure (Parallel 2.14).

Which event of a task, a FindAll run or a monitor becomes a webhook, for whom who has asked to be told. How they are
kept and sent stands in `deliveries.py`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import get_args
from urllib.parse import urlsplit

import msgspec

from parallel_local.clock import timestamp
from parallel_local.errors import Problem
from parallel_local.runs.findall_records import FindAllRecord
from parallel_local.runs.kind import Line, Posting
from parallel_local.runs.monitor_records import Execution, MonitorRecord
from parallel_local.wire.common import Webhook
from parallel_local.wire.findall import FindAllEvent
from parallel_local.wire.monitors import (
    CompletionEvent,
    CompletionNotice,
    DetectionNotice,
    ErrorEvent,
    ErrorNotice,
    MonitorNotice,
    WebhookEvent,
)
from parallel_local.wire.tasks import TaskRun

_LONGEST_URL = 2000
_MOST_TYPES = 20
_ENDED = ("completed", "failed", "cancelled")
_CANDIDATE = ("findall.candidate.generated", "findall.candidate.matched", "findall.candidate.enriched")
_STATUS = "findall.status"
TASK_EVENTS = ("task_run.status",)
FINDALL_EVENTS = (
    *_CANDIDATE,
    "findall.candidate.unmatched",  # this and the next may be named, and are not sent
    "findall.candidate.cancelled",
    *(f"findall.run.{status}" for status in _ENDED),
    *TASK_EVENTS,  # the only one that the OpenAPI document declares, here too
)
MONITOR_EVENTS: tuple[WebhookEvent, ...] = get_args(WebhookEvent)


def webhook_problems(
    webhook: Webhook | None, known: Sequence[str], loc: tuple[str | int, ...]
) -> list[Problem]:
    """What nothing would ever come of: an address that is none, types of events that there are not.

    Where an address leads is looked at when something is sent.
    """
    if webhook is None:
        return []
    found: list[Problem] = []
    if not _is_address(webhook.url):
        found.append(Problem((*loc, "url"), f"an http(s) URL of at most {_LONGEST_URL} characters"))
    if len(webhook.event_types) > _MOST_TYPES:
        found.append(Problem((*loc, "event_types"), f"at most {_MOST_TYPES} types"))
    found += [
        Problem((*loc, "event_types", place), f"one of {', '.join(known)}")
        for place, type_ in enumerate(webhook.event_types[:_MOST_TYPES])
        if type_ not in known
    ]
    return found


def wants(webhook: Webhook | None, type_: str) -> bool:
    """Whether a webhook is to be told of a type of event; one that names no types hears of all."""
    return webhook is not None and (not webhook.event_types or type_ in webhook.event_types)


def task_postings(run: TaskRun, webhook: Webhook | None) -> Iterable[Posting]:
    """That a task has completed or failed: the run without its output (Parallel 2.9.10)."""
    if webhook is not None and run.status in ("completed", "failed") and wants(webhook, TASK_EVENTS[0]):
        yield Posting(webhook.url, TASK_EVENTS[0], run.modified_at or "", run)


def findall_postings(record: FindAllRecord, lines: Sequence[Line]) -> Iterable[Posting]:
    """Candidates with the id of their run, and how the run has ended."""
    webhook, run = record.input.webhook, record.run
    if webhook is None:
        return
    for line in lines:
        told = line.event
        if not isinstance(told, FindAllEvent):
            continue
        type_, data = told.type, told.data
        if type_ in _CANDIDATE:
            data = {**data, "findall_id": run.findall_id}
        elif type_ == _STATUS and run.status.status in _ENDED:
            type_ = f"findall.run.{run.status.status}"
        else:
            continue
        if wants(webhook, type_):
            yield Posting(webhook.url, type_, told.timestamp, data)


def monitor_postings(record: MonitorRecord, execution: Execution) -> Iterable[Posting]:
    """That an execution has found something, or nothing, or has failed."""
    if record.webhook is None or not execution.events:
        return
    first = execution.events[0]
    type_: WebhookEvent = "monitor.event.detected"
    if isinstance(first, CompletionEvent):
        type_ = "monitor.execution.completed"
    elif isinstance(first, ErrorEvent):
        type_ = "monitor.execution.failed"
    if wants(record.webhook.plain(), type_):
        error = first.error_message if isinstance(first, ErrorEvent) else ""
        yield monitor_posting(
            record, record.webhook.url, type_, execution.event_group_id, execution.at, error
        )


def monitor_posting(
    record: MonitorRecord, url: str, type_: WebhookEvent, group: str, at: datetime, error: str = ""
) -> Posting:
    """What is said of an execution: ids and times only."""
    then = timestamp(at)
    event: CompletionNotice | ErrorNotice | DetectionNotice = DetectionNotice(group)
    if type_ == "monitor.execution.completed":
        event = CompletionNotice(then)
    elif type_ == "monitor.execution.failed":
        event = ErrorNotice(error, group, then)
    return Posting(url, type_, then, MonitorNotice(record.monitor_id, event, record.metadata))


def envelope(posting: Posting) -> bytes:
    """The body that is signed and sent."""
    return msgspec.json.encode({"type": posting.type, "timestamp": posting.timestamp, "data": posting.data})


def _is_address(url: str) -> bool:
    """Nothing but printable ASCII: what is stored is what is dialled."""
    if len(url) > _LONGEST_URL or not all("!" <= one <= "~" for one in url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and port != 0
    )
