"""Undoing a content-encoding: what went in comes out, and nothing broken, cut or boundless does."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.content_encoding import beginning, ends, plain

Packer = Callable[[bytes], bytes]


def _zstd_of_unknown_size(data: bytes) -> bytes:
    packer = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, list[Packer]] = {
    "gzip": [gzip.compress],
    "deflate": [zlib.compress],
    "br": [brotli.compress],
    "zstd": [zstandard.ZstdCompressor().compress, _zstd_of_unknown_size],
}
CASES = [(name, packer) for name, packers in PACKERS.items() for packer in packers]


@pytest.mark.parametrize(("encoding", "packed"), CASES)
@given(data=st.binary(max_size=5000))
def test_what_went_in_comes_out(encoding: str, packed: Packer, data: bytes) -> None:
    """In any case of letters."""
    assert plain(packed(data), encoding) == data
    assert plain(packed(data), encoding.upper()) == data


@pytest.mark.parametrize(("encoding", "packed"), CASES)
def test_no_more_than_the_limit(encoding: str, packed: Packer) -> None:
    """A small body may hide a large one."""
    bomb = packed(bytes(4 << 20))
    assert len(bomb) < 10_000
    assert plain(bomb, encoding, 1 << 20) is None
    assert plain(bomb, encoding, 4 << 20) == bytes(4 << 20)


@pytest.mark.parametrize(("encoding", "packed"), CASES[2:])
def test_a_part_is_not_the_whole(encoding: str, packed: Packer) -> None:
    """Half an answer would tell half the tokens."""
    body = packed(b"".join(b"%d," % number for number in range(10_000)))
    for end in (1, len(body) // 2, len(body) - 1):
        assert plain(body[:end], encoding) is None


@given(st.sampled_from([*PACKERS, "compress", "gzip, br", "x"]), st.binary(max_size=300))
def test_nothing_raises(encoding: str, data: bytes) -> None:
    """Whatever a provider calls what."""
    found = plain(data, encoding)
    assert found is None or isinstance(found, bytes)


def test_no_encoding() -> None:
    """The body itself."""
    assert plain(b"x", "") == plain(b"x", "identity") == b"x"


def _raw(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


ONES: list[tuple[str, Packer]] = [
    ("gzip", gzip.compress),
    ("X-Gzip", gzip.compress),
    ("gzip", lambda data: b"".join(gzip.compress(data[at : at + 7]) for at in range(0, len(data) + 1, 7))),
    (
        "zstd",
        lambda data: b"".join(zstandard.compress(data[at : at + 7]) for at in range(0, len(data) + 1, 7)),
    ),
    ("zstd", lambda data: b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstandard.compress(data)),
    ("deflate", _raw),
    ("deflate", zlib.compress),
    ("br", brotli.compress),
    ("identity", bytes),
    ("", bytes),
]


@given(
    st.lists(st.sampled_from(ONES), max_size=4), st.binary(max_size=200), st.sampled_from([",", ", ", " ,\t"])
)
def test_a_list_of_codings_is_undone_from_its_end(
    chosen: list[tuple[str, Packer]], data: bytes, comma: str
) -> None:
    """`identity` and empty places are nothing."""
    body = data
    for _, packed in chosen:
        body = packed(body)
    encoding = comma.join(name for name, _ in chosen)
    assert plain(body, encoding) == data
    assert ends(body, encoding, 1000, 10) == (data, b"")


@pytest.mark.parametrize("encoding", ["gzip, x", "x, gzip", "gzip,gzip,gzip,gzip,gzip"])
def test_a_list_with_something_unknown_cannot_be_undone(encoding: str) -> None:
    body = b"x"
    for _ in encoding.split(","):
        body = gzip.compress(body)
    assert plain(body, encoding) is None


def test_a_bomb_within_another_does_not_go_off() -> None:
    inner = gzip.compress(bytes(64 << 20))
    assert plain(gzip.compress(inner), "gzip, gzip", 1 << 20) is None
    assert plain(gzip.compress(b"") * 100_000, "gzip") is None
    assert plain(zstandard.compress(b"") * 100_000, "zstd") is None


@pytest.mark.parametrize(("encoding", "packed"), CASES)
def test_of_a_long_body_both_ends(encoding: str, packed: Packer) -> None:
    data = b"".join(b"%d," % number for number in range(200_000))
    found = ends(packed(data), encoding, 300_000, 1000)
    assert found is not None
    first, last = found
    assert data.startswith(first)
    assert data.endswith(last)
    assert len(first) > 100_000
    assert len(last) >= 1000
    assert len(first) + len(last) < 600_000
    assert ends(packed(data), encoding, 300_000, 1000, 1_000_000) is None


@pytest.mark.parametrize(("encoding", "packed"), [*CASES, ("", bytes)])
@given(data=st.binary(max_size=5000), most=st.integers(1, 6000))
def test_a_beginning_is_that_of_the_whole(encoding: str, packed: Packer, data: bytes, most: int) -> None:
    assert beginning(packed(data), encoding, most) == data[:most]


@pytest.mark.parametrize(("encoding", "packed"), CASES)
def test_of_a_beginning_no_more_is_undone_than_it_needs(encoding: str, packed: Packer) -> None:
    """So it is there where the whole would be too large, or breaks off behind it."""
    text = b"".join(b"%d," % number for number in range(400_000))
    body = packed(text)
    assert beginning(body[: len(body) // 2], encoding, 1000) == text[:1000]
    assert beginning(b"\0" + body, encoding, 1000) is None
    assert beginning(body, "x", 1000) is None
