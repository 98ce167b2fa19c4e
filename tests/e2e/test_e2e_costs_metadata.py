"""Metadata as the log keeps it: the first five entries, or nothing (Cloudflare 2.4, 3.18, B7, B8)."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from limit_kit import CHAT, GPT, metadata, one_row, plain, rule, spending

from conftest import Connect, OpenGateway
from penstock.calls.log_record import LogRecord
from support.client import Header
from support.upstream import Upstream


async def logged(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, body: bytes, *headers: Header
) -> LogRecord:
    """The row of one call."""
    gateway = await open_gateway(plain(upstream.url))
    return await one_row(gateway, await connect(gateway.url), path, body, *headers)


async def test_the_first_five_of_seven(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """B7."""
    header = metadata(g=1, f="two", e=True, d=4.5, c=False, b=6, a=7)
    row = await logged(open_gateway, upstream, connect, CHAT, GPT, header)
    assert list(row.metadata.items()) == [("g", 1), ("f", "two"), ("e", True), ("d", 4.5), ("c", False)]


@pytest.mark.parametrize("place", range(7))
@pytest.mark.parametrize("bad", [{"c": 1}, {}, [], None])
async def test_nested_metadata_is_dropped_as_a_whole(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, bad: object, place: int
) -> None:
    """B8; also where it stands behind the fifth entry, or under a reserved key."""
    entries: dict[str, object] = {f"k{number}": number for number in range(7)}
    entries[f"k{place}"] = bad
    row = await logged(open_gateway, upstream, connect, CHAT, GPT, metadata(**entries))
    assert (row.status_code, row.metadata) == (200, {})


NAMES = st.one_of(st.text(max_size=6), st.sampled_from(["cf.user_id", "cf.", "user", "\x1f", "__proto__"]))
SCALARS = st.one_of(
    st.text(max_size=12),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
)
NESTED = st.one_of(
    st.none(), st.lists(SCALARS, max_size=2), st.dictionaries(st.text(max_size=2), SCALARS, max_size=2)
)
OBJECTS = st.dictionaries(NAMES, st.one_of(SCALARS, SCALARS, SCALARS, NESTED), max_size=8)
GARBAGE = st.one_of(
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40),
    st.sampled_from(
        ['{"a":1', '{"a":1}}', "[1]", "7", "null", '"a"', "{}", '{"a":"\\ud800"}', '{"a":1e999}', "[" * 9000]
    ),
)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(OBJECTS, GARBAGE), min_size=30, max_size=30))
async def test_any_metadata(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, values: list[dict[str, object] | str]
) -> None:
    """Cloudflare 2.4: the call goes on, and the log has the first five entries, with their types, or nothing."""
    text = spending(upstream.url, rule(100, metadata={"user": {"mode": "partition"}}))
    gateway = await open_gateway(text)
    client = await connect(gateway.url)
    for value in values:
        header = value if isinstance(value, str) else json.dumps(value)
        assert (await client.ask("POST", CHAT, ("cf-aig-metadata", header), body=b"{}")).status == 200, header
    for value, row in zip(values, await gateway.rows(len(values)), strict=True):
        if isinstance(value, str) or any(
            isinstance(one, dict | list) or one is None for one in value.values()
        ):
            assert row.metadata == {} or isinstance(value, str)
            assert all(isinstance(one, str | int | float | bool) for one in row.metadata.values())
            continue
        kept = [(key, one) for key, one in value.items() if not key.startswith("cf.")][:5]
        assert list(row.metadata.items()) == kept
        assert [type(one) for one in row.metadata.values()] == [type(one) for _, one in kept]
