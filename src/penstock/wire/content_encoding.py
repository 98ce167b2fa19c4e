"""Bodies without their content-encoding.

Pure, with a bound on what a small body may grow to. Brotli and Zstandard are loaded when the first such body
comes: most answers have gzip or nothing.
"""

from __future__ import annotations

import zlib

MAX_PLAIN_BYTES = 32 * 1024 * 1024  # what a compressed body may grow to

_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def plain(body: bytes, encoding: str, limit: int = MAX_PLAIN_BYTES) -> bytes | None:
    """The body without its content-encoding; None where that is unknown, broken, or grows past `limit`."""
    if not encoding:
        return body
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name in _WINDOW_BITS:
        return _inflated(body, _WINDOW_BITS[name], limit)
    if name == "br":
        return _unbrotlied(body, limit)
    return _unzstandard(body, limit) if name == "zstd" else None


def _inflated(body: bytes, bits: int, limit: int) -> bytes | None:
    inflater = zlib.decompressobj(bits)
    try:
        data = inflater.decompress(body, limit)
    except zlib.error:
        return None
    return None if inflater.unconsumed_tail else data


def _unbrotlied(body: bytes, limit: int) -> bytes | None:
    import brotli  # noqa: PLC0415

    inflater = brotli.Decompressor()
    try:
        data: bytes = inflater.process(body, output_buffer_limit=limit + 1)
    except brotli.error:
        return None
    return data if inflater.is_finished() and len(data) <= limit else None


def _unzstandard(body: bytes, limit: int) -> bytes | None:
    from zstandard import ZstdDecompressor, ZstdError, frame_content_size  # noqa: PLC0415

    try:
        if frame_content_size(body) > limit:
            return None
        return ZstdDecompressor().decompress(body, max_output_size=limit)
    except ZstdError:
        return None
