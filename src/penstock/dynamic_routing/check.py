"""Are these the elements of a route? All that is wrong with them, at once (Cloudflare 3.7)."""

from __future__ import annotations

from typing import Final

from penstock.dynamic_routing.dialect import modern
from penstock.dynamic_routing.elements import Node, read_element
from penstock.dynamic_routing.finding import Fields, Finding
from penstock.dynamic_routing.graph import check_graph

MAX_ELEMENTS: Final = 200


def check_elements(elements: object) -> list[Finding]:
    """What keeps any JSON from being the elements of a route, in the dialect of today or an older one."""
    given = modern(elements)
    if not isinstance(given, list):
        return [Finding((), "elements must be an array")]
    if not 0 < len(given) <= MAX_ELEMENTS:
        return [Finding((), f"a route has from 1 to {MAX_ELEMENTS} elements, not {len(given)}")]
    findings: list[Finding] = []
    nodes: list[Node] = []
    for place, one in enumerate(given):
        node = read_element(place, Fields(one, (place,), findings, "an element"))
        if node is not None:
            nodes.append(node)
    return [*findings, *check_graph(nodes)]
