"""Small changes of a route without JSON: whom nodes ask and for how long, what limits allow, how chance is shared out.

Pure. What may stand in a field is left to the check of the elements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec

from penstock.management.reading import Pairs
from penstock.pages.dashboard.forms import number
from penstock.stores.audit_entry import Json

MOST_NODES: Final = 60
"""With fields of their own; what is more is changed as JSON."""

_FIELDS: Final[Mapping[str, tuple[tuple[str, str, Literal["text", "number"]], ...]]] = {
    "model": (
        ("provider", "Provider", "text"),
        ("model", "Model", "text"),
        ("timeout", "Timeout, ms", "number"),
        ("retries", "Retries", "number"),
    ),
    "rate": (
        ("key", "Counted by", "text"),
        ("limit", "Limit", "number"),
        ("window", "Seconds", "number"),
    ),
}
_OTHERWISE: Final = "else"


class Value(msgspec.Struct, frozen=True):
    """A field of a node: `name` is that of the form's field."""

    name: str
    label: str
    kind: Literal["text", "number"]
    value: str


class Node(msgspec.Struct, frozen=True):
    """A node with the fields that can be changed."""

    id: str
    kind: str
    values: tuple[Value, ...]


def nodes_of(elements: Sequence[Json]) -> tuple[Node, ...]:
    """The first nodes that have such fields."""
    found = [
        Node(str(one.get("id")), str(one.get("type")), values)
        for place, one in enumerate(elements)
        if isinstance(one, Mapping) and (values := tuple(_values(place, one)))
    ]
    return tuple(found[:MOST_NODES])


def with_values(elements: Sequence[Json], form: Pairs) -> list[Json]:
    """The elements with what a form says; what it does not name stays."""
    given = dict(form)
    return [
        _changed(place, one, given) if isinstance(one, Mapping) else one for place, one in enumerate(elements)
    ]


def _values(place: int, element: Mapping[str, Json]) -> Iterator[Value]:
    properties = _part(element, "properties")
    for name, label, kind in _FIELDS.get(str(element.get("type")), ()):
        yield Value(_named(place, name), label, kind, _text(properties.get(name)))
    for number_of, (share, target) in enumerate(_shares(element)):
        label = f"Percent to {target}"
        yield Value(_named(place, f"share{number_of}"), label, "number", share.removesuffix("%"))


def _changed(place: int, element: Mapping[str, Json], given: Mapping[str, str]) -> Json:
    properties = dict(_part(element, "properties"))
    for name, _, kind in _FIELDS.get(str(element.get("type")), ()):
        sent = given.get(_named(place, name))
        if (
            sent is not None and sent.split() != _text(properties.get(name)).split()
        ):  # browsers take blanks out
            properties[name] = number(sent) if kind == "number" else sent.strip()
    new = {**element, "properties": properties} if properties else dict(element)
    if element.get("type") == "percentage":
        new["outputs"] = _shared_out(place, element, given)
    return new


def _shared_out(place: int, element: Mapping[str, Json], given: Mapping[str, str]) -> dict[str, Json]:
    """Shares are names, and each name stands once: of two that are equal, one gets a digit more."""
    names = {share: _named(place, f"share{order}") for order, (share, _) in enumerate(_shares(element))}
    found: dict[str, Json] = {}
    for name, target in _part(element, "outputs").items():
        sent = given.get(names.get(name, ""))
        share = name if sent is None else f"{sent.strip().removesuffix('%')}%"
        while share in found:
            share = f"{share[:-1]}{'0' if '.' in share else '.0'}%"
        found[share] = target
    return found


def _shares(element: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """The shares of a node that chooses by chance, with where they lead; what is left over has none."""
    if element.get("type") == "percentage":
        for share, target in _part(element, "outputs").items():
            if share != _OTHERWISE and isinstance(target, Mapping):
                yield share, str(target.get("elementId"))


def _part(element: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    found = element.get(name)
    return found if isinstance(found, Mapping) else {}


def _named(place: int, name: str) -> str:
    return f"node{place}.{name}"


def _text(value: Json) -> str:
    return (
        value if isinstance(value, str) else msgspec.json.encode(value).decode() if value is not None else ""
    )
