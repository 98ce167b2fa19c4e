"""`Usage`: how much a call used, in one convention for all vendors.

Only the noun, and what all readers of vendors' usage objects share. Prices are not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from functools import reduce
from typing import Annotated

import msgspec

# Upper bound: what JSON numbers are safe for, and what every ledger can hold.
MOST_USAGE_BYTES = 65_536
"""Of a usage object; a longer one is none, and would be read for nothing."""

MOST_PARTS = 100_000
"""Of what is read part by part: elements of an answer, items of its output."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]

_STANDARD_TIERS = frozenset({"", "auto", "default", "standard"})
_MAX_TIER_CHARS = 32


class Usage(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Cloudflare's `usage_metadata` (the first five, 3.20), and each further count that has a price of its own.

    Every count is None where nothing is known of it; the ones after the first six are None also where the
    vendor says 0. Of all vendors alike:

    - `output_tokens` is all that was generated, reasoning and citations included.
    - `input_tokens` is the vendor's own number. Where that leaves cached tokens out (Anthropic, Bedrock),
      `cache_apart` is true, and `all_input_tokens` has them added.
    - Every further count of tokens is a part of `output_tokens` or of `all_input_tokens`.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    output_reasoning_tokens: int | None = None
    input_cached_tokens: int | None = None  # read from a cache
    input_cache_write_tokens: int | None = None  # whatever their lifetime
    input_cache_write_1h_tokens: int | None = None  # those of them that are kept for an hour
    input_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    input_video_tokens: int | None = None
    input_cached_audio_tokens: int | None = None
    input_cached_image_tokens: int | None = None
    output_audio_tokens: int | None = None
    output_image_tokens: int | None = None
    output_video_tokens: int | None = None
    output_citation_tokens: int | None = None
    web_searches: int | None = None
    file_searches: int | None = None
    input_audio_seconds: int | None = None  # of speech that is not counted in tokens
    results: int | None = None  # of an answer whose price depends on them (Parallel)
    search_units: int | None = None  # of reranking (Cohere)
    input_pages: int | None = None  # of documents that were read
    input_annotated_pages: int | None = None  # those of them that were annotated as well
    input_characters: int | None = None  # of text to be spoken, where the request tells it
    output_images: int | None = None  # of pictures that are not counted in tokens
    output_video_seconds: int | None = None
    reported_nano_usd: int | None = None  # what the provider says that it charges, in nano-dollars
    unreadable: int | None = (
        None  # counts that what went in or came out is made of, told in a way that makes no sense
    )
    service_tier: str | None = None  # where it is not the standard one: "priority", "flex", "fast", "batch"
    variant: str | None = None  # what else the price of pictures and videos goes by: "hd 1024x1792"
    answers: int | None = (
        None  # that these counts are the sum of; None: they are those of one, 0: nobody knows
    )
    estimated_input_tokens: int | None = None  # of what went in that which nobody told, counted from text
    estimated_output_tokens: int | None = None
    cache_apart: bool = False

    @property
    def tells_something(self) -> bool:
        """Whether there is anything beside what cannot be read."""
        return msgspec.structs.replace(self, unreadable=None) != Usage()

    @property
    def tells_both(self) -> bool:
        """Whether both ends are known."""
        return self.input_tokens is not None and self.output_tokens is not None

    @property
    def is_estimated(self) -> bool:
        """Whether some of its tokens were told by nobody."""
        return self.estimated_input_tokens is not None or self.estimated_output_tokens is not None

    @property
    def unmarked(self) -> Usage:
        """As if all of it had been told."""
        return msgspec.structs.replace(self, estimated_input_tokens=None, estimated_output_tokens=None)

    @property
    def told(self) -> Usage:
        """What is left without that which is estimated."""
        if not self.is_estimated:
            return self
        return msgspec.structs.replace(
            self,
            input_tokens=_without(self.input_tokens, self.estimated_input_tokens),
            output_tokens=_without(self.output_tokens, self.estimated_output_tokens),
            total_tokens=None,
            estimated_input_tokens=None,
            estimated_output_tokens=None,
        )

    @property
    def all_input_tokens(self) -> int | None:
        """All that went in, cached tokens included."""
        if not self.cache_apart or self.input_tokens is None:
            return self.input_tokens
        return self.input_tokens + (self.input_cached_tokens or 0) + (self.input_cache_write_tokens or 0)

    @property
    def input_of_each(self) -> int | None:
        """What went in for one answer, about; none, where nobody knows how many there were."""
        whole = self.all_input_tokens
        if self.answers is None or whole is None:
            return whole
        return whole // self.answers if self.answers else 0


_ENDS = ("input_tokens", "output_tokens", "total_tokens", "reported_nano_usd")
"""Of a sum with an unknown part, unknown as well."""

_SUMMED = [
    name
    for name in Usage.__struct_fields__
    if name not in ("service_tier", "variant", "answers", "cache_apart")
]


def added(one: Usage, other: Usage) -> Usage:
    """The sum of what several answers tell; of both service tiers the first."""
    found: dict[str, int | None] = {"answers": (one.answers or 1) + (other.answers or 1)}
    for name in _SUMMED:
        left, right = getattr(one, name), getattr(other, name)
        if left is None or right is None:
            found[name] = None if name in _ENDS else first_known(left, right)
        else:
            found[name] = left + right
    return msgspec.structs.replace(one, **found, cache_apart=one.cache_apart or other.cache_apart)


def with_units(usage: Usage | None, units: Usage | None) -> Usage | None:
    """With what the request tells of the work, where the answer does not count it in tokens itself."""
    if usage is None or units is None:
        return usage or units
    if usage.input_tokens is not None or usage.output_tokens is not None:
        return usage
    said = {name: getattr(units, name) for name in Usage.__struct_fields__ if getattr(usage, name) is None}
    return msgspec.structs.replace(usage, **said)


def sum_of(usages: Iterable[Usage | None]) -> Usage | None:
    """Of what is told; None where nothing is."""
    known = [usage for usage in usages if usage is not None]
    return reduce(added, known) if known else None


def _without(tokens: int | None, estimated: int | None) -> int | None:
    if tokens is None or estimated is None:
        return tokens
    return tokens - estimated if tokens > estimated else None


_APART = "all_input_tokens"


def to_metadata(usage: Usage) -> dict[str, int | str]:
    """`usage_metadata`: what is known; `all_input_tokens` where `input_tokens` leaves cached ones out."""
    said: dict[str, int | str] = msgspec.to_builtins(usage)
    if said.pop("cache_apart", False) and usage.all_input_tokens is not None:
        said[_APART] = usage.all_input_tokens
    return said


def from_metadata(said: Mapping[str, int | str]) -> Usage | None:
    """The usage that `to_metadata` was given; None for what is none."""
    try:
        usage = msgspec.convert(said, Usage)
    except msgspec.ValidationError:
        return None
    return msgspec.structs.replace(usage, cache_apart=True) if _APART in said else usage


def first_known(*values: int | None) -> int | None:
    """The first that is not None."""
    for value in values:
        if value is not None:
            return value
    return None


def total_of(told: int | None, tokens_in: int | None, tokens_out: int | None) -> int | None:
    """The vendor's total, or the sum of both ends."""
    if told is None and tokens_in is not None and tokens_out is not None:
        return tokens_in + tokens_out
    return told


def odd_among(odd: Set[str], counted: Set[str]) -> int | None:
    """How many of some counts made no sense, by their names; None for none."""
    return (len(odd & counted) or None) if odd else None


def holds_more(tokens_in: int | None, *parts: int | None) -> bool:
    """Whether parts of the input make more than it: then it does not include them."""
    return tokens_in is not None and any(parts) and sum(filter(None, parts)) > tokens_in


def special_tier(*names: str | None) -> str | None:
    """The first service tier that is not the standard one."""
    for name in names:
        if name and name.lower() not in _STANDARD_TIERS and len(name) <= _MAX_TIER_CHARS:
            return name.lower()
    return None
