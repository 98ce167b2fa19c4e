"""What tests of monitors do over and over: making one, changing the folder, waiting for an execution."""

import asyncio
from pathlib import Path

from local_engine import Caller

LONG = 1000.0  # seconds
_PATIENCE = 60  # seconds, for a test that hangs
QUERY = "How long is the Amber River?"

Json = dict[str, object]


def stream(query: str = QUERY, /, **settings: object) -> Json:
    """A request for an event stream, once a day."""
    return {"type": "event_stream", "frequency": "1d", "settings": {"query": query, **settings}}


async def made(call: Caller, body: object) -> str:
    """A new monitor, after its first execution."""
    answer = await call.post("/v1/monitors", body)
    assert answer.status_code == 201, answer.text
    monitor_id = str(answer.json()["monitor_id"])
    await executed(call, monitor_id)
    return monitor_id


async def executed(call: Caller, monitor_id: str) -> None:
    """Wait until nothing is owed any more."""
    await call.engine.monitor_runs.settled(monitor_id, LONG)


async def triggered(call: Caller, monitor_id: str) -> None:
    """One execution by hand."""
    answer = await call.post(f"/v1/monitors/{monitor_id}/trigger")
    assert answer.status_code == 204, answer.text
    await executed(call, monitor_id)


def seen(call: Caller) -> None:
    """The engine's library holds the folder as it is now; monitors are not told."""
    call.engine.library.refresh()


async def changed(call: Caller, base: Path, *monitors: str) -> None:
    """The folder was changed: the engine sees it, and monitors look at it."""
    seen(call)
    call.engine.documents_changed()
    for monitor_id in monitors:
        await executed(call, monitor_id)


async def events(call: Caller, monitor_id: str, **params: str | int) -> list[Json]:
    """The first page of events."""
    answer = await call.get(f"/v1/monitors/{monitor_id}/events", **params)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["events"]
    return found


async def listed(call: Caller, monitor_id: str, count: int) -> list[Json]:
    """All events with completions, once so many executions are listed: for those that come by themselves."""
    async with asyncio.timeout(_PATIENCE):
        while len(call.engine.monitors.executions(monitor_id)) < count:
            await call.engine.signals.heard(monitor_id, LONG)
    await executed(call, monitor_id)
    return await events(call, monitor_id, include_completions="true")


def output(event: Json) -> Json:
    """What an event says."""
    found = event["output"]
    assert isinstance(found, dict)
    return found
