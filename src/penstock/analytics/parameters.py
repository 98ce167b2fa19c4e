"""The parameters of the analytics endpoint, as a question to the roll-ups.

Pure. What the answer looks like is in `report.py`; who may ask is for the caller to say.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from penstock.analytics.times import DAY_US, parse_time
from penstock.stores.rollups import METADATA, TOKEN_KEYS, Bucket, Having, Question, is_caller_key

MAX_GROUPS: Final = 10_000
"""More groups than these are refused, with the advice to take a longer bucket."""

BUCKETS: Final[Mapping[str, Bucket | None]] = {
    "all": None,
    "1m": Bucket("minute"),
    "5m": Bucket("minute", 5),
    "15m": Bucket("minute", 15),
    "1h": Bucket("hour"),
    "6h": Bucket("hour", 6),
    "1d": Bucket("day"),
    "1w": Bucket("week"),
    "1mo": Bucket("month"),
}
DIMENSIONS: Final = ("gateway", "provider", "model", "operation", "status", "cached", "rate_limited", "error")

_FLAGS = ("cached", "rate_limited", "error")
_BOOLEANS = {"true": "1", "1": "1", "false": "0", "0": "0"}
_SETTINGS = ("since", "until", "bucket", "by", "latencies")
_DEFAULT_US = DAY_US


class BadParameter(ValueError):
    """A parameter is not what it may be. The text names it and says what is allowed."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter
        self.reason = reason


def read_question(
    query: Sequence[tuple[str, str]],
    account: str | None,
    now_us: int,
    gateways: Collection[str] | None = None,
) -> Question:
    """The question that decoded query parameters ask; see docs/guides/analytics.md.

    `gateways` are all that the asker may see; None: the whole account. Raises `BadParameter`.
    """
    given: dict[str, list[str]] = {}
    for name, value in query:
        given.setdefault(name, []).append(value)
    since_us = _time(given, "since", now_us, now_us - _DEFAULT_US)
    until_us = _time(given, "until", now_us, now_us)
    if since_us >= until_us:
        raise BadParameter("since", "the time begins after it has ended: since must be earlier than until")
    bucket = _one(given, "bucket", "all")
    if bucket not in BUCKETS:
        raise BadParameter("bucket", f"{bucket!r} is none of {', '.join(BUCKETS)}")
    having = [_filter(name, values) for name, values in given.items() if name not in _SETTINGS]
    question = Question(
        account,
        since_us,
        until_us,
        BUCKETS[bucket],
        read_by(given.get("by", ())),
        tuple(having),
        _flag("latencies", _one(given, "latencies", "false")) == "1",
        MAX_GROUPS,
    )
    return within(question, gateways)


def within(question: Question, gateways: Collection[str] | None) -> Question:
    """The question of these gateways only; None: of all."""
    if gateways is None:
        return question
    only = Having("gateway", "eq", tuple(sorted(gateways)))
    return msgspec.structs.replace(question, having=(*question.having, (only,)))


def read_by(values: Sequence[str]) -> tuple[str, ...]:
    """The names in `by`, given as one list with commas, or several times. Raises `BadParameter`."""
    names = [name.strip() for value in values for name in value.split(",") if name.strip()]
    names = ["token" if name == "key" else name for name in names]  # a virtual key is a token
    for name in names:
        if not _is_known(name):
            raise BadParameter("by", f"{name!r} is none of {_allowed()}")
    return tuple(dict.fromkeys(names))


def read_model(text: str) -> Having:
    """A filter by `provider/model`, or by a model of any provider."""
    if "/" in text:
        return Having("model", "eq", (text,))
    return Having("model", "like", (f"%/{_literal(text)}",))


def read_status(text: str) -> Having:
    """A filter by `429` or `4xx`. Raises `BadParameter`."""
    if len(text) == 3 and text.isascii() and text[0] in "123456789":
        if text[1:].lower() == "xx":
            return Having("status", "like", (f"{text[0]}__",))
        if text.isdigit():
            return Having("status", "eq", (text,))
    raise BadParameter("status", f"{text!r} is no status: write a code like 429, or a class like 4xx")


def _filter(name: str, values: Sequence[str]) -> tuple[Having, ...]:
    """Any of the values."""
    if name == "status":
        return tuple(read_status(value) for value in values)
    if name == "model":
        return tuple(read_model(value) for value in values)
    if name in _FLAGS:
        return (Having(name, "eq", tuple(_flag(name, value) for value in values)),)
    if _is_known(name):
        return (Having(name, "eq", tuple(values)),)
    raise BadParameter(
        name, f"there is no such parameter: take {', '.join(_SETTINGS)}, or a filter by {_allowed()}"
    )


def _time(given: Mapping[str, Sequence[str]], name: str, now_us: int, default_us: int) -> int:
    text = _one(given, name, "")
    try:
        return parse_time(text, now_us) if text else default_us
    except ValueError as error:
        raise BadParameter(name, str(error)) from None


def _one(given: Mapping[str, Sequence[str]], name: str, default: str) -> str:
    values = given.get(name, (default,))
    if len(values) > 1:
        raise BadParameter(name, "give it once")
    return values[0]


def _flag(name: str, text: str) -> str:
    if text.lower() not in _BOOLEANS:
        raise BadParameter(name, f"{text!r} is neither true nor false")
    return _BOOLEANS[text.lower()]


def _is_known(name: str) -> bool:
    return name in DIMENSIONS or is_caller_key(name)


def _allowed() -> str:
    return f"{', '.join((*DIMENSIONS, *TOKEN_KEYS))} and {METADATA}NAME"


def _literal(text: str) -> str:
    """Text in which `like` sees no wildcards."""
    return re.sub(r"([\\%_])", r"\\\1", text)
