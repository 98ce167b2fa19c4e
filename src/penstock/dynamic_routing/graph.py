"""What concerns the elements of a route together: one start, ids, where outputs lead, no circles (Cloudflare 3.7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

import msgspec

from penstock_common.check import Finding


class Node(msgspec.Struct, frozen=True):
    """An element, seen from the others. `place` is its number in the list, `exits` lead to ids by name."""

    place: int
    id: str
    is_start: bool
    exits: tuple[tuple[str, str], ...]


def check_graph(nodes: Sequence[Node]) -> Iterator[Finding]:
    """All that is wrong between the elements."""
    starts = [node for node in nodes if node.is_start]
    if len(starts) != 1:
        yield Finding((), f"a route has exactly one element of type start, not {len(starts)}")
    counted = Counter(node.id for node in nodes)
    for node in nodes:
        if node.id and counted[node.id] > 1:
            yield Finding((node.place, "id"), f"{counted[node.id]} elements have the id {node.id!r}")
    by_id = {node.id: node for node in nodes}
    yield from _dangling(nodes, by_id)
    yield from _unreached(nodes, by_id, starts)
    yield from _circles(nodes, by_id)


def _dangling(nodes: Sequence[Node], by_id: Mapping[str, Node]) -> Iterator[Finding]:
    for node in nodes:
        for name, target in node.exits:
            path = (node.place, "outputs", name, "elementId")
            if target not in by_id:
                yield Finding(path, f"there is no element with the id {target!r}", hint=_near(target, by_id))
            elif by_id[target].is_start:
                yield Finding(path, "an output cannot lead to the start")


def _near(target: str, known: Mapping[str, Node]) -> str:
    near = get_close_matches(target, known, n=1)
    return f"did you mean {near[0]!r}?" if near else ""


def _unreached(nodes: Sequence[Node], by_id: Mapping[str, Node], starts: Sequence[Node]) -> Iterator[Finding]:
    if not starts:
        return
    reached = {start.id for start in starts}
    waiting: list[Node] = list(starts)
    while waiting:
        for _, target in waiting.pop().exits:
            if target in by_id and target not in reached:
                reached.add(target)
                waiting.append(by_id[target])
    for node in nodes:
        if node.id not in reached:
            what = f"nothing leads to the element {node.id!r}"
            yield Finding((node.place,), what, hint="let an output lead to it, or take it out")


def _circles(nodes: Sequence[Node], by_id: Mapping[str, Node]) -> Iterator[Finding]:
    """Takes away whatever leads out; what is left leads in circles, or into one."""
    open_exits = {node.id: {target for _, target in node.exits if target in by_id} for node in nodes}
    while free := {name for name, targets in open_exits.items() if not targets}:
        open_exits = {name: targets - free for name, targets in open_exits.items() if name not in free}
    for name, targets in open_exits.items():
        if _comes_back(name, targets, open_exits):
            what = f"the element {name!r} leads back to itself"
            yield Finding((by_id[name].place,), what, hint="let the last of them lead to an end")


def _comes_back(name: str, targets: set[str], exits: Mapping[str, set[str]]) -> bool:
    reached, waiting = set(targets), list(targets)
    while waiting:
        for target in exits[waiting.pop()] - reached:
            reached.add(target)
            waiting.append(target)
    return name in reached
