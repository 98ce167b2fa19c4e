"""The roll-ups: what all calls of each minute, hour and day add up to, and the question one asks of them.

Nouns and one protocol; no engine, no SQL. They are written with the rows, and stay when rows are deleted.
Latencies are sketches (`sketch.py`), which can be added up, too.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol

import msgspec

from penstock.stores.ledger import CallRow
from penstock.stores.sketch import Sketch

Dimension = Literal["gateway", "provider", "model", "operation", "status", "cached", "rate_limited", "error"]
"""What every roll-up is kept by. Values are text; flags are "0" and "1", a status is its digits.

A call without a model has the model "", one of before operations were told the operation "". `rate_limited` is what
the gateway itself refused for a limit (codes 2003 and 2045, Cloudflare 3.29); `error` is whatever did not succeed.
"""

Operator = Literal["eq", "neq", "lt", "gt", "le", "ge", "like"]

Unit = Literal["minute", "hour", "day", "week", "month"]

CallerKey = str
"""`token`, `user`, `team` or `metadata.NAME`: kept beside the dimensions by the hour, not crossed with them."""

TOKEN_KEYS: Final = ("token", "user", "team")
METADATA: Final = "metadata."

_COMPARED: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "eq": operator.eq, "neq": operator.ne, "lt": operator.lt, "gt": operator.gt, "le": operator.le, "ge": operator.ge,
}  # fmt: skip

OTHERS: Final = "(others)"
"""The value under which a day's rarer models, operations of models, and values of a caller key are kept together."""


def is_caller_key(name: str) -> bool:
    """Whether this names a caller key."""
    return name in TOKEN_KEYS or (name.startswith(METADATA) and name != METADATA)


class Unanswerable(ValueError):
    """The roll-ups do not keep what this question asks for; the text says what to ask instead."""


class TooManyGroups(Unanswerable):
    """The answer would have more groups than `Question.limit`."""


class Bucket(NamedTuple):
    """Spans of time, in UTC: `length` units each; weeks begin on Monday. Only one month or week at a time."""

    unit: Unit
    length: int = 1


class Having(msgspec.Struct, frozen=True):
    """A dimension, or the question's caller key, has one of the values (or, with `neq`, none of them).

    `like` ignores case; % is any text, _ any character, and behind a backslash they are themselves. Numbers are
    compared as such, text by its characters.
    """

    dimension: str
    operator: Operator
    values: tuple[str, ...]


def fits(text: str, having: Having) -> bool:
    """Whether a text has what is wanted of it."""
    if having.operator == "like":
        return any(_pattern(value).fullmatch(text) for value in having.values)
    hits = [_COMPARED[having.operator](text, value) for value in having.values]
    return all(hits) if having.operator == "neq" else any(hits)


def _pattern(like: str) -> re.Pattern[str]:
    """What SQLite's LIKE does with a backslash to escape: one at the end fits nothing.

    Of what stands between two % the first place is the best one. Looking for others would double the work with each %.
    """
    texts = [""]
    for part in re.findall(r"\\?.", like, re.DOTALL):
        if part == "%":
            texts.append("")
        else:
            texts[-1] += {"_": ".", "\\": "(?!)"}.get(part) or re.escape(part[-1])
    first, *between = texts
    last = between.pop() if between else None
    whole = first + "".join(f"(?>.*?{text})" for text in between if text)
    if last is not None:
        whole += f".*{last}"
    return re.compile(whole, re.DOTALL | re.IGNORECASE | re.ASCII)


class Question(msgspec.Struct, frozen=True):
    """Sums of one account's calls. `by` holds dimensions and at most one caller key.

    Of `having` everything must hold; in one group of it any. Beside a caller key, in `by` or in `having`, only
    `gateway` can be asked for; the whole hours are taken that the time touches, and there are no latencies. Calls
    without the key have its value "".
    """

    account: str | None
    since_us: int
    until_us: int  # not included; both are widened to whole minutes
    bucket: Bucket | None = None  # None: all of the time together
    by: tuple[str, ...] = ()
    having: tuple[tuple[Having, ...], ...] = ()
    latencies: bool = False  # whether sketches are wanted: they cost more than all the rest
    limit: int | None = None  # with more groups than this, `TooManyGroups`
    only: tuple[str, ...] = ()  # the sums that are wanted beside `requests`, others stay 0; empty: all

    def wants(self, name: str) -> bool:
        """Whether a sum is wanted."""
        return not self.only or name in self.only or name == "requests"


_MINUTE_US: Final = 60_000_000
_HOUR_US: Final = 60 * _MINUTE_US


def widened(question: Question) -> Question:
    """The question with the time that is answered for: whole minutes, or hours where a caller key is asked for."""
    names = (*question.by, *(one.dimension for group in question.having for one in group))
    unit = _HOUR_US if any(map(is_caller_key, names)) else _MINUTE_US
    since_us, until_us = question.since_us // unit * unit, -(-question.until_us // unit) * unit
    return msgspec.structs.replace(question, since_us=since_us, until_us=until_us)


class Sums(msgspec.Struct, frozen=True):
    """What some calls add up to. `cost_nano` is of those whose cost is known.

    `unpriced` is how many may have cost something that is not known: those with a status of 2xx and no cost.
    """

    requests: int = 0
    errors: int = 0
    cached: int = 0
    rate_limited: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cached_tokens_in: int = (
        0  # those of answers out of the cache, which nobody paid; they are in `tokens_in`, too
    )
    cached_tokens_out: int = 0
    cost_nano: int = 0
    unpriced: int = 0
    estimated: int = 0  # calls of which tokens were told by nobody, and are counted from text
    estimated_tokens_in: int = 0  # those tokens, which are in `tokens_in`, too
    estimated_tokens_out: int = 0
    estimated_cost_nano: int = 0  # what of `cost_nano` goes by them, or by what runs are expected to come to
    duration: Sketch | None = None  # microseconds
    first_byte: Sketch | None = None


class Group(NamedTuple):
    """One answer: where its bucket begins, the values in the order of `Question.by`, the sums.

    A bucket may begin before the question's time; without buckets, this is where the widened time begins.
    """

    begins_us: int
    values: tuple[str, ...]
    sums: Sums


class Repriced(NamedTuple):
    """A call as it is stored, and the cost, and whose price, that it gets instead of its own."""

    call: CallRow
    cost_nano: int | None
    price_source: str | None = None


class Rollups(Protocol):
    """All raise `LedgerUnavailable`."""

    def ask(self, question: Question) -> list[Group]:
        """In the order of time, then of values. Groups without calls are left out. Raises `Unanswerable`."""

    def caller_keys(self, account: str | None, since_us: int) -> Sequence[CallerKey]:
        """Which caller keys calls have had since then, in order."""


class OpenRollups(Rollups, Protocol):
    """Ones that can be let go of."""

    def close(self) -> None:
        """Let go of the ledger."""
