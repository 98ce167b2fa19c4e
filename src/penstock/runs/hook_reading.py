"""What an event of Parallel's tells: of which run, and what of it (Parallel 2.14).

Its envelope is not believed to be anything: an event of a type that nobody knows, or that is no JSON, tells nothing of
a run, and goes on to its caller all the same. Pure; nothing is raised.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from penstock.runs.reading import execution, findall_run, task_run
from penstock.runs.run import RunKind, Sighting
from penstock.wire.json_values import ABSENT, struct_of, text

_ENDS_OF_TASKS = "task_run."
_ENDS_OF_FINDALL = "findall.run."
_OF_FINDALL = "findall."
_OF_MONITORS = "monitor."


class Told(NamedTuple):
    """An event's type, the run that it is about, and what it tells of that; `document` is that run's own, if any."""

    type: str = ""
    run_id: str = ""
    sightings: tuple[Sighting, ...] = ()
    document: bytes = b""


class _Envelope(msgspec.Struct, gc=False):
    type: msgspec.Raw = ABSENT
    data: msgspec.Raw = ABSENT


class _Data(msgspec.Struct, gc=False):
    run_id: msgspec.Raw = ABSENT
    findall_id: msgspec.Raw = ABSENT
    monitor_id: msgspec.Raw = ABSENT
    event: msgspec.Raw = ABSENT


def told_by(body: bytes) -> Told:
    """What the body of an event tells."""
    envelope = struct_of(_Envelope, body)
    kind = "" if envelope is None else text(envelope.type)
    data = None if envelope is None else struct_of(_Data, envelope.data)
    if envelope is None or data is None or not kind:
        return Told(kind)
    if kind.startswith(_ENDS_OF_TASKS):
        return _run(kind, task_run(envelope.data), text(data.run_id), envelope.data)
    if kind.startswith(_ENDS_OF_FINDALL):
        return _run(kind, findall_run(envelope.data), text(data.findall_id), envelope.data)
    if kind.startswith(_OF_FINDALL):  # of a candidate
        return Told(kind, text(data.findall_id))
    if kind.startswith(_OF_MONITORS):
        return _monitor(kind, text(data.monitor_id), execution(data.event))
    return Told(kind)


def _run(kind: str, found: Sighting | None, run_id: str, document: msgspec.Raw) -> Told:
    if found is None:
        return Told(kind, run_id)
    return Told(kind, found.id, (found,), bytes(document))


def _monitor(kind: str, run_id: str, name: str) -> Told:
    if not run_id or not name:
        return Told(kind, run_id)
    return Told(kind, run_id, (Sighting(id=run_id, kind=RunKind.MONITOR, executions=(name,)),))
