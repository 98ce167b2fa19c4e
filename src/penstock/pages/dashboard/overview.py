"""What happens, at a glance: what calls come to in a span of time, by what, and what needs somebody's attention.

The same sums as the analytics endpoint gives; who may see only some gateways gets the sums of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from penstock.analytics.parameters import MAX_GROUPS, within
from penstock.analytics.report import Figures, Quantiles, figures_of, total_of
from penstock.analytics.times import MINUTE_US
from penstock.management.analytics import answered
from penstock.management.resources import Resources
from penstock.pages.dashboard.attention import LEVELS, RECENT_MINUTES, Notice, notices
from penstock.pages.dashboard.limit_notices import Refused, limit_notices
from penstock.pages.dashboard.page import Visit, page, pages
from penstock.pages.dashboard.spans import SPANS, Span, parts_of, span_of
from penstock.stores.rollups import Group, Question, Sums
from penstock.time_text import rfc3339

_MOST: Final = 8
"""Rows of a list; the rest is told together."""

_BY: Final = {
    "operation": "Operations",
    "provider": "Providers",
    "model": "Models",
    "gateway": "Gateways",
    "token": "Tokens",
    "user": "Users",
}


class Part(msgspec.Struct, frozen=True):
    """One part of the span: when it begins, and what its calls come to. Money in USD."""

    begins_at: str
    begins_us: int
    requests: int
    errors: int
    cost: float
    tokens: int


class Slice(msgspec.Struct, frozen=True):
    """The calls that have one value: `value` empty is those without one, `others` counts values told together."""

    value: str
    requests: int
    errors: int
    cost: float
    tokens: int
    others: int = 0


class Table(msgspec.Struct, frozen=True):
    """The calls of the span by one of their properties, the most of them first."""

    by: str
    title: str
    slices: tuple[Slice, ...]


class Overview(msgspec.Struct, frozen=True):
    """`before` is the span of the same length that ends where this one begins."""

    span: str
    spans: tuple[str, ...]
    since: str
    until: str
    now: Figures
    before: Figures
    parts: tuple[Part, ...]
    tables: tuple[Table, ...]
    notices: tuple[Notice, ...]


@page("/accounts/{account}/overview", "overview.html", permission="metadata_read", title="Overview")
def overview(resources: Resources, visit: Visit) -> Overview:
    """What calls of an account came to in a span of time."""
    span, asked = span_of(visit.given("span")), _Asked(resources, visit)
    begins = parts_of(span, visit.now_us)
    since_us, until_us = begins[0], visit.now_us + 1
    now, before = asked.total(since_us, until_us), asked.total(since_us - span.length_us, since_us)
    recent = asked.total(visit.now_us - RECENT_MINUTES * MINUTE_US, until_us)
    groups = {by: asked.groups(since_us, until_us, by=(by,)) for by in _BY}
    refused = Refused(span.word, _refused(groups["gateway"]), _refused(groups["token"]))
    found = [*notices(resources, visit, recent, now), *limit_notices(resources, visit, refused)]
    return Overview(
        span.word,
        tuple(SPANS),
        rfc3339(since_us),
        rfc3339(visit.now_us),
        _whole(figures_of(now)),
        _whole(figures_of(before)),
        tuple(_parts(begins, asked.groups(since_us, until_us, span=span))),
        tuple(_tables(groups)),
        tuple(sorted(found, key=lambda one: LEVELS.index(one.level))),
    )


def _whole(figures: Figures) -> Figures:
    """With quantiles also where there were no calls."""
    if figures.duration is not msgspec.UNSET:
        return figures
    none = Quantiles(None, None, None, None)
    return msgspec.structs.replace(figures, duration=none, first_byte=none)


class _Asked:
    """Questions to the roll-ups, of what the visitor may see."""

    def __init__(self, resources: Resources, visit: Visit) -> None:
        self._resources = resources
        self._account = visit.account
        self._gateways = visit.caller.gateways("metadata_read", visit.account)

    def total(self, since_us: int, until_us: int) -> Sums:
        """What all calls of this time come to, with their latencies."""
        question = Question(self._account, since_us, until_us, latencies=True, limit=MAX_GROUPS)
        return total_of(group.sums for group in self._answer(question))

    def groups(
        self, since_us: int, until_us: int, *, span: Span | None = None, by: tuple[str, ...] = ()
    ) -> Sequence[Group]:
        """The calls of this time by the parts of the span, or by something else."""
        bucket = None if span is None else span.bucket
        return self._answer(Question(self._account, since_us, until_us, bucket, by, limit=MAX_GROUPS))

    def _answer(self, question: Question) -> Sequence[Group]:
        return answered(self._resources, within(question, self._gateways))


def _parts(begins: Sequence[int], groups: Sequence[Group]) -> Iterator[Part]:
    """Each part of the span, also those without calls."""
    sums = {group.begins_us: group.sums for group in groups}
    for begins_us in begins:
        found = figures_of(sums.get(begins_us, Sums()))
        yield Part(
            rfc3339(begins_us),
            begins_us,
            found.requests,
            found.errors,
            found.cost,
            found.tokens_in + found.tokens_out,
        )


def _refused(groups: Sequence[Group]) -> Mapping[str, int]:
    return {one.values[0]: one.sums.rate_limited for one in groups if one.sums.rate_limited}


def _tables(groups: Mapping[str, Sequence[Group]]) -> Iterator[Table]:
    for by, title in _BY.items():
        slices = _slices(groups[by])
        if len(slices) > 1 or any(one.value for one in slices):
            yield Table(by, title, slices)


def _slices(groups: Sequence[Group]) -> tuple[Slice, ...]:
    found = sorted(groups, key=lambda group: group.sums.requests, reverse=True)
    slices = [_slice(group.values[0], group.sums) for group in found[:_MOST]]
    rest = found[_MOST:]
    if rest:
        slices.append(_slice("", total_of(group.sums for group in rest), len(rest)))
    return tuple(slices)


def _slice(value: str, sums: Sums, others: int = 0) -> Slice:
    found = figures_of(sums)
    return Slice(value, found.requests, found.errors, found.cost, found.tokens_in + found.tokens_out, others)


PAGES = pages(overview)
