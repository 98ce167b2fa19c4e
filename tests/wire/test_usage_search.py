"""What answers to searches tell of their price: dollars of Exa, credits of Tavily (search and runs A5)."""

from __future__ import annotations

import pytest

from penstock.wire.usage import Usage, read_answer


def usage(body: bytes) -> Usage | None:
    return read_answer("application/json", "", body).usage


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            b'{"results":[{},{}],"costDollars":{"total":0.007,"search":{"neural":0.007}}}',
            Usage(results=2, reported_nano_usd=7_000_000),
        ),
        (b'{"answer":"x","costDollars":{"total":0}}', Usage(reported_nano_usd=0)),
        (b'{"results":[{}],"usage":{"credits":2}}', Usage(results=1, search_units=2)),
        (b'{"results":[],"usage":{"credits":0}}', Usage(results=0, search_units=0)),
    ],
)
def test_it_is_told(body: bytes, told: Usage) -> None:
    assert usage(body) == told


@pytest.mark.parametrize(
    "body",
    [
        b'{"results":[{}]}',
        b'{"costDollars":0.007}',
        b'{"costDollars":{"total":-1}}',
        b'{"costDollars":{"total":"0.007"}}',
        b'{"costDollars":{"total":NaN}}',
        b'{"costDollars":[]}',
        b'{"usage":{"credits":-1}}',
        b'{"usage":{"credits":"many"}}',
        b'{"usage":[],"credits":5}',
        b'{"text":"\\"costDollars\\":{\\"total\\":5}"}',
        b'{"results":[' + b"{}," * 200_000 + b'{}],"costDollars":{"total":1}}',
    ],
    ids=range(11),
)
def test_what_makes_no_sense_tells_nothing(body: bytes) -> None:
    assert usage(body) is None


def test_a_price_beyond_all_bounds_is_the_highest_there_is() -> None:
    told = usage(b'{"costDollars":{"total":1e300}}')
    assert told is not None
    assert told.reported_nano_usd == 10**15
