"""What is wrong with the elements of a route, and the reader that finds it out.

Knows no kind of element: those are in `elements.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple, cast

Path = tuple[str | int, ...]

_SHOWN = 60


class Finding(NamedTuple):
    """A problem, and the path that leads to it from the list of elements."""

    path: Path
    reason: str


class Fields:
    """An object of JSON whose fields are read one by one; what is wrong is collected. null is as good as left out."""

    def __init__(self, value: object, path: Path, findings: list[Finding], what: str) -> None:
        self.path = path
        self._findings = findings
        self._given: Mapping[str, object] = {}
        if isinstance(value, Mapping):
            self._given = {str(name): item for name, item in value.items() if item is not None}
        elif value is not None:
            self.wrong(f"{what} must be an object")

    def wrong(self, reason: str, *path: str | int) -> None:
        """One more problem."""
        self._findings.append(Finding((*self.path, *path), reason))

    def names(self) -> list[str]:
        """Of all fields that are there."""
        return list(self._given)

    def allow(self, names: Collection[str]) -> None:
        """Whatever else is there is a problem."""
        for name in self._given:
            if name not in names:
                known = ", ".join(names) or "nothing"
                self.wrong(f"unknown {name[:_SHOWN]!r}; known here: {known}", name)

    def raw(self, name: str) -> object:
        """As it is; None where it is not there."""
        return self._given.get(name)

    def inner(self, name: str) -> Fields:
        """The fields of a field."""
        return Fields(self._given.get(name), (*self.path, name), self._findings, name)

    def text(self, name: str, most: int) -> str:
        """Text that must be there; "" where it is not as it should be."""
        value = self._given.get(name)
        if isinstance(value, str) and 0 < len(value) <= most:
            return value
        self.wrong(f"{name} must be text of 1 to {most} characters", name)
        return ""

    def one_of(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        """One of some words."""
        value = self._given.get(name, default)
        if isinstance(value, str) and value in allowed:
            return value
        self.wrong(f"{name} must be one of {', '.join(allowed)}", name)
        return ""

    def number(self, name: str, least: float, most: float, *, whole: bool = False) -> float:
        """A number that must be there."""
        value = self._given.get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        found = cast(float, value) if is_number else least - 1
        if least <= found <= most and (not whole or found == int(found)):
            return found
        kind = "a whole number" if whole else "a number"
        self.wrong(f"{name} must be {kind} from {least} to {most}", name)
        return least

    def target(self, name: str, *, required: bool = True) -> str | None:
        """Where an output leads: `{"elementId": …}`. None where it does not."""
        value = self._given.get(name)
        if isinstance(value, Mapping) and isinstance(value.get("elementId"), str) and value["elementId"]:
            return str(value["elementId"])
        if value is not None:
            self.wrong('an output is {"elementId": "…"}, the id of another element', name)
        elif required:
            self.wrong(f"the output {name} is missing", name)
        return None
