"""When tokens were last called with: told as closely as it is near, out of what all calls add up to."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.control.token_use import TokenUse, last_calls, uses
from penstock.stores.control_store import RateLimit, Token
from penstock.stores.ledger import LedgerUnavailable
from penstock.stores.rollups import Group, Question, Sums, TooManyGroups

HOUR = 3_600_000_000
DAY = 24 * HOUR
NOW = 1_800_000_000_000_000 // DAY * DAY + 15 * HOUR


class Asked:
    """Roll-ups of a few calls, by token; it keeps what it was asked."""

    def __init__(self, calls: dict[str, int]) -> None:
        self.calls = calls
        self.questions: list[Question] = []

    def ask(self, question: Question) -> list[Group]:
        self.questions.append(question)
        assert question.bucket is not None
        unit = {"hour": HOUR, "day": DAY, "month": 30 * DAY}[question.bucket.unit]
        (wanted,) = question.having[0] if question.having else (None,)
        return [
            Group(at_us // unit * unit, (token,), Sums(requests=1))
            for token, at_us in self.calls.items()
            if question.since_us <= at_us < question.until_us and (wanted is None or token in wanted.values)
        ]

    def caller_keys(self, account: str | None, since_us: int) -> Sequence[str]:
        return ()


class Failing(Asked):
    def __init__(self, error: Exception) -> None:
        super().__init__({})
        self._error = error

    def ask(self, question: Question) -> list[Group]:
        raise self._error


def test_what_is_near_is_told_closely() -> None:
    asked = Asked({"a": NOW - 1, "b": NOW - 5 * DAY, "c": NOW - 200 * DAY, "d": NOW - 500 * DAY})
    found = last_calls(asked, ["a", "b", "c", "d", "e"], NOW)
    assert found["a"] == NOW - HOUR
    assert found["b"] == (NOW - 5 * DAY) // DAY * DAY
    assert found["c"] // DAY * DAY == found["c"]
    assert set(found) == {"a", "b", "c"}


def test_whoever_was_found_is_not_looked_for_further_back() -> None:
    asked = Asked({"a": NOW - 1})
    last_calls(asked, ["a"], NOW)
    assert len(asked.questions) == 1


def test_what_cannot_be_told_is_left_out() -> None:
    token = Token(
        id="a", name="a", permissions=("run",), secrets=(), created_us=1, rate_limit=RateLimit(1, 60)
    )
    for error in (LedgerUnavailable("gone"), TooManyGroups("too many")):
        assert uses([token], None, Failing(error), None, NOW) == {"a": TokenUse()}
