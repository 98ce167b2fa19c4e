"""What searches of other vendors than Parallel cost by their own answers: dollars of Exa, credits of Tavily.

Other vendors' answers tell nothing of it. Prices are not here.
"""

from __future__ import annotations

import msgspec

from penstock.wire.tolerant_json import read
from penstock.wire.usage_cost import dollars
from penstock.wire.usage_counts import MOST_PARTS, Count, Usage

_ABSENT = msgspec.Raw()

_MARKS = (b'"costDollars"', b'"credits"')  # one of them stands in each of these answers


class _Cost(msgspec.Struct, gc=False):
    total: msgspec.Raw = _ABSENT


class _Credits(msgspec.Struct, gc=False):
    credits: Count | None = None


class _Result(msgspec.Struct, gc=False):
    pass


class _Searched(msgspec.Struct, gc=False):
    cost: _Cost | None = msgspec.field(name="costDollars", default=None)
    usage: _Credits | None = None
    results: list[_Result] | None = None


def counts(data: bytes) -> Usage | None:
    """What an answer tells; None where that is nothing. May raise `UNREADABLE`."""
    if not any(mark in data for mark in _MARKS) or data.count(b"{") > MOST_PARTS:
        return None
    said, _ = read(_Searched, data)
    total = None if said.cost is None else dollars(said.cost.total)
    units = None if said.usage is None else said.usage.credits
    if total is None and units is None:
        return None
    found = None if said.results is None else len(said.results)
    return Usage(results=found, search_units=units, reported_nano_usd=total)
