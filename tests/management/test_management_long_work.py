"""What a body or a query may make the management API work on has a bound, below which nobody notices."""

from __future__ import annotations

import time

import pytest
from management_kit import ENVIRON, GATEWAYS, Api

from conftest import OpenGateway
from penstock.stores.rollups import Having, fits
from support.loop_lag import LoopLag

SIZE = 4_000_000
LIMIT = 0.5  # seconds of one turn, the test's own part of it included


def filled(before: bytes, unit: bytes, after: bytes) -> bytes:
    """A body of nearly all that may come."""
    return before + unit * ((SIZE - len(before) - len(after)) // len(unit)) + after


BODIES = {
    "numbers": filled(b"[", b"1,", b"1]"),
    "objects": filled(b"[", b"{},", b"{}]"),
    "members": b"{" + b",".join(b'"%06d":1' % number for number in range(SIZE // 12)) + b"}",
    "long numbers": filled(b"[", b"9" * 4200 + b",", b"1]"),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_a_body_of_more_values_than_anybody_means_is_not_decoded(
    open_gateway: OpenGateway, body: bytes
) -> None:
    api = Api(await open_gateway("", ENVIRON))
    async with LoopLag() as lag:
        reply = await api.call("POST", GATEWAYS, content=body)
    (found,) = reply.problems(400)
    assert "more than 100000 values" in str(found["message"])
    assert lag.worst < LIMIT


ASK = """query($f: AccountAiGatewayRequestsAdaptiveGroupsFilter_InputObject) {
  viewer { accounts(filter: {accountTag: "acct"}) { aiGatewayRequestsAdaptiveGroups(limit: 1, filter: $f) { count } } }
}"""

FILTERS = {
    "all of": {"AND": [{"model": "a"}] * 3000},
    "all of some": {"AND": [{"OR": [{"model": "a"}] * 20}] * 1000},
    "times": {"AND": [{"datetime_geq": "2026-01-01T00:00:00Z"}] * 3000},
}


@pytest.mark.parametrize("where", FILTERS.values(), ids=FILTERS.keys())
async def test_a_filter_of_graphql_has_a_number_of_conditions(
    open_gateway: OpenGateway, where: dict[str, object]
) -> None:
    api = Api(await open_gateway("", ENVIRON))
    reply = await api.post("/graphql", {"query": ASK, "variables": {"f": where}})
    assert reply.status == 200
    assert "at most 200 conditions" in reply.json["errors"][0]["message"]


@pytest.mark.parametrize("pattern", ["%a" * 30 + "%b", "%_" * 30 + "%b", "%" * 200 + "b", "%aa%" * 8 + "b"])
def test_like_takes_no_longer_for_each_percent_sign(pattern: str) -> None:
    begun = time.thread_time()
    assert not fits("a" * 256, Having("gateway", "like", (pattern,)))
    assert time.thread_time() - begun < 1


@pytest.mark.parametrize(
    ("text", "pattern", "does"),
    [
        ("abcabd", "a%abd", True),
        ("abcabd", "%abc%abd", True),
        ("abab", "%ab", True),
        ("aXbXb", "a%b", True),
        ("ab", "a%b%b", False),
        ("a%b", "a\\%b", True),
        ("axb", "a\\%b", False),
        ("", "%", True),
        ("x", "%\\", False),
    ],
)
def test_like_is_what_it_was(text: str, pattern: str, does: bool) -> None:
    assert fits(text, Having("gateway", "like", (pattern,))) is does
