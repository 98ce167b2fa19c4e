"""Control headers: what is understood, what is ignored, and that nothing ever raises (Cloudflare 2.1, 2.4, 3.18).

Whatever was taken in must also fit a record, or a call could not be written down.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.control_values import parse_metadata
from penstock.wire.controls import Controls, parse_controls

NAMES = st.sampled_from(
    [
        b"cf-aig-authorization",
        b"cf-aig-event-id",
        b"cf-aig-metadata",
        b"cf-aig-collect-log",
        b"cf-aig-collect-log-payload",
        b"cf-aig-request-timeout",
        b"cf-aig-unheard-of",
        b"cf-skip-cache",
    ]
)
WORDS = st.sampled_from([b"true", b"FALSE", b"1000", b"-1", b"{}", b'{"a":1}', b"[]", b"null", b""])
HEADERS = st.lists(st.tuples(NAMES, st.one_of(st.binary(max_size=60), WORDS)), max_size=8)
KEYS = st.one_of(st.text(max_size=8), st.sampled_from(["cf.user_id", "cf.", "cf", "team"]))
SCALARS = st.one_of(
    st.text(max_size=8), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.integers()
)
VALUES = st.recursive(
    st.one_of(SCALARS, st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=2)),
    max_leaves=3,
)


def only(name: bytes, value: bytes) -> Controls:
    """The controls of a request with this one header."""
    return parse_controls([(name, value)])


def fits_a_record(metadata: Mapping[str, str | int | float | bool]) -> None:
    """What was taken in can be written down, and comes back as it was."""
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(metadata)) == metadata


@given(HEADERS)
def test_any_headers_give_controls_within_their_ranges(headers: list[tuple[bytes, bytes]]) -> None:
    controls = parse_controls(headers)
    assert controls.event_id.isascii()
    assert controls.event_id.isprintable() or not controls.event_id
    assert len(controls.event_id) <= 256
    assert controls.collect_log in (True, False, None)
    assert isinstance(controls.collect_payload, bool)
    assert controls.timeout is None or 0 < controls.timeout <= 24 * 3600
    assert "cf-aig-authorization" not in controls.seen
    assert set(controls.seen) == {name.decode() for name, _ in headers} - {"cf-aig-authorization"}
    fits_a_record(controls.metadata)


@given(HEADERS, HEADERS)
def test_the_last_of_a_repeated_header_counts(
    first: list[tuple[bytes, bytes]], second: list[tuple[bytes, bytes]]
) -> None:
    last = dict(first + second)
    assert parse_controls(first + second) == parse_controls(last.items())


@given(st.binary(max_size=200))
def test_any_bytes_are_metadata_or_none(value: bytes) -> None:
    metadata = parse_metadata(value)
    assert len(metadata) <= 5
    fits_a_record(metadata)


@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_metadata_laws(entries: dict[str, object]) -> None:
    metadata = parse_metadata(json.dumps(entries).encode())
    assert len(metadata) <= 5
    if any(value is None or isinstance(value, list | dict) for value in entries.values()):
        assert metadata == {}
        return
    fits_a_record(metadata)
    allowed = [key for key in entries if not key.startswith("cf.")][:5]
    assert set(metadata) <= set(allowed)
    if not any(_is_huge(value) for value in entries.values()):
        assert metadata == {key: entries[key] for key in allowed}
        assert [type(value) for value in metadata.values()] == [type(entries[key]) for key in allowed]


def _is_huge(value: object) -> bool:
    return type(value) is int and not -(2**63) <= value < 2**64


@pytest.mark.parametrize("number", [2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1])
def test_whole_numbers_of_64_bits_are_kept(number: int) -> None:
    metadata = parse_metadata(b'{"n":%d}' % number)
    assert metadata == {"n": number}
    fits_a_record(metadata)


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**30, 10**400])
def test_larger_numbers_do_not_stop_the_record(number: int) -> None:
    fits_a_record(parse_metadata(b'{"n":%d,"a":"b"}' % number))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[1]",
        b'"text"',
        b"null",
        b"1",
        b'{"a":null}',
        b'{"a":[1]}',
        b'{"a":{"b":1}}',
        b'{"ok":1,"a":null}',
        b'{"a":1}trailing',
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b'{"a":1e999}',
        b'{"a":NaN}',
        b'{"\xc3":1}',
        b"{" * 100_000,
        b'{"a":' * 5000,
        b'{"a":' + b"[" * 5000,
    ],
)
def test_metadata_that_is_dropped_as_a_whole(value: bytes) -> None:
    assert parse_metadata(value) == {}


def test_the_first_five_entries_count_after_the_reserved_ones_are_gone() -> None:
    entries = {"cf.user_id": "x", "a": 1, "b": 2.5, "c": True, "cf.z": 0, "d": "e", "f": "", "g": 1}
    assert parse_metadata(json.dumps(entries).encode()) == {"a": 1, "b": 2.5, "c": True, "d": "e", "f": ""}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"order-1", "order-1"),
        (b"  order 1  ", "order 1"),
        (b"x" * 256, "x" * 256),
        (b"x" * 257, ""),
        (b"caf\xe9", ""),
        (b"a\tb", ""),
        (b"a\x7fb", ""),
        (b"a\r\nSet-Cookie: b", ""),
        (b"", ""),
    ],
)
def test_event_ids(value: bytes, expected: str) -> None:
    assert only(b"cf-aig-event-id", value).event_id == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"true", True), (b" FALSE ", False), (b"1", None), (b"yes", None), (b"", None), (b"truefalse", None)],
)
def test_booleans(value: bytes, expected: bool | None) -> None:
    assert only(b"cf-aig-collect-log", value).collect_log is expected
    assert only(b"cf-aig-collect-log-payload", value).collect_payload is (expected is not False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"1", 0.001),
        (b" 1500 ", 1.5),
        (b"86400000", 86400.0),
        (b"86400001", None),
        (b"0", None),
        (b"-1", None),
        (b"+1", None),
        (b"1.5", None),
        (b"1e3", None),
        (b"0x10", None),
        (b"1_000", None),
        ("١".encode(), None),
        (b"9" * 5000, None),
        (b"", None),
    ],
)
def test_timeouts(value: bytes, expected: float | None) -> None:
    assert only(b"cf-aig-request-timeout", value).timeout == expected


def test_the_credential_is_not_among_what_is_kept_for_the_log() -> None:
    controls = parse_controls([(b"cf-aig-authorization", b"Bearer s"), (b"cf-aig-cache-ttl", b"60")])
    assert controls.authorization == b"Bearer s"
    assert controls.seen == {"cf-aig-cache-ttl": "60"}
