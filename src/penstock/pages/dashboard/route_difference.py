"""What differs between two versions of a route: nodes that came and went, fields that changed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec

from penstock.stores.audit_entry import Json

Mark = Literal["new", "gone", "changed"]

_SHOWN: Final = 300  # characters of a value
_PARTS: Final = ("properties", "outputs")


class Difference(msgspec.Struct, frozen=True):
    """One field of a node; `before` and `after` are empty where there was or is none."""

    node: str
    field: str
    before: str
    after: str


def differences(before: Sequence[Json], after: Sequence[Json]) -> tuple[Difference, ...]:
    """Node by node, in the order of the newer version; the order alone is no difference."""
    old, new = ({name: dict(_fields(one)) for name, one in _by_id(some).items()} for some in (before, after))
    return tuple(_differences(old, new))


def marks(before: Sequence[Json], after: Sequence[Json]) -> dict[str, Mark]:
    """Which nodes differ, by their ids: for a drawing of either of both."""
    old, new = _by_id(before), _by_id(after)
    found: dict[str, Mark] = {name: "gone" for name in old if name not in new}
    for name, element in new.items():
        if old.get(name) != element:
            found[name] = "changed" if name in old else "new"
    return found


def _differences(
    before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]
) -> Iterator[Difference]:
    for name in dict.fromkeys((*after, *before)):
        old, new = before.get(name, {}), after.get(name, {})
        for field in dict.fromkeys((*old, *new)):
            if old.get(field) != new.get(field):
                yield Difference(name, field, _short(old.get(field, "")), _short(new.get(field, "")))


def _by_id(elements: Sequence[Json]) -> dict[str, Mapping[str, Json]]:
    return {str(one.get("id")): one for one in elements if isinstance(one, Mapping)}


def _fields(element: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    for name, value in element.items():
        if name in _PARTS and isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", _text(one)) for inner, one in value.items())
        elif name != "id":
            yield name, _text(value)


def _text(value: Json) -> str:
    """A value as a cell holds it; of an output, where it leads."""
    if isinstance(value, Mapping) and list(value) == ["elementId"]:
        value = value["elementId"]
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
