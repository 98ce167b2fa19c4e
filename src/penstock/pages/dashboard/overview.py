"""What happens, at a glance: what calls come to in a span of time, by what, and what needs somebody's attention.

The same sums as the analytics endpoint gives; who may see only some gateways gets the sums of these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from penstock.analytics.parameters import MAX_GROUPS, within
from penstock.analytics.report import Figures, Quantiles, figures_of, total_of
from penstock.analytics.times import MINUTE_US
from penstock.control.token_rights import seen_tokens
from penstock.management.analytics import Ask, asking
from penstock.management.resources import Resources
from penstock.pages.dashboard.attention import LEVELS, RECENT_MINUTES, Notice, notices
from penstock.pages.dashboard.limit_notices import Refused, limit_notices
from penstock.pages.dashboard.page import Visit, page, pages
from penstock.pages.dashboard.spans import SPANS, parts_of, span_of
from penstock.stores.rollups import Bucket, Group, Question, Sums, TooManyGroups
from penstock.time_text import rfc3339

_MOST: Final = 8
"""Rows of a list; the rest is told together."""

_LONGEST: Final = 80  # characters of a value that are shown; whoever calls has named it
_BY: Final = {
    "operation": "Operations",
    "provider": "Providers",
    "model": "Models",
    "gateway": "Gateways",
    "token": "Tokens",
    "user": "Users",
}
_TOGETHER: Final = (("operation",), ("provider", "model", "gateway"), ("token",), ("user",))
_SHOWN: Final = ("errors", "cost_nano", "tokens_in", "tokens_out", "rate_limited")
"""Sums of parts and tables, beside how many calls there were."""


class Part(msgspec.Struct, frozen=True):
    """One part of the span: when it begins, and what its calls come to. Money in USD."""

    begins_at: str
    begins_us: int
    requests: int
    errors: int
    cost: float
    tokens: int


class Slice(msgspec.Struct, frozen=True):
    """The calls that have one value: `value` empty is those without one, `others` counts values told together. `shown`
    is the beginning of a long value, `name` what a token is called, for who may see it.
    """

    value: str
    shown: str
    requests: int
    errors: int
    cost: float
    tokens: int
    others: int = 0
    name: str = ""


class Table(msgspec.Struct, frozen=True):
    """The calls of the span by one of their properties, the most of them first. `too_many`: there are more values than
    this, which are not told apart.
    """

    by: str
    title: str
    slices: tuple[Slice, ...]
    too_many: int = 0


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
    span = span_of(visit.given("span"))
    begins = parts_of(span, visit.now_us)
    since_us, until_us = begins[0], visit.now_us + 1
    with asking(resources) as ask:
        asked = _Asked(ask, visit)
        now, before = asked.total(since_us, until_us), asked.total(since_us - span.length_us, since_us)
        recent = asked.recent(visit.now_us - RECENT_MINUTES * MINUTE_US, until_us)
        parts = tuple(_parts(begins, asked.groups(since_us, until_us, bucket=span.bucket)))
        sums = {by: found for some in _TOGETHER for by, found in _told_apart(asked, since_us, until_us, some)}
    refused = Refused(span.word, _refused(sums["gateway"]), _refused(sums["token"]))
    found = [*notices(resources, visit, recent, now), *limit_notices(resources, visit, refused)]
    return Overview(
        span.word,
        tuple(SPANS),
        rfc3339(since_us),
        rfc3339(visit.now_us),
        _whole(figures_of(now)),
        _whole(figures_of(before)),
        parts,
        tuple(_tables(sums, _token_names(resources, visit))),
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

    def __init__(self, ask: Ask, visit: Visit) -> None:
        self._ask = ask
        self._account = visit.account
        self._gateways = visit.caller.gateways("metadata_read", visit.account)

    def total(self, since_us: int, until_us: int) -> Sums:
        """What all calls of this time come to, with their latencies."""
        question = Question(self._account, since_us, until_us, latencies=True, limit=MAX_GROUPS)
        return total_of(group.sums for group in self._answer(question))

    def recent(self, since_us: int, until_us: int) -> Sums:
        """How many calls there were in this time, and how many of them failed."""
        question = Question(self._account, since_us, until_us, limit=MAX_GROUPS, only=("errors",))
        return total_of(group.sums for group in self._answer(question))

    def groups(
        self, since_us: int, until_us: int, *, bucket: Bucket | None = None, by: tuple[str, ...] = ()
    ) -> Sequence[Group]:
        """The calls of this time by its parts, or by something else, with the sums that are shown."""
        return self._answer(
            Question(self._account, since_us, until_us, bucket, by, limit=MAX_GROUPS, only=_SHOWN)
        )

    def _answer(self, question: Question) -> Sequence[Group]:
        return self._ask(within(question, self._gateways))


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


def _refused(sums: Mapping[str, Sums] | None) -> Mapping[str, int]:
    return {value: one.rate_limited for value, one in (sums or {}).items() if one.rate_limited}


def _token_names(resources: Resources, visit: Visit) -> Mapping[str, str]:
    """By their ids, those that the visitor may see."""
    if not visit.caller.may("read", visit.account):
        return {}
    tokens = seen_tokens(resources.snapshot().tokens, visit.caller.token, visit.account)
    return {one.id: one.name for one in tokens}


def _tables(
    by_dimension: Mapping[str, Mapping[str, Sums] | None], token_names: Mapping[str, str]
) -> Iterator[Table]:
    for by, sums in by_dimension.items():
        slices = _slices(sums or {}, token_names if by == "token" else {})
        if sums is None or len(slices) > 1 or any(one.value for one in slices):
            yield Table(by, _BY[by], slices, too_many=MAX_GROUPS if sums is None else 0)


def _told_apart(
    asked: _Asked, since_us: int, until_us: int, together: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Sums] | None]]:
    """For each of these what its values come to, None where there are too many. What is kept together is asked for
    together, as long as it can be.
    """
    try:
        groups = asked.groups(since_us, until_us, by=together)
    except TooManyGroups:
        if len(together) == 1:
            yield together[0], None
        else:
            for by in together:
                yield from _told_apart(asked, since_us, until_us, (by,))
        return
    for place, by in enumerate(together):
        yield by, _by_value(groups, place)


def _by_value(groups: Sequence[Group], place: int) -> Mapping[str, Sums]:
    """What the groups with the same value in this place come to."""
    found = defaultdict[str, list[Sums]](list)
    for group in groups:
        found[group.values[place]].append(group.sums)
    return {value: sums[0] if len(sums) == 1 else total_of(sums) for value, sums in found.items()}


def _slices(sums: Mapping[str, Sums], names: Mapping[str, str]) -> tuple[Slice, ...]:
    found = sorted(sums.items(), key=lambda one: one[1].requests, reverse=True)
    slices = [_slice(value, one, name=names.get(value, "")) for value, one in found[:_MOST]]
    rest = found[_MOST:]
    if rest:
        slices.append(_slice("", total_of(one for _, one in rest), len(rest)))
    return tuple(slices)


def _slice(value: str, sums: Sums, others: int = 0, name: str = "") -> Slice:
    found = figures_of(sums)
    shown = value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"
    tokens = found.tokens_in + found.tokens_out
    return Slice(value, shown, found.requests, found.errors, found.cost, tokens, others, name)


PAGES = pages(overview)
