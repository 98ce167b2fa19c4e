"""Replicate: a prediction's `metrics`, which tell tokens only of language models."""

from __future__ import annotations

import msgspec

from penstock.wire.tolerant_json import read
from penstock.wire.usage_counts import Count, Usage, odd_among, total_of


class _Metrics(msgspec.Struct, gc=False):
    input_token_count: Count | None = None
    output_token_count: Count | None = None


_COUNTED = frozenset({"input_token_count", "output_token_count"})


def counts(data: msgspec.Raw) -> Usage | None:
    """The counts of a `metrics` object; None where it has none. May raise `UNREADABLE`."""
    said, odd = read(_Metrics, data)
    tokens_in, tokens_out = said.input_token_count, said.output_token_count
    if tokens_in is None and tokens_out is None:
        return None
    total = total_of(None, tokens_in, tokens_out)
    return Usage(tokens_in, tokens_out, total, unreadable=odd_among(odd, _COUNTED))
