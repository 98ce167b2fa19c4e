"""Controls over caching, retries and stored keys: ranges, older names, steps over requests (Cloudflare 2.1, 2.3)."""

from __future__ import annotations

import re
from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.controls import NO_CONTROLS, Controls, merged, parse_controls

ALL_NAMES = (
    b"cf-aig-authorization",
    b"cf-aig-event-id",
    b"cf-aig-metadata",
    b"cf-aig-collect-log",
    b"cf-aig-collect-log-payload",
    b"cf-aig-request-timeout",
    b"cf-aig-cache-ttl",
    b"cf-cache-ttl",
    b"cf-aig-skip-cache",
    b"cf-skip-cache",
    b"cf-aig-cache-key",
    b"cf-aig-max-attempts",
    b"cf-aig-retry-delay",
    b"cf-aig-backoff",
    b"cf-aig-byok-alias",
    b"cf-aig-no-wholesale",
    b"cf-aig-custom-cost",
    b"cf-aig-otel-trace-id",
)
VALUES = st.one_of(
    st.binary(max_size=40),
    st.integers(-10, 3_000_000).map(lambda number: b"%d" % number),
    st.sampled_from([b"true", b"false", b"linear", b"constant", b'{"user":"a"}', b"main", b" 60 "]),
)
HEADERS = st.lists(st.tuples(st.sampled_from(ALL_NAMES), VALUES), max_size=10)
CONTROLS = HEADERS.map(parse_controls)
OVERRIDABLE = (
    "collect_log",
    "timeout",
    "cache_ttl",
    "skip_cache",
    "cache_key",
    "max_attempts",
    "retry_delay",
    "backoff",
    "byok_alias",
    "custom_cost",
    "metadata",
)


def only(name: bytes, value: bytes) -> Controls:
    """The controls of a request with this one header."""
    return parse_controls([(name, value)])


@given(HEADERS)
def test_whatever_is_sent_every_control_is_within_its_range(headers: list[tuple[bytes, bytes]]) -> None:
    controls = parse_controls(headers)
    assert controls.cache_ttl is None or controls.cache_ttl == 0 or 60 <= controls.cache_ttl <= 2_592_000
    assert controls.skip_cache in (True, False, None)
    assert len(controls.cache_key) <= 1024
    assert not any(byte < 0x20 or byte == 0x7F for byte in controls.cache_key)
    assert controls.cache_key.decode().encode() == controls.cache_key
    assert controls.max_attempts in (None, 1, 2, 3, 4, 5)
    assert controls.retry_delay is None or 0 <= controls.retry_delay <= 60_000
    assert controls.backoff in (None, "constant", "linear", "exponential")
    assert re.fullmatch(r"[A-Za-z0-9_.-]{0,64}", controls.byok_alias)
    assert controls.no_wholesale in (True, False, None)


@given(HEADERS, HEADERS)
def test_the_last_of_a_repeated_control_counts(
    first: list[tuple[bytes, bytes]], second: list[tuple[bytes, bytes]]
) -> None:
    assert parse_controls(first + second) == parse_controls(dict(first + second).items())


@given(
    st.dictionaries(st.sampled_from(ALL_NAMES), VALUES).flatmap(lambda d: st.permutations(list(d.items())))
)
def test_the_order_of_different_controls_does_not_matter(headers: list[tuple[bytes, bytes]]) -> None:
    assert parse_controls(headers) == parse_controls(sorted(headers))


@pytest.mark.parametrize("name", [b"cf-aig-cache-ttl", b"cf-cache-ttl"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"0", 0),
        (b"60", 60),
        (b" 300 ", 300),
        (b"2592000", 2_592_000),
        (b"1", None),
        (b"59", None),
        (b"2592001", None),
        (b"-60", None),
        (b"60.0", None),
        (b"1h", None),
        (b"9" * 5000, None),
        ("٦٠".encode(), None),
        (b"", None),
    ],
)
def test_cache_ttl(name: bytes, value: bytes, expected: int | None) -> None:
    assert only(name, value).cache_ttl == expected


@pytest.mark.parametrize("name", [b"cf-aig-skip-cache", b"cf-skip-cache"])
@pytest.mark.parametrize(
    ("value", "expected"), [(b"true", True), (b" False ", False), (b"1", None), (b"yes", None), (b"", None)]
)
def test_skip_cache(name: bytes, value: bytes, expected: bool | None) -> None:
    assert only(name, value).skip_cache is expected


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("today", "older", "expected"),
    [(b"60", b"90", 60), (b"0", b"90", 0), (b"59", b"90", 90), (b"", b"90", 90), (b"60", b"x", 60)],
)
def test_the_name_of_today_wins_over_the_older_one(
    today: bytes, older: bytes, expected: int, turned: bool
) -> None:
    headers = [(b"cf-aig-cache-ttl", today), (b"cf-cache-ttl", older)]
    assert parse_controls(headers[::-1] if turned else headers).cache_ttl == expected


def test_skipping_the_cache_can_be_taken_back_by_the_name_of_today() -> None:
    assert parse_controls([(b"cf-aig-skip-cache", b"false"), (b"cf-skip-cache", b"true")]).skip_cache is False


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"user-1", b"user-1"),
        (b"  two words ", b"two words"),
        ("clé".encode(), "clé".encode()),
        (b"k" * 1024, b"k" * 1024),
        (b"k" * 1025, b""),
        (b"cl\xe9", b""),
        (b"a\x00b", b""),
        (b"a\tb", b""),
        (b"a\x7fb", b""),
        (b"   ", b""),
        (b"", b""),
    ],
)
def test_cache_keys(value: bytes, expected: bytes) -> None:
    assert only(b"cf-aig-cache-key", value).cache_key == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(b"1", 1), (b"5", 5), (b"0", None), (b"6", None), (b"-1", None), (b"two", None)]
)
def test_attempts(value: bytes, expected: int | None) -> None:
    assert only(b"cf-aig-max-attempts", value).max_attempts == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(b"0", 0), (b"60000", 60_000), (b"60001", None), (b"1.5", None), (b"", None)]
)
def test_retry_delays(value: bytes, expected: int | None) -> None:
    assert only(b"cf-aig-retry-delay", value).retry_delay == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(b"linear", "linear"), (b" Exponential", "exponential"), (b"cubic", None)]
)
def test_backoffs(value: bytes, expected: str | None) -> None:
    assert only(b"cf-aig-backoff", value).backoff == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"default", "default"),
        (b" team_a.v-2 ", "team_a.v-2"),
        (b"a" * 64, "a" * 64),
        (b"a" * 65, ""),
        (b"a/b", ""),
        (b"a b", ""),
        (b"a\n", "a"),
        (b"\xe9", ""),
        (b"", ""),
    ],
)
def test_aliases_of_stored_keys(value: bytes, expected: str) -> None:
    assert only(b"cf-aig-byok-alias", value).byok_alias == expected


def test_custom_cost_is_handed_on_unread() -> None:
    assert only(b"cf-aig-custom-cost", b' {"per_token_in": 1e-6} ').custom_cost == b'{"per_token_in": 1e-6}'


# -- a step over its request


@given(CONTROLS)
def test_a_side_that_says_nothing_changes_nothing(controls: Controls) -> None:
    assert merged(controls, NO_CONTROLS) is controls
    assert merged(controls, Controls()) == controls
    without = msgspec.structs.replace(controls, authorization=b"")
    assert merged(NO_CONTROLS, controls) == without
    assert Controls() == NO_CONTROLS


@given(CONTROLS)
def test_a_step_that_repeats_its_request_changes_nothing(controls: Controls) -> None:
    assert merged(controls, msgspec.structs.replace(controls)) == controls


@given(CONTROLS, CONTROLS)
def test_the_step_has_the_say_where_it_says_something(request: Controls, step: Controls) -> None:
    both = merged(request, step)
    for name in OVERRIDABLE:
        said = cast(object, getattr(step, name))
        unsaid = said is None or said in (b"", "", {})
        assert getattr(both, name) == (getattr(request, name) if unsaid else said)


@given(CONTROLS, CONTROLS)
def test_what_a_step_cannot_loosen(request: Controls, step: Controls) -> None:
    both = merged(request, step)
    assert both.authorization == request.authorization
    assert both.event_id == (request.event_id or step.event_id)
    assert both.collect_payload == (request.collect_payload and step.collect_payload)
    assert (both.no_wholesale is True) == (request.no_wholesale is True or step.no_wholesale is True)
    assert both.seen == {**request.seen, **step.seen}


def test_merging_leaves_both_sides_as_they_were() -> None:
    request, step = only(b"cf-aig-cache-ttl", b"60"), only(b"cf-aig-cache-ttl", b"0")
    assert merged(request, step).cache_ttl == 0
    assert (request, step) == (only(b"cf-aig-cache-ttl", b"60"), only(b"cf-aig-cache-ttl", b"0"))
