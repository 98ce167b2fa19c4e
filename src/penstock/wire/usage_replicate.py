"""Replicate: a prediction's `metrics`, which tell tokens only of language models."""

from __future__ import annotations

import msgspec

from penstock.wire.usage_counts import Count, Usage, total_of


class _Metrics(msgspec.Struct, gc=False):
    input_token_count: Count | None = None
    output_token_count: Count | None = None


_decode = msgspec.json.Decoder(_Metrics).decode


def counts(data: msgspec.Raw) -> Usage | None:
    """The counts of a `metrics` object; None where it has none. May raise `UNREADABLE`."""
    said = _decode(data)
    tokens_in, tokens_out = said.input_token_count, said.output_token_count
    if tokens_in is None and tokens_out is None:
        return None
    return Usage(tokens_in, tokens_out, total_of(None, tokens_in, tokens_out))
