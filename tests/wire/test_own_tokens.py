"""A token of the environment in texts that others wrote: found in any spelling, whatever stands around it."""

from __future__ import annotations

from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.own_tokens import OwnTokens

ADMIN = b"an-admin-token/of+24"
OWN = OwnTokens(ADMIN.decode())

everywhere = st.binary(max_size=40)


def percent(text: bytes) -> bytes:
    return b"".join(b"%%%02x" % byte for byte in text)


def escaped(text: bytes) -> bytes:
    return b"".join(b"\\u00%02X" % byte for byte in text)


@pytest.mark.parametrize(
    "written",
    [
        ADMIN,
        percent(ADMIN),
        escaped(ADMIN),
        quote_from_bytes(ADMIN, safe="").encode(),
        percent(percent(ADMIN)),
        percent(escaped(ADMIN)),
        ADMIN[:5] + percent(ADMIN[5:6]) + ADMIN[6:],
        ADMIN[:5] + escaped(ADMIN[5:6]) + ADMIN[6:],
    ],
)
@given(before=everywhere, after=everywhere)
def test_it_is_found_as_it_may_be_written(written: bytes, before: bytes, after: bytes) -> None:
    assert OWN.stands_in(before + b" " + written + b" " + after)


@given(st.lists(st.sampled_from([b"%", b"\\", b"\\u", b"%2", b"%zz", b"\\u1234", b"_", ADMIN[:-1], b" "])))
def test_nothing_else_is_taken_for_it(parts: list[bytes]) -> None:
    assert not OWN.stands_in(b"".join(parts))


@given(everywhere, st.integers(0, 3))
def test_what_is_found_is_what_decoding_would_find(text: bytes, times: int) -> None:
    for _ in range(times):
        text = percent(text)
    assert OWN.stands_in(text) == (OWN.find(text) is not None)
