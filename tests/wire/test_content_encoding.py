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

from penstock.wire.content_encoding import plain

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
