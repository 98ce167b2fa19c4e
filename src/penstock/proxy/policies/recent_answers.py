"""How long the answers of a model have been lately: what a spend limit guesses by, where a request does not say.

A worker's, for all gateways. Bounded: what has not been asked for longest is forgotten first, and what one account
calls is of no use to another. No I/O.
"""

from __future__ import annotations

from collections import OrderedDict, deque

_MODELS = 1024
_ANSWERS = 20
_ENOUGH = 3  # answers from which on they tell something

_Key = tuple[str, str, str]


class RecentAnswers:
    """Tokens of the latest answers, by account, provider and model."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[_Key, deque[int]] = OrderedDict()

    def note(self, account: str, provider: str, model: str, tokens: int) -> None:
        """An answer had so many."""
        key = account, provider, model
        found = self._tokens.get(key)
        if found is None:
            if len(self._tokens) >= _MODELS:
                self._tokens.popitem(last=False)
            found = self._tokens[key] = deque(maxlen=_ANSWERS)
        found.append(tokens)

    def likely(self, account: str, provider: str, model: str) -> int | None:
        """What nine of ten answers did not exceed; None where too few are known."""
        key = account, provider, model
        found = self._tokens.get(key)
        if found is None or len(found) < _ENOUGH:
            return None
        self._tokens.move_to_end(key)
        return sorted(found)[(len(found) * 9 - 1) // 10]
