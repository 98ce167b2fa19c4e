"""Which calls are meant: the words that people filter by, as a query to the ledger.

The same words in the addresses of the dashboard's pages and in the options of `penstock logs`. Pure; who may see what
is for the caller to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from penstock.analytics.parameters import BadParameter
from penstock.analytics.times import parse_time
from penstock.stores.ledger import Condition, Key, Query, Scalar

METADATA: Final = "metadata."
SEARCH: Final = "search"
SINCE, UNTIL = "since", "until"

_NAMES: Final[Mapping[str, Key]] = {
    "provider": "provider",
    "model": "model",
    "operation": "operation",
    "token": "token",
    "user": "user",
    "team": "team",
    "event": "event_id",
}
_FLAGS: Final[Mapping[str, Key]] = {"cached": "cached", "estimated": "estimated"}
_NUMBERS: Final[Mapping[str, Key]] = {"cost": "cost", "duration": "duration", "tokens": "tokens"}

WORDS: Final = ("gateway", "status", *_NAMES, *_FLAGS, *_NUMBERS, SEARCH, SINCE, UNTIL)
"""What calls may be chosen by, besides `metadata.NAME`."""

_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")
_COMPARED = re.compile(r"(?P<sign>[<>]?)\s*(?P<number>[0-9]{1,12}(?:\.[0-9]{1,9})?)\s*(?P<unit>ms|s|min|)")
_MILLISECONDS = {"": 1.0, "ms": 1.0, "s": 1000.0, "min": 60_000.0}

Pairs = Iterable[tuple[str, str]]
Group = tuple[Condition, ...]


class Chosen(NamedTuple):
    """A query, and the words that it was made of, in their order, each once."""

    query: Query
    words: tuple[tuple[str, str], ...]


def chosen_calls(given: Pairs, account: str | None, now_us: int) -> Chosen:
    """The calls that these words mean: of several values of one word any, of several words all.

    Words that are none of `WORDS` are left alone. Raises `BadParameter` for a value that its word cannot have.
    """
    words = tuple(
        dict.fromkeys((name, text.strip()) for name, text in given if is_word(name) and text.strip())
    )
    by_word: dict[str, list[str]] = {}
    for name, text in words:
        by_word.setdefault(name, []).append(text)
    query = Query(
        account=account,
        gateways=tuple(by_word.pop("gateway", ())),
        since_us=_time(by_word, SINCE, now_us),
        until_us=_time(by_word, UNTIL, now_us),
        search=" ".join(by_word.pop(SEARCH, ())),
        conditions=tuple(group for name, texts in by_word.items() for group in _groups(name, texts)),
    )
    return Chosen(query, words)


def is_word(name: str) -> bool:
    """Whether calls may be chosen by this."""
    return name in WORDS or (name.startswith(METADATA) and name != METADATA)


def status_condition(text: str) -> Condition:
    """`200`, `4xx`, or `error` for whatever did not succeed. Raises `BadParameter`."""
    lower = text.lower()
    if lower == "error":
        return Condition("success", "eq", (False,))
    if len(lower) == 3 and lower[0] in "12345" and lower[1:] == "xx":
        first = int(lower[0]) * 100
        return Condition("status_code", "eq", tuple(range(first, first + 100)))
    if len(lower) == 3 and lower.isascii() and lower.isdigit():
        return Condition("status_code", "eq", (int(lower),))
    raise BadParameter(
        "status", f"{text!r} is not a status: give a code like 200, a class like 4xx, or error"
    )


def _groups(name: str, texts: Sequence[str]) -> Iterable[Group]:
    if name == "status":
        return [tuple(map(status_condition, texts))]
    if name in _FLAGS:
        return [(Condition(_FLAGS[name], "eq", tuple(_flag(name, text) for text in texts)),)]
    if name in _NUMBERS:
        return [(_compared(name, _NUMBERS[name], text),) for text in texts]
    if name in _NAMES:
        values: tuple[Scalar, ...] = tuple(None if text == "none" else text for text in texts)
        return [(Condition(_NAMES[name], "eq", values),)]
    key = name.removeprefix(METADATA)
    return [(Condition("metadata.key", "eq", (key,)),), (Condition("metadata.value", "eq", tuple(texts)),)]


def _compared(name: str, key: Key, text: str) -> Condition:
    """`>0.01`, `<20`, `30`; a duration in milliseconds, or as `>2s`."""
    found = _COMPARED.fullmatch(text)
    if found is None or (found["unit"] and name != "duration"):
        example = {"cost": ">0.01", "duration": ">2s", "tokens": ">1000"}[name]
        raise BadParameter(name, f"{text!r} is no comparison: write one like {example}")
    number = float(found["number"]) * _MILLISECONDS[found["unit"]]
    operator = {"<": "lt", ">": "gt"}.get(found["sign"])
    if operator == "lt":
        return Condition(key, "lt", (number,))
    return Condition(key, "gt" if operator else "eq", (number,))


def _flag(name: str, text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise BadParameter(name, f"{text!r} is neither yes nor no")


def _time(by_word: dict[str, list[str]], name: str, now_us: int) -> int | None:
    texts = by_word.pop(name, [])
    if not texts:
        return None
    try:
        return parse_time(texts[-1], now_us)
    except ValueError as error:
        raise BadParameter(name, str(error)) from None
