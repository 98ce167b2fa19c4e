"""The elements of a dynamic route as nouns (Cloudflare 3.7): their fields and ranges, and where each leads.

What concerns several elements at once is in `graph.py`, conditions are in `conditions.py`, the older way of
writing elements is in `dialect.py`; the check that holds all of it together is in `check.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

MAX_SHARES: Final = 5
WHOLE: Final = 100
"""Percent."""

OTHERWISE: Final = "else"
_SHARE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%", re.ASCII)

Text = Annotated[str, Meta(min_length=1, max_length=256)]
Limit = Annotated[float, Meta(ge=0, le=1e15)]
Seconds = Annotated[float, Meta(ge=1, le=366 * 86_400)]
Milliseconds = Annotated[float, Meta(ge=1, le=3_600_000)]
Retries = Annotated[int, Meta(ge=0, le=5)]
Share = Annotated[
    str,
    Meta(pattern=r"^(?:[0-9]{1,3}(?:\.[0-9]{1,6})?%|else)\Z", description='a share such as "10%", or "else"'),
]


class Target(msgspec.Struct, frozen=True):
    """Where an output leads."""

    element: Text = msgspec.field(name="elementId")


class Element(msgspec.Struct, frozen=True):
    """What every element has, whatever its type."""

    id: Text
    type: Literal["start", "conditional", "percentage", "rate", "model", "end"]


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Properties or outputs: here, other names are mistakes."""


class StartOutputs(Closed, frozen=True):
    """One way."""

    next: Target


class Start(Element, frozen=True):
    """Where each request begins."""

    outputs: StartOutputs


class ConditionalProperties(Closed, frozen=True):
    """A query over metadata, body and headers."""

    conditions: object


class ConditionalOutputs(Closed, frozen=True):
    """Two ways."""

    true: Target
    false: Target


class Conditional(Element, frozen=True):
    """Two ways, by a query."""

    properties: ConditionalProperties
    outputs: ConditionalOutputs


class Percentage(Element, frozen=True):
    """Several ways, by chance; what the shares leave of 100 percent goes to `else`."""

    outputs: Mapping[Share, Target]

    def shares(self) -> list[Fraction]:
        """Percents, without what `else` has."""
        found = map(_SHARE.fullmatch, self.outputs)
        return [Fraction(match[1]) for match in found if match is not None]


class RateProperties(Closed, frozen=True):
    """What is counted, by what (`metadata.user_id`), and how much may be: requests, or US dollars."""

    limit_type: Literal["count", "cost"] = msgspec.field(name="limitType")
    key: Text
    limit: Limit
    window: Seconds
    technique: Literal["sliding", "fixed"] = "sliding"


class TriedOutputs(Closed, frozen=True):
    """Two ways; without a fallback the request ends there."""

    success: Target
    fallback: Target | None = None


class Rate(Element, frozen=True):
    """Below a limit `success`, above it `fallback`."""

    properties: RateProperties
    outputs: TriedOutputs


class ModelProperties(Closed, frozen=True):
    """Whom to ask, for how long, and how often again."""

    provider: Text
    model: Text
    timeout: Milliseconds
    retries: Retries


class Model(Element, frozen=True):
    """Asks a model. `fallback` is for when it does not answer, after all retries."""

    properties: ModelProperties
    outputs: TriedOutputs


class End(Element, frozen=True):
    """Answers with what the last model said, or with the error."""

    outputs: Closed


KINDS: Final[Mapping[str, type[Element]]] = {
    "start": Start,
    "conditional": Conditional,
    "percentage": Percentage,
    "rate": Rate,
    "model": Model,
    "end": End,
}
