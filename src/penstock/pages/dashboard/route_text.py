"""The elements of a route as the text of a form: read with all that is wrong with it, and written for people.

Pure. What elements must be like is known to `penstock.dynamic_routing`; here mistakes are told by node, field and line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

import msgspec

from penstock.dynamic_routing.check import check_elements
from penstock.dynamic_routing.dialect import modern
from penstock.management.problem import ManagementError
from penstock.management.reading import json_body
from penstock.stores.audit_entry import Json
from penstock_common.check import Finding, dotted, quote

MOST_TOLD: Final = 30

_MOST_DEEP: Final = 64
_LONG_LINE: Final = 120  # characters of a field
_TOO_DEEP: Final = f"it is nested too deeply: {_MOST_DEEP} levels are allowed"


class Mistake(msgspec.Struct, frozen=True):
    """One thing that is wrong. `line` 0: that cannot be told; `node` and `field` are empty where it concerns none."""

    what: str
    node: str = ""
    field: str = ""
    line: int = 0


class Reading(msgspec.Struct, frozen=True):
    """What a text says: elements that are right, in the words of today; or what is wrong, and how much `more`."""

    elements: list[Json]
    mistakes: tuple[Mistake, ...] = ()
    more: int = 0


class _Wrong(ValueError):
    """What keeps a text from being JSON of ours."""


def read_elements(text: str) -> Reading:
    """An array of elements, or an object that has it as `elements`, as the management API shows a route."""
    if not text.strip():
        return Reading([], (Mistake('nothing is here: an array of elements is wanted, one of type "start"'),))
    try:
        value = _plain(text)
    except json.JSONDecodeError as error:
        told = f"this is not JSON: {error.msg}, in column {error.colno}"
        return Reading([], (Mistake(told, line=error.lineno),))
    except RecursionError:
        return Reading([], (Mistake(_TOO_DEEP),))
    except ManagementError as error:
        return Reading([], tuple(Mistake(one.message) for one in error.problems))
    except ValueError as error:
        return Reading([], (Mistake(str(error)),))
    given = modern(value["elements"] if isinstance(value, dict) and "elements" in value else value)
    wrong = check_elements(given)
    if wrong:
        told_of = tuple(_mistake(one, given, text) for one in islice(wrong, MOST_TOLD))
        return Reading([], told_of, len(wrong) - len(told_of))
    return Reading(msgspec.convert(given, list[Json]))


def written(elements: Sequence[Json]) -> str:
    """As people read it. What a page could not show as it is, such as marks of direction, is escaped as JSON has it."""
    text = ",\n".join(map(_element_text, elements))
    shown = "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
    return f"[\n{shown}\n]"


def _element_text(element: Json) -> str:
    """A field a line, as long as it is not too long."""
    if not isinstance(element, Mapping) or not element:
        return f"  {_compact(element)}"
    fields = ",\n".join(f"    {_compact(name)}: {_field_text(value)}" for name, value in element.items())
    return f"  {{\n{fields}\n  }}"


def _field_text(value: Json) -> str:
    text = _compact(value)
    if len(text) <= _LONG_LINE or _depth(value) > _MOST_DEEP:
        return text
    return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", "\n    ")


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _plain(text: str) -> Json:
    """The value, read twice: for its mistakes as people look for them, and as the management API reads a body."""
    seen = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    if _depth(seen) > _MOST_DEEP:
        raise _Wrong(_TOO_DEEP)
    return json_body(text.encode())


def _object(pairs: Iterable[tuple[str, Json]]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, value in pairs:
        if name in found:
            advice = '; of two equal shares write one as "else", or as "50.0%"' if name.endswith("%") else ""
            raise _Wrong(f"{quote(name)} stands twice in one object, where JSON holds it once{advice}")
        found[name] = value
    return found


def _no_number(name: str) -> Json:
    raise _Wrong(f"{name} is no number in JSON")


def _depth(value: Json) -> int:
    """How many arrays and objects are within each other, counted up to one more than is allowed."""
    level, depth = list(_within([value])), 0
    while level and depth <= _MOST_DEEP:
        level = list(_within(level))
        depth += 1
    return depth


def _within(values: Iterable[Json]) -> Iterator[Json]:
    for one in values:
        if isinstance(one, Mapping):
            yield from one.values()
        elif isinstance(one, list):
            yield from one


def _mistake(finding: Finding, elements: Json, text: str) -> Mistake:
    what = f"{finding.what}; {finding.hint}" if finding.hint else finding.what
    place = finding.path[0] if finding.path else None
    if not isinstance(place, int) or not isinstance(elements, list):
        return Mistake(what)
    element = elements[place]
    name = element.get("id") if isinstance(element, Mapping) else None
    node = name if isinstance(name, str) else ""
    return Mistake(
        what,
        f"{quote(node)}, number {place + 1}" if node else f"number {place + 1}",
        dotted(finding.path[1:]),
        _line_of(node, text) if node else 0,
    )


def _line_of(node: str, text: str) -> int:
    """The line where an element's id stands; 0 where it is written in some other way."""
    ways = (re.escape(json.dumps(node, ensure_ascii=is_ascii)) for is_ascii in (False, True))
    found = re.search(rf'"id"\s*:\s*(?:{"|".join(ways)})', text)
    return text.count("\n", 0, found.start()) + 1 if found else 0
