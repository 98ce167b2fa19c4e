"""Paths of unified calls, as programs put them together: any path is read, and always the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.unified_paths import (
    is_rest,
    looks_unified,
    rest_parts,
    tail_below,
    unified_tail,
    without_versions,
)

PARTS = st.lists(
    st.sampled_from(["", "v1", "chat", "completions", "models", "search", "compat", "acct", "V1", "a%2Fb"])
)


@given(PARTS, st.lists(st.sampled_from(["", "v1"])), PARTS)
def test_what_is_skipped_changes_nothing(before: list[str], skipped: list[str], after: list[str]) -> None:
    assert unified_tail([*skipped, *after]) == unified_tail(after)
    assert tail_below([*skipped, *after]) == tail_below(after)
    tail = unified_tail(after)
    assert tail is None or tail == tail_below(after)
    assert without_versions(["v1", *before]) == without_versions(before)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/client/v4/accounts/a/ai/run", True),
        (b"/client/v4/accounts/a/ai/", True),
        (b"/client/v4/accounts/a/ai", False),
        (b"/client/v4/accounts/a/ai?x=/y", False),
        (b"/client/v4/accounts/a/ai-gateway/gateways", False),
        (b"/client/v4/accounts/a/b/ai/run", False),
        (b"/client/v4/accounts//ai/run", True),
        (b"/client/v4/accounts/a/AI/run", False),
        (b"/v1/client/v4/accounts/a/ai/run", False),
        (b"", False),
    ],
)
def test_what_is_of_the_rest_api(path: bytes, expected: bool) -> None:
    assert is_rest(path) is expected


def test_parts_of_it() -> None:
    assert rest_parts("/client/v4/accounts/a/ai/run/@cf/x/y") == ("a", ["run", "@cf", "x", "y"])
    assert rest_parts("/client/v4/accounts/a/ai/") == ("a", [""])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_path(path: bytes) -> None:
    assert looks_unified(path) is looks_unified(path)
    assert looks_unified(b"/v1/" + path) in (True, False)


def test_long_paths_are_not_read_to_their_end() -> None:
    assert not looks_unified(b"/v1/" + b"x/" * 30_000 + b"chat/completions")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/v1/search", True),
        (b"/v1/v1/search", True),
        (b"/v1/acct/gw/compat/v1/search", True),
        (b"/v1/acct/gw/search", True),
        (b"/v1/acct/gw/exa/search", False),
        (b"/v1/acct/gw/parallel/v1/search", False),
        (b"/v1/acct/gw/research", False),
    ],
)
def test_searches_are_unified_where_no_provider_stands_before_them(path: bytes, expected: bool) -> None:
    assert looks_unified(path) is expected
