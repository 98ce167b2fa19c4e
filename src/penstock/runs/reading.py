"""What answers of Parallel tell of runs: documents of every kind, whole, cut or odd (Parallel 2.9, 2.10, 2.12, 2.13).

Each becomes sightings, whatever else stands beside what they say, and whatever of it makes no sense: then there are
fewer. Event streams are in `streams.py`, what a request has made in `created.py`; what a sighting makes of a run is
for `becoming.py`. Pure; nothing is raised, and what is taken out of a document is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from penstock.metadata import MetadataValue
from penstock.runs.places import MOST_RUNS, Act, Ask
from penstock.runs.run import RunKind, Sighting
from penstock.time_text import moment_us
from penstock.wire.answer_pieces import Shape, joined, shape_of
from penstock.wire.json_values import (
    ABSENT,
    Value,
    array_in,
    count,
    cut_text,
    elements,
    flag,
    is_object,
    members,
    struct_of,
    text,
    time_us,
)

_OK = range(200, 300)
_STILL_ACTIVE: Final = 408

_MOST_ERROR: Final = 500  # characters
_MOST_METADATA: Final = 16  # members (Parallel 2.9.1)
_MOST_NAME: Final = 64  # characters of one's name, or of a state that is counted
_MOST_TEXT: Final = 512  # and of its text
_MOST_METADATA_BYTES: Final = 65_536
_MOST_STATES: Final = 32
_LARGEST: Final = 2**53

_NO_FAULTS: Final = frozenset(
    {"match_limit_met", "low_match_rate", "cost_exceeded", "candidates_exhausted"}
)  # reasons why a FindAll run has ended (Parallel 2.12.2)

_to_value = msgspec.json.Decoder(bool | int | float | str).decode


class _Any(msgspec.Struct, gc=False):
    """The members of all documents that tell of runs; no two of them mean different things."""

    run_id: msgspec.Raw = ABSENT
    taskgroup_id: msgspec.Raw = ABSENT
    findall_id: msgspec.Raw = ABSENT
    monitor_id: msgspec.Raw = ABSENT
    id: msgspec.Raw = ABSENT  # of a response
    status: msgspec.Raw = ABSENT  # a word, or the object of groups and FindAll
    is_active: msgspec.Raw = ABSENT
    processor: msgspec.Raw = ABSENT
    generator: msgspec.Raw = ABSENT
    metadata: msgspec.Raw = ABSENT
    modified_at: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT


class _Status(msgspec.Struct, gc=False):
    """Of a group or a FindAll run."""

    status: msgspec.Raw = ABSENT
    is_active: msgspec.Raw = ABSENT
    modified_at: msgspec.Raw = ABSENT
    metrics: msgspec.Raw = ABSENT
    termination_reason: msgspec.Raw = ABSENT
    task_run_status_counts: msgspec.Raw = ABSENT


class _Metrics(msgspec.Struct, gc=False):
    generated_candidates_count: msgspec.Raw = ABSENT
    matched_candidates_count: msgspec.Raw = ABSENT


class _Result(msgspec.Struct, gc=False):
    """A run with what it has brought."""

    run: msgspec.Raw = ABSENT
    output: msgspec.Raw = ABSENT  # of a task
    candidates: msgspec.Raw = ABSENT  # of FindAll


class _Error(msgspec.Struct, gc=False):
    message: msgspec.Raw = ABSENT


class _Execution(msgspec.Struct, gc=False):
    """An event of a monitor, whose names differ between its versions and in webhooks."""

    event_type: msgspec.Raw = ABSENT
    type: msgspec.Raw = ABSENT
    event_group_id: msgspec.Raw = ABSENT
    monitor_group_id: msgspec.Raw = ABSENT
    timestamp: msgspec.Raw = ABSENT
    monitor_ts: msgspec.Raw = ABSENT


def sightings(
    ask: Ask, status: int, content_type: str, body: bytes, *, is_whole: bool = True, last: bytes = b""
) -> list[Sighting]:
    """What a plain answer tells of runs. `last`: its last bytes, where there were more between than are at hand.

    Nothing is told by an error: that a result is not found means that its run has failed or that nobody knows it
    (Parallel 2.9.3). One that is still active says so.
    """
    if status == _STILL_ACTIVE and ask.act is Act.RESULT and ask.kind is not None:
        return [Sighting(id=ask.id, kind=ask.kind, is_active=True)]
    if status not in _OK:
        return []
    if ask.act is Act.CANCEL and ask.kind is not None and not body:
        # To FindAll a signal: what is under way is finished and paid, and its end told later (search-and-runs C2).
        state = "cancelling" if ask.kind is RunKind.FINDALL else "cancelled"
        return [Sighting(id=ask.id, kind=ask.kind, state=state)]
    shape = shape_of(content_type.lower(), body)
    if last and shape is Shape.DOCUMENT:
        try:
            body = joined(shape, body, last)
        except ValueError:
            return []
    if shape is Shape.ARRAY and ask.act is Act.LIST_MONITORS:
        return _each(elements(body, MOST_RUNS), monitor)
    if shape is not Shape.DOCUMENT:
        return []
    found = _READERS.get(ask.act, _nothing)(ask, body)
    return (
        found if is_whole and not last else [msgspec.structs.replace(one, has_output=False) for one in found]
    )


# -- one thing


def task_run(run: Value, fallback: str = "") -> Sighting | None:
    """A `TaskRun`; of one that does not say which it is, by `fallback`. None for what is none."""
    said = struct_of(_Any, run)
    state = text(said.status) if said else ""
    name = (text(said.run_id) or fallback) if said else ""
    if said is None or not name or not state:
        return None
    return Sighting(
        id=name,
        kind=RunKind.TASK,
        state=state,
        is_active=flag(said.is_active),
        product=text(said.processor),
        parent=text(said.taskgroup_id),
        metadata=metadata(said.metadata),
        modified_us=time_us(said.modified_at),
        error=_error(said.error),
    )


def task_group(group: Value, fallback: str = "") -> Sighting | None:
    """A `TaskGroup`, or what tells the status of one. It has no word for its state, and two are made."""
    said = struct_of(_Any, group)
    status = struct_of(_Status, said.status) if said else None
    name = (text(said.taskgroup_id) or fallback) if said else ""
    is_active = flag(status.is_active) if status else None
    if said is None or status is None or not name or is_active is None:
        return None
    return Sighting(
        id=name,
        kind=RunKind.GROUP,
        state="active" if is_active else "inactive",
        is_active=is_active,
        metadata=metadata(said.metadata),
        modified_us=time_us(status.modified_at),
        counts=_counts(status.task_run_status_counts),
    )


def findall_run(run: Value, fallback: str = "") -> Sighting | None:
    """A `FindAllRun`, with its counts. Why it has ended is told as an error, where that is one."""
    said = struct_of(_Any, run)
    status = struct_of(_Status, said.status) if said else None
    name = (text(said.findall_id) or fallback) if said else ""
    state = text(status.status) if status else ""
    if said is None or status is None or not name or not state:
        return None
    metrics = struct_of(_Metrics, status.metrics) or _Metrics()
    reason = text(status.termination_reason)
    return Sighting(
        id=name,
        kind=RunKind.FINDALL,
        state=state,
        is_active=flag(status.is_active),
        product=text(said.generator),
        metadata=metadata(said.metadata),
        modified_us=time_us(said.modified_at),
        error="" if reason in _NO_FAULTS else reason,
        generated=count(metrics.generated_candidates_count),
        matched=count(metrics.matched_candidates_count),
    )


def monitor(document: Value, fallback: str = "") -> Sighting | None:
    """A monitor of any version. Alpha's says nothing of a processor."""
    said = struct_of(_Any, document)
    state = text(said.status) if said else ""
    name = (text(said.monitor_id) or fallback) if said else ""
    if said is None or not name or not state:
        return None
    return Sighting(
        id=name,
        kind=RunKind.MONITOR,
        state=state,
        product=text(said.processor),
        metadata=metadata(said.metadata),
    )


def response(document: Value) -> Sighting | None:
    """A response, which has ended as a rule when it is told (Parallel 2.10)."""
    said = struct_of(_Any, document)
    state, name = (text(said.status), text(said.id)) if said else ("", "")
    if said is None or not name or not state:
        return None
    return Sighting(
        id=name,
        kind=RunKind.RESPONSE,
        state=state,
        metadata=metadata(said.metadata),
        error=_error(said.error),
        has_output=state == "completed",
    )


def execution(event: Value) -> str:
    """The name of the execution of a monitor that an event tells of; empty where it has failed, which nobody pays for
    (search-and-runs C5), or the event tells of none.

    What was detected names a group of events; that nothing was, only a time. Both versions write the same one.
    """
    said = struct_of(_Execution, event)
    if said is None:
        return ""
    kind = text(said.event_type) or text(said.type)
    if kind == "completion":
        told = text(said.timestamp) or text(said.monitor_ts).removeprefix("completed_")
        at_us = moment_us(told)
        return "" if not told else f"completed_{told if at_us is None else at_us}"
    if kind == "error":
        return ""
    return text(said.event_group_id) or text(said.monitor_group_id)


def metadata(raw: Value) -> dict[str, MetadataValue] | None:
    """What its maker has noted on a run, at most as much as Parallel takes; None where nothing is said."""
    if not is_object(raw):
        return None
    found: dict[str, MetadataValue] = {}
    for name, value in members(raw, _MOST_METADATA, _MOST_METADATA_BYTES).items():
        try:
            noted = _to_value(value)
        except msgspec.MsgspecError:
            continue
        if isinstance(noted, str):
            noted = noted[:_MOST_TEXT]
        elif not -_LARGEST <= noted <= _LARGEST:
            continue
        if len(name) <= _MOST_NAME:
            found[name] = noted
    return found


def _error(raw: msgspec.Raw) -> str:
    said = struct_of(_Error, raw)
    return cut_text(raw if said is None else said.message, _MOST_ERROR)


def _counts(raw: msgspec.Raw) -> dict[str, int] | None:
    if not is_object(raw):
        return None
    told = members(raw, _MOST_STATES, _MOST_METADATA_BYTES)
    numbers = {state: count(value) for state, value in told.items() if len(state) <= _MOST_NAME}
    return {state: number for state, number in numbers.items() if number is not None}


# -- documents


def _nothing(_ask: Ask, _body: bytes) -> list[Sighting]:
    return []


def _one(ask: Ask, body: bytes) -> list[Sighting]:
    match ask.kind:
        case RunKind.TASK:
            return within(task_run(body, ask.id), ask)
        case RunKind.GROUP:
            return within(task_group(body, ask.id), ask)
        case RunKind.FINDALL:
            return within(findall_run(body, ask.id), ask)
        case RunKind.MONITOR:
            return within(monitor(body, ask.id), ask)
        case _:
            return within(response(body), ask)


def _result(ask: Ask, body: bytes) -> list[Sighting]:
    said = struct_of(_Result, body) or _Result()
    if ask.kind is RunKind.TASK:
        found, output = task_run(said.run, ask.id), said.output
    else:
        found, output = findall_run(said.run, ask.id), said.candidates
    if found is not None and bytes(output)[:1] in (b"{", b"["):
        found = msgspec.structs.replace(found, has_output=True)
    return within(found, ask)


def _monitors(_ask: Ask, body: bytes) -> list[Sighting]:
    return _each(elements(array_in(body, "monitors") or array_in(body, "data"), MOST_RUNS), monitor)


def _executions(ask: Ask, body: bytes) -> list[Sighting]:
    names = dict.fromkeys(filter(None, map(execution, elements(array_in(body, "events"), MOST_RUNS))))
    return [Sighting(id=ask.id, kind=RunKind.MONITOR, executions=tuple(names))] if names else []


def within(found: Sighting | None, ask: Ask) -> list[Sighting]:
    """That sighting, if it is one; of a run that was read in a group and does not say so, with that group."""
    if found is None:
        return []
    if ask.group and found.kind is RunKind.TASK and not found.parent:
        found = msgspec.structs.replace(found, parent=ask.group)
    return [found]


def _each(documents: Iterable[bytes], reader: Callable[[bytes], Sighting | None]) -> list[Sighting]:
    return [found for document in documents if (found := reader(document)) is not None]


_READERS: Final[dict[Act, Callable[[Ask, bytes], list[Sighting]]]] = {
    **dict.fromkeys(
        (
            Act.MAKE_TASK,
            Act.MAKE_GROUP,
            Act.ADD_RUNS,
            Act.MAKE_FINDALL,
            Act.MAKE_MONITOR,
            Act.RESPOND,
            Act.READ,
            Act.CHANGE,
            Act.CANCEL,
        ),
        _one,
    ),
    Act.RESULT: _result,
    Act.LIST_MONITORS: _monitors,
    Act.MONITOR_EVENTS: _executions,
}
