"""A dynamic route as a drawing: its elements from left to right, and where each output leads. SVG, made on the server.

Pure. Colours are the style's; all text in it is escaped here, cut to what a box holds, and whole in a title. The same
as a list of steps is in `route_steps.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from markupsafe import Markup

from penstock.stores.audit_entry import Json
from penstock_common.printable import one_line

MOST_ELEMENTS: Final = 100
"""More are told as a number: nobody reads such a drawing."""

_BOX: Final = (168, 42)
_STEP: Final = (238, 62)
_MARGIN: Final = 8
_CHARS: Final = 24


class Box(NamedTuple):
    """An element where it stands. `exits` lead to ids, by the names of outputs."""

    id: str
    kind: str
    about: str
    exits: tuple[tuple[str, str], ...]
    column: int
    row: int


def route_drawing(elements: Sequence[Json], name: str, marks: Mapping[str, str] | None = None) -> Markup:
    """The drawing of a checked route; its elements go on to the right. `marks` are words for some of them, by id, which
    the style knows and their titles say: `new`, `gone`, `changed`.
    """
    boxes, told = placed(elements[:MOST_ELEMENTS]), marks or {}
    by_id = {box.id: box for box in boxes}
    width = _STEP[0] * (1 + max((box.column for box in boxes), default=0))
    height = _STEP[1] * (1 + max((box.row for box in boxes), default=0))
    lines = [
        _line(box, by_id[target], label) for box in boxes for label, target in box.exits if target in by_id
    ]
    drawn = Markup("").join([*lines, *(_box(box, told.get(box.id, "")) for box in boxes)])
    counted = Counter(str(one.get("type")) for one in elements if isinstance(one, dict))
    kinds = ", ".join(f"{number} {one_line(kind)}" for kind, number in counted.items())
    return Markup(
        '<svg class="route" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img">'
        "<title>{2}</title><desc>{3}</desc>{4}</svg>"
    ).format(width, height, f"the route {one_line(name)}: {len(elements)} elements", kinds, drawn)


def placed(elements: Sequence[Json]) -> list[Box]:
    """Each element to the right of all that lead to it: in the row of the first that does, if that goes there first."""
    plain = [one for one in elements if isinstance(one, dict)]
    exits = {str(one.get("id")): tuple(_exits(one)) for one in plain}
    columns, rows = _columns(exits), _rows(exits)
    return [
        Box(name, str(one.get("type")), about(one), exits[name], columns[name], rows[name])
        for one, name in zip(plain, map(str, (one.get("id") for one in plain)), strict=True)
    ]


def _rows(exits: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, int]:
    """The first way of each goes on in its row, each other one takes a row of its own."""
    found: dict[str, int] = {}
    last = -1
    for begin in exits:
        waiting = [(begin, -1)]
        while waiting:
            name, row = waiting.pop()
            if name in found or name not in exits:
                continue
            if row < 0:
                last += 1
                row = last
            found[name] = row
            targets = [target for _, target in exits[name]]
            waiting += [(target, -1) for target in reversed(targets[1:])]
            waiting += [(target, row) for target in targets[:1]]
    return found


def _columns(exits: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, int]:
    """How far each is from the beginning, by the longest way; a checked route has no circles."""
    found = dict.fromkeys(exits, 0)
    for _ in exits:
        moved = False
        for element, outputs in exits.items():
            for _, target in outputs:
                if target in found and found[target] < found[element] + 1 <= len(exits):
                    found[target] = found[element] + 1
                    moved = True
        if not moved:
            break
    return found


def _exits(element: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    outputs = element.get("outputs")
    for name, target in outputs.items() if isinstance(outputs, dict) else ():
        if isinstance(target, dict):
            yield str(name), str(target.get("elementId"))


def about(element: Mapping[str, Json]) -> str:
    """What an element does, in a few words."""
    found = element.get("properties")
    properties: Mapping[str, Json] = found if isinstance(found, dict) else {}
    match element.get("type"):
        case "model":
            return f"{properties.get('provider')}/{properties.get('model')}"
        case "rate":
            unit = "USD" if properties.get("limitType") == "cost" else "calls"
            return (
                f"{properties.get('limit')} {unit} in {properties.get('window')} s by {properties.get('key')}"
            )
        case "conditional":
            return msgspec.json.encode(properties.get("conditions")).decode()
        case "percentage":
            return "by chance"
    return ""


def _box(box: Box, mark: str) -> Markup:
    left, top = _corner(box)
    whole = one_line(f"{box.kind} {box.id}: {box.about}" if box.about else f"{box.kind} {box.id}")
    kind = box.kind if box.kind in ("start", "model", "end") else "choice"
    return Markup(
        '<g class="node {0}"><title>{1}</title><rect x="{2}" y="{3}" width="{4}" height="{5}" rx="8"/>'
        '<text x="{6}" y="{7}">{8}</text><text class="more" x="{6}" y="{9}">{10}</text></g>'
    ).format(
        f"{kind} is-{mark}" if mark else kind,
        f"{mark}: {whole[:400]}" if mark else whole[:400],
        left,
        top,
        *_BOX,
        left + 10,
        top + 17,
        box.kind if box.kind != "end" else "answer",
        top + 33,
        _cut(box.about or box.id),
    )


def _line(box: Box, target: Box, label: str) -> Markup:
    left, top = _corner(box)
    right, end = _corner(target)
    place = [name for name, _ in box.exits].index(label)
    x, y = left + _BOX[0], top + _BOX[1] * (place + 1) / (len(box.exits) + 1)
    goal = end + _BOX[1] / 2
    return Markup('<g class="way {}"><path d="{}"/><text x="{}" y="{:.1f}">{}</text></g>').format(
        "falls" if label in ("fallback", "false") else "goes",
        _path(x, y, right, goal),
        x + 4,
        y - 3,
        "" if label in ("next", "success") else _cut(label, 9),
    )


def _path(x: float, y: float, right: float, goal: float) -> str:
    """Up and down between the columns, along a row: down at once, up at last, so that fewer boxes are in the way."""
    gap = _STEP[0] - _BOX[0]
    if right - x > gap and goal > y + _BOX[1]:
        turn, rest = (x, x + gap), f" H{right}"
    elif right - x > gap and goal < y - _BOX[1]:
        turn, rest = (right - gap, right), ""
    else:
        turn, rest = (x, right), ""
    half = gap / 2
    begin, end = turn
    return f"M{x} {y:.1f} H{begin} C{begin + half} {y:.1f} {end - half} {goal:.1f} {end} {goal:.1f}{rest}"


def _corner(box: Box) -> tuple[int, int]:
    return _MARGIN + box.column * _STEP[0], _MARGIN + box.row * _STEP[1]


def _cut(text: str, most: int = _CHARS) -> str:
    plain = one_line(text[: 4 * most])
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
