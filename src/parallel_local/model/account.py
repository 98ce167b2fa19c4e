"""One run's account with the model: every call of a run is asked through it, and none beyond its budget.

It counts calls and tokens, and knows when the run's time is over. What is asked, and what an answer is worth, is
known elsewhere.
"""

import logging
from collections.abc import Mapping, Sequence

import msgspec

from parallel_local.clock import Clock
from parallel_local.model_server.chat_completions import ChatCompletions, Said, estimated_tokens
from parallel_local.model_server.transport import ModelError

log = logging.getLogger("parallel_local.model")

_LEAST_ANSWER = 300  # tokens; with fewer left nothing is asked
_MOST_ANSWER = 8_000
_LONGEST_CALL = 180.0


class Allowance(msgspec.Struct, frozen=True):
    """What a run may use in all."""

    calls: int
    tokens: int
    seconds: float


class Account:
    """The calls of one run. Used from the event loop."""

    def __init__(self, completions: ChatCompletions, allowance: Allowance, clock: Clock) -> None:
        self._completions = completions
        self._allowance = allowance
        self._clock = clock
        self._until = clock.now().timestamp() + allowance.seconds
        self.calls = 0
        self.tokens = 0

    async def ask(self, said: Sequence[Said], schema: Mapping[str, object]) -> str:
        """What the model answers. Raises `ModelError`, also where the budget does not reach."""
        room = self._allowance.tokens - self.tokens - estimated_tokens(said)
        seconds = self._until - self._clock.now().timestamp()
        if self.calls >= self._allowance.calls or room < _LEAST_ANSWER or seconds <= 0:
            raise ModelError("the budget of this run is used up")
        self.calls += 1
        most = min(room, _MOST_ANSWER)
        answer = await self._completions.complete(said, schema, most, min(seconds, _LONGEST_CALL))
        self.tokens += answer.tokens
        return answer.text

    def close(self, run: str) -> None:
        """Tell the log what the run has used."""
        log.info("%s: the model was asked %d times, for %d tokens", run, self.calls, self.tokens)
