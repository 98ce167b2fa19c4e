"""Memory endpoints (Parallel 2.15): looking up what runs have left behind, and forgetting it."""

from concurrent.futures import Executor
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.errors import Problem, Shape, invalid
from parallel_local.runs.memory import Memory, ranked
from parallel_local.threads import in_thread
from parallel_local.web.answers import json_answer
from parallel_local.web.body import decode, raw_body, read_json
from parallel_local.wire.memory import ClearRequest, EvictRequest, RetrieveRequest, RetrieveResponse


class MemoryApi:
    """The memory endpoints."""

    def __init__(self, memory: Memory, threads: Executor) -> None:
        self._memory = memory
        self._threads = threads

    def routes(self) -> list[Route]:
        """What is served here."""
        return [
            Route("/v1beta/memory/retrieve", self.retrieve, methods=["POST"]),
            Route("/v1beta/memory/clear", self.clear, methods=["POST"]),
            Route("/v1beta/memory/evict", self.evict, methods=["POST"]),
        ]

    async def retrieve(self, request: Request) -> Response:
        """Runs of a scope, by relevance or the newest first."""
        asked = await read_json(request, RetrieveRequest, Shape.VALIDATION)
        known = self._memory.known(asked, _since(asked.since))
        found = await in_thread(self._threads, lambda: ranked(asked.query, known))
        return json_answer(RetrieveResponse(list(found[: asked.limit])))

    async def clear(self, request: Request) -> Response:
        """204, also when there was nothing."""
        body = await raw_body(request, Shape.VALIDATION)
        asked = decode(body, ClearRequest, Shape.VALIDATION) if body else ClearRequest()
        self._memory.clear(asked.memory_scope_key)
        return Response(status_code=204)

    async def evict(self, request: Request) -> Response:
        """204, also when the run was not remembered."""
        asked = await read_json(request, EvictRequest, Shape.VALIDATION)
        self._memory.evict(asked.kind, asked.id, asked.memory_scope_key)
        return Response(status_code=204)


def _since(text: str | None) -> datetime | None:
    """A moment as RFC 3339. Raises 422; without an offset it is no moment."""
    try:
        moment = datetime.fromisoformat(text) if text is not None else None
    except ValueError:
        moment = datetime.min
    if moment is not None and moment.tzinfo is None:
        problem = Problem(("body", "since"), "a date and time with an offset, as 2026-11-01T12:00:00Z")
        raise invalid([problem], Shape.VALIDATION)
    return moment
