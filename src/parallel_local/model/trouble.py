"""Saying that the model was of no use: to the caller as a warning, to the log once per cause and minute.

A cause is one of our own texts (`ModelError.cause`): nothing a server or a document said gets here.
"""

import logging

from parallel_local.clock import Clock
from parallel_local.wire.common import Notice

log = logging.getLogger("parallel_local.model")

_QUIET_SECONDS = 60.0
_MOST_CAUSES = 100


class Troubles:
    """The troubles of one program with its model."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}

    def notice(self, cause: str) -> Notice:
        """The warning for a run that did without the model; told to the log too, now and then."""
        now = self._clock.now().timestamp()
        if now - self._told.get(cause, float("-inf")) >= _QUIET_SECONDS:
            if len(self._told) >= _MOST_CAUSES:
                self._told.clear()
            self._told[cause] = now
            log.warning("the language model was of no use: %s; answers are quoted without it", cause)
        return Notice("warning", f"The language model was of no use: {cause}. Quoted without it.")
