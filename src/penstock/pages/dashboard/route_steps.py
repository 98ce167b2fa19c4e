"""A route as a list of numbered steps, for those who read rather than look: what its drawing shows. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from penstock.pages.dashboard.route_drawing import placed
from penstock.stores.audit_entry import Json


class Way(msgspec.Struct, frozen=True):
    """Where an output leads: to the step of this number, 0 where there is none."""

    output: str
    step: int
    id: str


class Step(msgspec.Struct, frozen=True):
    """A node, and where it leads."""

    id: str
    kind: str
    about: str
    ways: tuple[Way, ...]


def steps(elements: Sequence[Json]) -> tuple[Step, ...]:
    """From the start on, as the drawing goes from left to right."""
    boxes = sorted(placed(elements), key=lambda box: (box.column, box.row))
    numbers = {box.id: number for number, box in enumerate(boxes, 1)}
    return tuple(
        Step(
            box.id,
            box.kind,
            box.about,
            tuple(Way(name, numbers.get(target, 0), target) for name, target in box.exits),
        )
        for box in boxes
    )
