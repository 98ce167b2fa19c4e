"""Who takes an encoded answer (RFC 9110, 12.5.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.accepts import accepts_encoding

CODINGS = st.sampled_from(["gzip", "br", "zstd", "deflate", "compress"])
BLANKS = st.sampled_from(["", " ", "\t", "  "])
POSITIVE = st.sampled_from(["1", "1.0", "1.000", "0.5", "0.001", "0.1"])
ZERO = st.sampled_from(["0", "0.", "0.0", "0.00", "0.000"])


@pytest.mark.parametrize(
    ("accept", "encoding", "taken"),
    [
        ("gzip", b"gzip", True),
        ("GZip", b"gzip", True),
        ("gzip", b"GZIP", True),
        ("gzip", b" gzip ", True),
        ("deflate, gzip;q=1.0, *;q=0.5", b"gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", b"br", True),
        ("gzip ; q=0.2", b"gzip", True),
        ("gzip;Q=0.2", b"gzip", True),
        ("gzip;q=0", b"gzip", False),
        ("gzip ; q=0.000", b"gzip", False),
        ("gzip; q = 0", b"gzip", False),
        ("gzip;q=0, *", b"gzip", False),
        ("*, gzip;q=0", b"gzip", False),
        ("*;q=0", b"gzip", False),
        ("*;q=0, gzip", b"gzip", True),
        ("*", b"gzip", True),
        ("identity", b"gzip", False),
        ("", b"gzip", False),
        (",", b"gzip", False),
        ("xgzip, gzipx", b"gzip", False),
        ("gzip, br", b"gzip, br", True),
        ("gzip", b"gzip, br", False),
        (None, b"gzip", False),
        (None, b"", True),
        (None, b"identity", True),
        ("", b"", True),
        ("gzip", b"", True),
        ("gzip", b"Identity", True),
    ],
)
def test_examples(accept: str | None, encoding: bytes, taken: bool) -> None:
    assert accepts_encoding(accept, encoding) is taken


@given(st.none() | st.text(max_size=40))
def test_a_plain_answer_is_for_everybody(accept: str | None) -> None:
    assert accepts_encoding(accept, b"")
    assert accepts_encoding(accept, b"identity")


@given(st.text(max_size=60), st.binary(max_size=20))
def test_anything_may_be_sent(accept: str, encoding: bytes) -> None:
    assert accepts_encoding(accept, encoding) in (True, False)


@given(CODINGS, st.lists(CODINGS, max_size=4), BLANKS, BLANKS, POSITIVE | st.none())
def test_a_coding_that_is_named_is_taken(
    coding: str, others: list[str], before: str, after: str, quality: str | None
) -> None:
    """Wherever it stands, however it is written, and whatever the others are."""
    offer = coding if quality is None else f"{coding}{before};{after}q={quality}"
    rest = [f"{other};q=0" for other in others if other != coding]
    for place in range(len(rest) + 1):
        accept = f"{before},{after}".join([*rest[:place], offer, *rest[place:]])
        assert accepts_encoding(accept, coding.encode())


@given(CODINGS, st.lists(CODINGS, max_size=4), ZERO)
def test_a_coding_that_is_refused_is_not_taken(coding: str, others: list[str], zero: str) -> None:
    rest = [other for other in others if other != coding]
    assert not accepts_encoding(", ".join([*rest, f"{coding};q={zero}", "*"]), coding.encode())


@given(st.lists(CODINGS, min_size=1, max_size=3, unique=True), st.lists(CODINGS, max_size=5))
def test_all_codings_of_an_answer_must_be_taken(applied: list[str], accepted: list[str]) -> None:
    taken = accepts_encoding(", ".join(accepted), ", ".join(applied).encode())
    assert taken is set(applied).issubset(accepted)
