"""Reading what a provider of search has answered: JSON of which nothing is taken for granted.

What is not of the kind that it should be is not there. Bounded: an answer of more values than any search has is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from penstock.wire.dialects.json_value import Json, Object, from_json
from penstock.wire.search.provider import Unreadable
from penstock_common.check import values_in

_MOST_VALUES: Final = 500_000
_MOST_RESULTS: Final = 500
_MOST_TEXTS: Final = 200


def document(body: bytes) -> Object:
    """The object that an answer is. Raises `Unreadable`."""
    if any(count > _MOST_VALUES for count in values_in(body)):
        raise Unreadable("it has more values than a search")
    try:
        value = from_json(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        raise Unreadable("it is no JSON") from None
    if not isinstance(value, dict):
        raise Unreadable("it is no JSON object")
    return value


def within(value: Json, *names: str) -> Json:
    """A member of a member; None where there is none."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def listed(answer: Object, name: str) -> list[Json]:
    """The list that an answer is about. Raises `Unreadable` where there is none."""
    value = answer.get(name)
    if not isinstance(value, list):
        raise Unreadable(f"it has no {name}")
    return value


def objects(value: Json) -> Iterator[Object]:
    """The first objects of a list."""
    found = value if isinstance(value, list) else []
    for one in found[:_MOST_RESULTS]:
        if isinstance(one, dict):
            yield one


def text(value: Json) -> str:
    """A text; empty for anything else."""
    return value if isinstance(value, str) else ""


def texts(value: Json) -> list[str]:
    """The texts of a list that say something."""
    found = value if isinstance(value, list) else []
    return [one for one in found[:_MOST_TEXTS] if isinstance(one, str) and one.strip()]
