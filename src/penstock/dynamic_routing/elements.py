"""The elements of a dynamic route as nouns, and how one is read from JSON (Cloudflare 3.7).

What concerns several elements at once is in `graph.py`, conditions are in `conditions.py`, the older way of
writing elements is in `dialect.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Final

import msgspec

from penstock.dynamic_routing.conditions import check_conditions
from penstock.dynamic_routing.finding import Fields

MAX_TEXT: Final = 256
MAX_SHARES: Final = 5
MAX_TIMEOUT_MS: Final = 3_600_000
MAX_RETRIES: Final = 5
MAX_LIMIT: Final = 1e15
MAX_WINDOW_SECONDS: Final = 366 * 86_400
_WHOLE: Final = 100  # percent

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%", re.ASCII)


class Node(msgspec.Struct, frozen=True):
    """An element. `place` is its number in the list."""

    place: int
    id: str

    def exits(self) -> tuple[tuple[str, str], ...]:
        """Each output by name, with the id of the element it leads to."""
        return ()


class Start(Node, frozen=True):
    """Where each request begins."""

    next: str | None

    def exits(self) -> tuple[tuple[str, str], ...]:
        return _held(("next", self.next))


class Conditional(Node, frozen=True):
    """Two ways, by a query over metadata, body and headers."""

    conditions: object
    true: str | None
    false: str | None

    def exits(self) -> tuple[tuple[str, str], ...]:
        return _held(("true", self.true), ("false", self.false))


class Percentage(Node, frozen=True):
    """Several ways, by chance. `shares` are percents by output; `otherwise` has what is left of 100."""

    shares: tuple[tuple[str, Fraction, str | None], ...]
    otherwise: str | None

    def exits(self) -> tuple[tuple[str, str], ...]:
        return _held(*((name, target) for name, _, target in self.shares), ("else", self.otherwise))


class Rate(Node, frozen=True):
    """Below a limit `success`, above it `fallback`; without a fallback the request ends there."""

    limit_type: str  # `count` or `cost`
    key: str  # what is counted by: `metadata.user_id`
    limit: float  # requests, or US dollars
    window: float  # seconds
    technique: str  # `sliding` or `fixed`
    success: str | None
    fallback: str | None

    def exits(self) -> tuple[tuple[str, str], ...]:
        return _held(("success", self.success), ("fallback", self.fallback))


class Model(Node, frozen=True):
    """Asks a model. `fallback` is for when it does not answer, after all retries."""

    provider: str
    model: str
    timeout: float  # milliseconds
    retries: int
    success: str | None
    fallback: str | None

    def exits(self) -> tuple[tuple[str, str], ...]:
        return _held(("success", self.success), ("fallback", self.fallback))


class End(Node, frozen=True):
    """Answers with what the last model said, or with the error."""


Reader = Callable[[int, str, Fields], Node]


def read_element(place: int, fields: Fields) -> Node | None:
    """One element; None where it is of no known type. What is wrong is among the findings of `fields`."""
    element_id = fields.text("id", MAX_TEXT)
    kind = fields.one_of("type", tuple(_READERS))
    return _READERS[kind](place, element_id, fields) if kind else None


def _start(place: int, element_id: str, fields: Fields) -> Node:
    return Start(place, element_id, _outputs(fields, "next").target("next"))


def _conditional(place: int, element_id: str, fields: Fields) -> Node:
    properties = _properties(fields, "conditions")
    conditions = properties.raw("conditions")
    for path, reason in check_conditions(conditions):
        properties.wrong(reason, "conditions", *path)
    outputs = _outputs(fields, "true", "false")
    return Conditional(place, element_id, conditions, outputs.target("true"), outputs.target("false"))


def _percentage(place: int, element_id: str, fields: Fields) -> Node:
    outputs = fields.inner("outputs")
    shares = []
    for name in outputs.names():
        match = _SHARE.fullmatch(name)
        if match is not None:
            shares.append((name, Fraction(match[1]), outputs.target(name)))
        elif name != "else":
            outputs.wrong(f"{name[:MAX_TEXT]!r} is not a share such as 10%", name)
    found = Percentage(place, element_id, tuple(shares), outputs.target("else", required=False))
    _check_shares(found, outputs)
    return found


def _check_shares(node: Percentage, outputs: Fields) -> None:
    total = sum((share for _, share, _ in node.shares), Fraction())
    if not 1 <= len(node.shares) <= MAX_SHARES:
        outputs.wrong(f"there are {len(node.shares)} shares, allowed are 1 to {MAX_SHARES}")
    elif total > _WHOLE or (total < _WHOLE and node.otherwise is None):
        outputs.wrong(f"the shares sum to {float(total):g}%, not to 100%")


def _rate(place: int, element_id: str, fields: Fields) -> Node:
    properties = _properties(fields, "limitType", "key", "limit", "window", "technique")
    outputs = _outputs(fields, "success", "fallback")
    return Rate(
        place,
        element_id,
        properties.one_of("limitType", ("count", "cost")),
        properties.text("key", MAX_TEXT),
        properties.number("limit", 0, MAX_LIMIT),
        properties.number("window", 1, MAX_WINDOW_SECONDS),
        properties.one_of("technique", ("sliding", "fixed"), "sliding"),
        outputs.target("success"),
        outputs.target("fallback", required=False),
    )


def _model(place: int, element_id: str, fields: Fields) -> Node:
    properties = _properties(fields, "provider", "model", "timeout", "retries")
    outputs = _outputs(fields, "success", "fallback")
    return Model(
        place,
        element_id,
        properties.text("provider", MAX_TEXT),
        properties.text("model", MAX_TEXT),
        properties.number("timeout", 1, MAX_TIMEOUT_MS),
        int(properties.number("retries", 0, MAX_RETRIES, whole=True)),
        outputs.target("success"),
        outputs.target("fallback", required=False),
    )


def _end(place: int, element_id: str, fields: Fields) -> Node:
    _outputs(fields)
    return End(place, element_id)


_READERS: Final[dict[str, Reader]] = {
    "start": _start,
    "conditional": _conditional,
    "percentage": _percentage,
    "rate": _rate,
    "model": _model,
    "end": _end,
}


def _properties(fields: Fields, *names: str) -> Fields:
    properties = fields.inner("properties")
    properties.allow(names)
    return properties


def _outputs(fields: Fields, *names: str) -> Fields:
    outputs = fields.inner("outputs")
    outputs.allow(names)
    return outputs


def _held(*outputs: tuple[str, str | None]) -> tuple[tuple[str, str], ...]:
    return tuple((name, target) for name, target in outputs if target is not None)
