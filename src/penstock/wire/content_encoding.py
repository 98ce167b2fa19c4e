"""Bodies without their content-encoding, as far as the standard library can undo it.

Pure, with a bound on what a small body may grow to.
"""

from __future__ import annotations

import zlib

MAX_PLAIN_BYTES = 32 * 1024 * 1024  # what a compressed body may grow to

_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def plain(body: bytes, encoding: str, limit: int = MAX_PLAIN_BYTES) -> bytes | None:
    """The body without its content-encoding; None where that is unknown, broken, or grows past `limit`."""
    if not encoding or encoding == "identity":
        return body
    bits = _WINDOW_BITS.get(encoding.strip().lower())
    if bits is None:
        return None
    inflater = zlib.decompressobj(bits)
    try:
        data = inflater.decompress(body, limit)
    except zlib.error:
        return None
    return None if inflater.unconsumed_tail else data
