"""A model server for threads that may block: the same calls, made by an event loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError

from parallel_local.clock import Clock
from parallel_local.model_server.settings import ModelSettings
from parallel_local.model_server.transport import ModelError, ModelServer

_ENDING_SECONDS = 5.0


class BlockingModelServer:
    """Any thread may call; `close` ends the calls that others wait for."""

    def __init__(self, settings: ModelSettings, clock: Clock, largest_answer: int) -> None:
        self._server = ModelServer(settings, clock, largest_answer)
        self._loop = asyncio.new_event_loop()
        self._is_closed = False
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="parallel-local-model", daemon=True
        )
        self._thread.start()

    def post(self, path: str, body: Mapping[str, object], seconds: float) -> bytes:
        """The answer to a body, within `seconds` in all. Raises `ModelError`."""
        if self._is_closed:
            raise ModelError("it is closed")
        call = asyncio.run_coroutine_threadsafe(self._server.post(path, body, seconds), self._loop)
        try:
            return call.result()
        except CancelledError:
            raise ModelError("it is closed") from None

    def close(self) -> None:
        """Close all connections."""
        self._is_closed = True
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(_ENDING_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_ENDING_SECONDS)
        self._loop.close()

    async def _end(self) -> None:
        calls = asyncio.all_tasks() - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await self._server.aclose()
