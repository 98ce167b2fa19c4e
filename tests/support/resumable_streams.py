"""Streams of Parallel's that go on from an id, as a provider keeps them, and what a client makes of their bytes."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from penstock.wire.sse import Event, EventSplitter
from support.parallel_documents import FINDALL, GROUP, ended, findall_run, frame, group_status

GROUP_PATH = f"/v1/tasks/groups/{GROUP}/events"
SNAPSHOT_PATH = f"/v1/tasks/groups/{GROUP}/runs"
FINDALL_PATH = f"/v1beta/findall/runs/{FINDALL}/events"


def status_of(event_id: str, *, is_active: bool) -> bytes:
    said = {"type": "task_group_status", "event_id": event_id, "status": group_status(is_active=is_active)}
    return frame(said, "task_group_status")


def state_of(event_id: str, number: int = 0, asked: str | None = None) -> bytes:
    run = ended(run_id=f"trun_{number:032x}")
    return frame({"type": "task_run.state", "event_id": event_id, "input": asked, "run": run, "output": None})


def candidate(event_id: str) -> bytes:
    data = {"candidate_id": f"candidate_{event_id}", "name": "Zürich", "match_status": "matched"}
    return frame({"type": "findall.candidate.matched", "event_id": event_id, "timestamp": "x", "data": data})


def heartbeat(event_id: str, *, is_active: bool = True) -> bytes:
    data = findall_run("running" if is_active else "completed")
    return frame({"type": "findall.status", "event_id": event_id, "timestamp": "x", "data": data})


class Kept:
    """What a provider keeps of a stream: events by id, in their order. The last one says that nothing is active."""

    def __init__(self, *events: bytes) -> None:
        self.events = events

    def after(self, target: bytes) -> list[bytes]:
        """What a request for it is answered with."""
        place = last_event_id(target)
        ids = [event_id(event) for event in self.events]
        return list(self.events[ids.index(place) + 1 :] if place in ids else self.events)


def last_event_id(target: bytes) -> str:
    found = parse_qs(target.partition(b"?")[2].decode()).get("last_event_id", [""])
    assert len(found) == 1
    return found[0]


def event_id(event: bytes) -> str:
    data = Event(event).data
    return str(json.loads(data).get("event_id")) if data else ""


def events_in(body: bytes) -> list[bytes]:
    """The data of each whole event, as a client reads it."""
    found = [Event(event).data for event in EventSplitter().feed(body)]
    return [data for data in found if data]


def a_group(runs: int = 3) -> Kept:
    states = [state_of(f"e{number}", number) for number in range(runs)]
    return Kept(status_of("begin", is_active=True), *states, status_of("end", is_active=False))


def a_findall(candidates: int = 3) -> Kept:
    found = [candidate(f"c{number}") for number in range(candidates)]
    return Kept(*found, heartbeat("last", is_active=False))
