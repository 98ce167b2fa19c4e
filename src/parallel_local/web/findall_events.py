"""Events of one FindAll run as server-sent events (Parallel 2.12.3), resumable, with a heartbeat."""

from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.clock import Clock, timestamp
from parallel_local.errors import Shape
from parallel_local.runs.findall import FindAllRuns
from parallel_local.web.answers import event_stream, frame
from parallel_local.web.body import cursor, identifier, number
from parallel_local.wire.findall import FindAllEvent

_LONGEST_SECONDS = 6000.0
_HEARTBEAT_SECONDS = 10.0


class FindAllEventsApi:
    """The event stream of a run."""

    def __init__(self, runs: FindAllRuns, clock: Clock) -> None:
        self._runs = runs
        self._clock = clock

    def routes(self) -> list[Route]:
        """What is served here."""
        return [Route("/v1beta/findall/runs/{findall_id}/events", self.events, methods=["GET"])]

    async def events(self, request: Request) -> Response:
        """Everything after `last_event_id`, then live until the run ends or `timeout` passes."""
        findall_id = identifier(request, "findall_id", "findall_", Shape.VALIDATION)
        seconds = min(number(request, "timeout", _LONGEST_SECONDS, Shape.VALIDATION), _LONGEST_SECONDS)
        position = cursor(request)
        self._runs.get(findall_id)
        return event_stream(self._frames(findall_id, position, seconds))

    async def _frames(self, findall_id: str, position: int, seconds: float) -> AsyncIterator[bytes]:
        deadline = self._clock.now().timestamp() + seconds
        while True:
            while batch := self._runs.events(findall_id, position):
                for event in batch:
                    position = event.seq
                    yield _frame(msgspec.json.decode(event.body, type=FindAllEvent), str(position))
            left = deadline - self._clock.now().timestamp()
            if not self._runs.get(findall_id).run.status.is_active or left <= 0:
                return
            if not await self._runs.changed(findall_id, min(left, _HEARTBEAT_SECONDS)):
                if self._runs.closing or left <= _HEARTBEAT_SECONDS:
                    return
                yield self._heartbeat(findall_id)

    def _heartbeat(self, findall_id: str) -> bytes:
        """The state once more; its id is no place in the stream (Parallel 2.12.3)."""
        state: dict[str, object] = msgspec.to_builtins(self._runs.get(findall_id).run)
        event = FindAllEvent("findall.status", timestamp(self._clock.now()), state)
        return _frame(event, f"heartbeat_{self._clock.new_hex()}")


def _frame(event: FindAllEvent, event_id: str) -> bytes:
    body = {"type": event.type, "timestamp": event.timestamp, "event_id": event_id, "data": event.data}
    return frame(event.type, msgspec.json.encode(body))
