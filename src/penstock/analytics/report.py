"""What the roll-ups answered, as JSON: the shapes of the analytics endpoint.

Pure. Names and units are for the outside: USD, milliseconds, RFC 3339. The question is read in `parameters.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final

import msgspec

from penstock.analytics.times import text_of
from penstock.pricing.units import to_usd
from penstock.stores.rollups import Bucket, Group, Question, Sums, widened
from penstock.stores.sketch import Sketch, merged

Value = str | int | bool | None

SHARES: Final = (0.5, 0.9, 0.95, 0.99)

_FLAGS = ("cached", "rate_limited", "error")
_LETTERS = {"minute": "m", "hour": "h", "day": "d", "week": "w", "month": "mo"}


class Quantiles(msgspec.Struct, frozen=True):
    """Milliseconds that so many per cent of the calls did not exceed, within 4.4 %; None without calls."""

    p50: float | None
    """Half of the calls took no longer."""
    p90: float | None
    """Nine of ten calls took no longer."""
    p95: float | None
    """95 per cent of the calls took no longer."""
    p99: float | None
    """99 per cent of the calls took no longer."""


class Figures(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What some calls add up to. `cost` is USD, of the calls whose cost is known.

    `unpriced` is how many may have cost something that is not known. What is estimated is a part of the sums.
    `duration` and `first_byte` are there where `latencies` was asked for.
    """

    requests: int
    """Calls."""
    errors: int
    """Calls that failed."""
    cached: int
    """Calls answered from the cache."""
    rate_limited: int
    """Calls refused by a rate limit."""
    tokens_in: int
    """Tokens that were sent."""
    tokens_out: int
    """Tokens that came back."""
    cached_tokens_in: int
    """Tokens sent in calls that the cache answered."""
    cached_tokens_out: int
    """Tokens that came from the cache."""
    cost: float
    """US dollars, of the calls whose cost is known."""
    unpriced: int
    """Calls that may have cost something that is not known."""
    estimated: int
    """Calls whose answer did not tell all tokens: the rest is estimated from its text."""
    estimated_tokens_in: int
    """Those of the tokens that were sent."""
    estimated_tokens_out: int
    """Those of the tokens that came back."""
    estimated_cost: float
    """US dollars: the part of the cost that goes by such tokens, or by what runs are expected to come to."""
    duration: Quantiles | msgspec.UnsetType = msgspec.UNSET
    """To the end of the answer; with `latencies`."""
    first_byte: Quantiles | msgspec.UnsetType = msgspec.UNSET
    """To the first byte of the answer; with `latencies`."""


class GroupFigures(Figures, frozen=True, omit_defaults=True, kw_only=True):
    """One group: where its bucket begins (RFC 3339; None without buckets), and its value of each name in `by`.

    A status is a number, flags are true or false; None is a call without a model, without a known
    operation (of before these were told), or without that caller key.
    """

    begins_at: str | None
    """Where its bucket begins: RFC 3339; null without buckets."""
    dimensions: dict[str, Value]
    """Its value of each name in `by`."""


class Report(msgspec.Struct, frozen=True):
    """The answer. `since` and `until` are the times that were really answered for; `until` is not included."""

    since: str
    """The beginning of the time that was really answered for."""
    until: str
    """Its end, which is not included."""
    bucket: str
    """How long a bucket is: `1h`; `all` is one for the whole time."""
    by: tuple[str, ...]
    """What the groups differ by."""
    groups: list[GroupFigures]
    """The groups there are calls of."""
    totals: Figures
    """What all groups add up to."""


def report(question: Question, groups: Sequence[Group]) -> Report:
    """The answer to a question whose groups are these."""
    asked = widened(question)
    return Report(
        text_of(asked.since_us),
        text_of(asked.until_us),
        bucket_name(question.bucket),
        question.by,
        [_group(question, group) for group in groups],
        figures_of(total_of(group.sums for group in groups)),
    )


def bucket_name(bucket: Bucket | None) -> str:
    """`1h`, `1mo`, `all`."""
    return "all" if bucket is None else f"{bucket.length}{_LETTERS[bucket.unit]}"


def total_of(many: Iterable[Sums]) -> Sums:
    """What these add up to; latencies only where all have them."""
    all_of_them = tuple(many)
    if not all_of_them:
        return Sums()
    counts = {name: sum(getattr(sums, name) for sums in all_of_them) for name in _COUNTS}
    duration, first_byte = ([getattr(sums, name) for sums in all_of_them] for name in _SKETCHES)
    return Sums(**counts, duration=_all_of(duration), first_byte=_all_of(first_byte))


def value_of(name: str, text: str) -> Value:
    """A group's value as JSON has it."""
    if name in _FLAGS:
        return text == "1"
    if name == "status":
        return int(text)
    return text or None


def _group(question: Question, group: Group) -> GroupFigures:
    return GroupFigures(
        begins_at=None if question.bucket is None else text_of(group.begins_us),
        dimensions={name: value_of(name, text) for name, text in zip(question.by, group.values, strict=True)},
        **msgspec.structs.asdict(figures_of(group.sums)),
    )


_SKETCHES = ("duration", "first_byte")
_COUNTS = tuple(name for name in Sums.__struct_fields__ if name not in _SKETCHES)


def _all_of(sketches: Sequence[Sketch | None]) -> Sketch | None:
    known = [sketch for sketch in sketches if sketch is not None]
    return reduce(merged, known) if len(known) == len(sketches) else None


def figures_of(sums: Sums) -> Figures:
    """What some calls add up to, in the units of the outside."""
    return Figures(
        requests=sums.requests,
        errors=sums.errors,
        cached=sums.cached,
        rate_limited=sums.rate_limited,
        tokens_in=sums.tokens_in,
        tokens_out=sums.tokens_out,
        cached_tokens_in=sums.cached_tokens_in,
        cached_tokens_out=sums.cached_tokens_out,
        cost=to_usd(sums.cost_nano),
        unpriced=sums.unpriced,
        estimated=sums.estimated,
        estimated_tokens_in=sums.estimated_tokens_in,
        estimated_tokens_out=sums.estimated_tokens_out,
        estimated_cost=to_usd(sums.estimated_cost_nano),
        duration=_quantiles(sums.duration),
        first_byte=_quantiles(sums.first_byte),
    )


def _quantiles(sketch: Sketch | None) -> Quantiles | msgspec.UnsetType:
    if sketch is None:
        return msgspec.UNSET
    return Quantiles(*(None if one is None else round(one / 1000, 3) for one in sketch.quantiles(SHARES)))
