"""The spans of time that pages look at: how long, in how many parts, and the span before it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from penstock.analytics.times import DAY_US, HOUR_US, MINUTE_US
from penstock.stores.rollups import Bucket


class Span(NamedTuple):
    """`bucket` is how long each part of it is, `bucket_us` the same in microseconds."""

    word: str
    name: str
    length_us: int
    bucket: Bucket
    bucket_us: int


SPANS: Final[Mapping[str, Span]] = {
    span.word: span
    for span in (
        Span("1h", "hour", HOUR_US, Bucket("minute"), MINUTE_US),
        Span("24h", "day", DAY_US, Bucket("minute", 15), 15 * MINUTE_US),
        Span("7d", "week", 7 * DAY_US, Bucket("hour"), HOUR_US),
        Span("30d", "month", 30 * DAY_US, Bucket("hour", 6), 6 * HOUR_US),
    )
}
"""By the word that an address has for it."""

_DEFAULT: Final = "24h"


def span_of(word: str) -> Span:
    """The span of this word; a day for none, and for what is no such word."""
    return SPANS.get(word, SPANS[_DEFAULT])


def parts_of(span: Span, now_us: int) -> list[int]:
    """When each part of the span that ends now begins, the last one with the present in it."""
    last = now_us // span.bucket_us * span.bucket_us
    count = span.length_us // span.bucket_us
    return [last - number * span.bucket_us for number in reversed(range(count))]
