"""Undoing content codings as the bytes come: whatever the cuts, the same; bounded; honest about what is broken."""

from __future__ import annotations

import gzip
import random
import time
import zlib
from collections.abc import Callable, Iterable
from itertools import pairwise

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.content_encoding import PIECE_BYTES, CodingError, Decoder, decoder

LARGEST_PIECE = {"zstd": 2 * 1024 * 1024, "br": 2 * PIECE_BYTES}  # their libraries are not so exact
BOMB = bytes(64 * 1024 * 1024)


def _raw(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush()


CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "identity": ("identity", bytes),
    "none": ("", bytes),
    "gzip": ("gzip", gzip.compress),
    "GZip": (" GZip ", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "several members": ("gzip", lambda data: b"".join(map(gzip.compress, (data[:3], b"", data[3:])))),
    "padded": ("gzip", lambda data: gzip.compress(data) + bytes(7)),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", _raw),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstandard.compress),
    "a list of one": ("identity, gzip,", gzip.compress),
    "two": ("br, GZIP", lambda data: gzip.compress(brotli.compress(data))),
    "three": ("deflate,x-gzip , zstd", lambda data: zstandard.compress(gzip.compress(_raw(data)))),
    "several frames": ("zstd", lambda data: zstandard.compress(data[:3]) + zstandard.compress(data[3:])),
}
COMPRESSED = [name for name in CODINGS if name not in ("identity", "none")]


def made(name: str) -> Decoder:
    return decoder(CODINGS[name][0])


def pieces(one: Decoder, given_pieces: Iterable[bytes]) -> list[bytes]:
    """All that comes out while it is fed, read dry after each piece."""
    found = []
    for data in given_pieces:
        one.feed(data)
        while piece := one.read():
            found.append(piece)
    return found


def split(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places) if start < end]


@pytest.mark.parametrize("name", CODINGS)
@given(data=st.binary(max_size=500), cuts=st.lists(st.integers(0, 10_000), max_size=8))
def test_the_cuts_change_nothing(name: str, data: bytes, cuts: list[int]) -> None:
    one = made(name)
    assert b"".join(pieces(one, split(CODINGS[name][1](data), cuts))) == data
    one.end()


@pytest.mark.parametrize("name", CODINGS)
def test_byte_by_byte(name: str) -> None:
    data = b"Tell me about the United Nations. " * 20
    coded = CODINGS[name][1](data)
    one = made(name)
    assert b"".join(pieces(one, (coded[at : at + 1] for at in range(len(coded))))) == data
    one.end()


def _flushing(name: str) -> Callable[[bytes], bytes]:
    """Compresses event by event, each all there before the next is known."""
    if name == "br":
        writer = brotli.Compressor()
        return lambda data: writer.process(data) + writer.flush()
    if name == "zstd":
        frame = zstandard.ZstdCompressor().compressobj()
        return lambda data: frame.compress(data) + frame.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    deflater = zlib.compressobj(wbits=31 if name == "gzip" else 15)
    return lambda data: deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_what_is_written_so_far_comes_out_so_far(name: str) -> None:
    """Nothing is held back that can be told already: a stream goes on."""
    compress, one = _flushing(name), made(name)
    for event in (b"data: 1\n\n", b"data: 2\n\n"):
        assert b"".join(pieces(one, [compress(event)])) == event


@pytest.mark.parametrize("name", CODINGS)
def test_an_empty_body_is_sound(name: str) -> None:
    one = made(name)
    assert one.read() == b""
    one.end()


@pytest.mark.parametrize("name", COMPRESSED)
def test_half_a_body_is_not(name: str) -> None:
    data = random.Random(5).randbytes(300)
    coded = CODINGS[name][1](data)
    if name == "padded":
        coded = coded[:-7]
    one = made(name)
    assert data.startswith(b"".join(pieces(one, [coded[:-5]])))
    with pytest.raises(CodingError):
        one.end()


@pytest.mark.parametrize("name", COMPRESSED)
def test_what_is_no_such_body_is_told(name: str) -> None:
    one = made(name)
    with pytest.raises(CodingError):
        pieces(one, [b"\x07\xff{this is something else, and plain}" * 9])


@pytest.mark.parametrize("name", ["identity", "gzip", "deflate", "br", "zstd"])
def test_a_bomb_goes_off_in_small_pieces(name: str) -> None:
    one = made(name)
    size = 0
    one.feed(CODINGS[name][1](BOMB))
    while piece := one.read():
        assert len(piece) <= LARGEST_PIECE.get(name, PIECE_BYTES)
        size += len(piece)
    one.end()
    assert size == len(BOMB)


@pytest.mark.parametrize("encoding", ["compress", "gzip, dcz", "dcb", "aws-chunked"])
def test_others_cannot_be_undone(encoding: str) -> None:
    one = decoder(encoding)
    assert one.read() == b""
    one.feed(b"x")
    with pytest.raises(CodingError, match=encoding.split()[-1]):
        one.read()


@pytest.mark.parametrize("name", ["gzip", "several members", "deflate", "raw deflate"])
@pytest.mark.parametrize("more", [b"\n", b"\x1f", b"\0\0\x1f\x8b", b"and something else"])
def test_what_comes_behind_the_end_is_thrown_away(name: str, more: bytes) -> None:
    coded = CODINGS[name][1](b"hello") + more
    for given_pieces in ([coded], [coded[at : at + 1] for at in range(len(coded))]):
        one = made(name)
        assert b"".join(pieces(one, given_pieces)) == b"hello"
        one.end()


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_many_small_parts_are_read_in_time_that_grows_with_them_only(name: str) -> None:
    one, empty = made(name), CODINGS[name][1](b"")
    one.feed(empty * (6_000_000 // len(empty)))
    began = time.process_time()
    assert one.read() == b""
    assert time.process_time() - began < 6
    one.end()


def test_much_that_comes_to_nothing_is_no_body() -> None:
    """What lies between two codings may be large, and what comes of it nothing: nobody has time for that."""
    hidden = gzip.compress(gzip.compress(b"") * 1_000_000)
    one = decoder("gzip, gzip")
    one.feed(hidden)
    with pytest.raises(CodingError):
        one.read()
