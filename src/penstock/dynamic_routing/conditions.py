"""The query of a conditional element: which operators there are, and what they compare with (Cloudflare 3.7, 6.1 G19).

Says what is wrong with a query; nothing is asked of a request here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from penstock_common.check import Finding, Path

MAX_DEPTH: Final = 16
MAX_ITEMS: Final = 100
MAX_TEXT: Final = 1000

_TOGETHER: Final = ("$and", "$or")
_NOT: Final = "$not"


def check_conditions(query: object) -> Iterator[Finding]:
    """All that is wrong with a query such as `{"metadata.plan": {"$eq": "paid"}}`."""
    if not isinstance(query, Mapping) or not query:
        yield Finding((), 'conditions must be an object such as {"metadata.plan": {"$eq": "paid"}}')
        return
    yield from _query(query, (), 1)


def _query(query: object, path: Path, depth: int) -> Iterator[Finding]:
    if not isinstance(query, Mapping) or not query:
        yield Finding(path, "a query is an object with at least one condition")
    elif depth > MAX_DEPTH:
        yield Finding(path, f"queries may be nested {MAX_DEPTH} deep")
    else:
        for name, value in query.items():
            yield from _condition(str(name), value, (*path, str(name)), depth)


def _condition(name: str, value: object, path: Path, depth: int) -> Iterator[Finding]:
    if name in _TOGETHER:
        yield from _alternatives(value, path, depth)
    elif name == _NOT:
        yield from _query(value, path, depth + 1)
    elif name.startswith("$"):
        yield Finding(
            path, f"{name[:MAX_TEXT]!r} cannot stand here; use {', '.join(_TOGETHER)}, {_NOT} or a field"
        )
    elif not name:
        yield Finding(path, "a field has a name, such as metadata.plan")
    elif isinstance(value, Mapping):
        yield from _comparisons(value, path, depth)
    elif not _is_scalar(value):
        yield Finding(path, "a field is compared with text, a number, true, false or null, or by operators")


def _alternatives(value: object, path: Path, depth: int) -> Iterator[Finding]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_ITEMS:
        yield Finding(path, f"must be an array of 1 to {MAX_ITEMS} queries")
        return
    for number, query in enumerate(value):
        yield from _query(query, (*path, number), depth + 1)


def _comparisons(value: Mapping[object, object], path: Path, depth: int) -> Iterator[Finding]:
    if not value:
        yield Finding(path, 'an operator is missing, such as {"$eq": "paid"}')
    if depth > MAX_DEPTH:
        yield Finding(path, f"queries may be nested {MAX_DEPTH} deep")
        return
    for name, operand in value.items():
        operator, place = str(name), (*path, str(name))
        if operator == _NOT and isinstance(operand, Mapping):
            yield from _comparisons(operand, place, depth + 1)
        elif operator not in _OPERANDS:
            yield Finding(
                place, f"unknown operator {operator[:MAX_TEXT]!r}; known: {', '.join((*_OPERANDS, _NOT))}"
            )
        else:
            fits, wanted = _OPERANDS[operator]
            if not fits(operand):
                yield Finding(place, f"{operator} takes {wanted}")


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _is_ordered(value: object) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _is_list(value: object) -> bool:
    return isinstance(value, list) and 0 < len(value) <= MAX_ITEMS and all(map(_is_scalar, value))


def _is_pattern(value: object) -> bool:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        return False
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError, FutureWarning):
        return False  # what a later Python would read otherwise counts as wrong where warnings do
    return True


_SCALAR: Final = "text, a number, true, false or null"
_ORDERED: Final = "a number or text"
_LIST: Final = f"an array of 1 to {MAX_ITEMS} texts, numbers, true, false or null"
_OPERANDS: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "$eq": (_is_scalar, _SCALAR),
    "$ne": (_is_scalar, _SCALAR),
    "$in": (_is_list, _LIST),
    "$nin": (_is_list, _LIST),
    "$gt": (_is_ordered, _ORDERED),
    "$gte": (_is_ordered, _ORDERED),
    "$lt": (_is_ordered, _ORDERED),
    "$lte": (_is_ordered, _ORDERED),
    "$exists": (lambda value: isinstance(value, bool), "true or false"),
    "$regex": (_is_pattern, f"a regular expression of at most {MAX_TEXT} characters"),
}
