"""Are these the elements of a route? All that is wrong with them, at once (Cloudflare 3.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

import msgspec

from penstock.dynamic_routing.conditions import check_conditions
from penstock.dynamic_routing.dialect import modern
from penstock.dynamic_routing.elements import KINDS, MAX_SHARES, OTHERWISE, WHOLE, Element, Percentage
from penstock.dynamic_routing.graph import Node, check_graph
from penstock_common.check import Finding, Path, findings

MAX_ELEMENTS: Final = 200

_MOST_TOLD: Final = 100  # of one element: what has a hundred mistakes is read no further


def check_elements(elements: object) -> list[Finding]:
    """What keeps any JSON from being the elements of a route, in the dialect of today or an older one."""
    given = modern(elements)
    if not isinstance(given, list):
        return [Finding((), "elements must be an array")]
    if not 0 < len(given) <= MAX_ELEMENTS:
        return [Finding((), f"a route has from 1 to {MAX_ELEMENTS} elements, not {len(given)}")]
    told = [_told(one) for one in given]
    found = [finding for place, one in enumerate(told) for finding in _element(one, (place,))]
    nodes = [_node(place, one) for place, one in enumerate(told)]
    return [*found, *check_graph([node for node in nodes if node is not None])]


def _told(element: object) -> object:
    """Without what is null, which is as good as left out; parts that are left out are empty."""
    if not isinstance(element, Mapping):
        return element
    held = {str(name): value for name, value in element.items() if value is not None}
    parts = {name: held.get(name, {}) for name in ("properties", "outputs")}
    return held | {name: _without_null(part) for name, part in parts.items()}


def _without_null(part: object) -> object:
    if not isinstance(part, Mapping):
        return part
    return {str(name): value for name, value in part.items() if value is not None}


def _element(element: object, path: Path) -> Iterator[Finding]:
    """What is wrong with one element alone."""
    kind = KINDS.get(_text(element, "type"), Element)
    wrong = list(islice(findings(element, kind, path, table="an object"), _MOST_TOLD))
    yield from wrong
    properties = element.get("properties") if isinstance(element, Mapping) else None
    if isinstance(properties, Mapping) and "conditions" in properties:
        for one in islice(check_conditions(properties["conditions"]), _MOST_TOLD):
            yield Finding((*path, "properties", "conditions", *one.path), one.what)
    if kind is Percentage and not wrong:
        yield from _shares(msgspec.convert(element, Percentage), (*path, "outputs"))


def _shares(element: Percentage, path: Path) -> Iterator[Finding]:
    shares = element.shares()
    total = sum(shares)
    if not 1 <= len(shares) <= MAX_SHARES:
        yield Finding(path, f"there are {len(shares)} shares, allowed are 1 to {MAX_SHARES}")
    elif total > WHOLE or (total < WHOLE and OTHERWISE not in element.outputs):
        yield Finding(path, f"the shares sum to {float(total):g}%, not to 100%")


def _node(place: int, element: object) -> Node | None:
    """The element as a place in the graph, as far as it can be told; None where it is of no known type."""
    kind = _text(element, "type")
    if not isinstance(element, Mapping) or kind not in KINDS:
        return None
    outputs = element["outputs"] if isinstance(element["outputs"], Mapping) else {}
    exits = ((str(name), _text(output, "elementId")) for name, output in outputs.items())
    return Node(place, _text(element, "id"), kind == "start", tuple(one for one in exits if one[1]))


def _text(value: object, name: str) -> str:
    """A field's text; "" where there is none."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""
