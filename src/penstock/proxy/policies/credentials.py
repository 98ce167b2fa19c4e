"""The credential a caller sends for a provider: where it may stand, and whether there is one (Cloudflare 1.3.3, 3.13).

Pure. A gateway's token that stood there is none; stored keys are in `stored_keys.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from urllib.parse import unquote_to_bytes

from penstock.providers.base import Provider

_QUERY_PARAMETER = b"key"  # Google's
_QUERY_HEADER = "x-goog-api-key"


def sent_credential(
    provider: Provider, headers: Iterable[tuple[bytes, bytes]], query: bytes, withheld: Collection[str]
) -> bytes:
    """All that the caller sent to prove itself to the provider, by name; empty when that is nothing.

    `headers` are credentials with names in lower case; those in `withheld` were the gateway's own business.
    """
    names = provider.credential_headers
    theirs = [pair for pair in headers if pair[0].decode("latin-1") in names]
    return every_credential(provider, theirs, query, withheld)


def every_credential(
    provider: Provider, headers: Iterable[tuple[bytes, bytes]], query: bytes, withheld: Collection[str]
) -> bytes:
    """The same, with what stands where this provider would not look: it tells one caller from another too."""
    found = [
        header + b":" + value.strip()
        for header, value in headers
        if header.decode("latin-1") not in withheld and value.strip()
    ]
    if query and provider.key_header[0] == _QUERY_HEADER:
        pairs = (parameter.partition(b"=") for parameter in query.removeprefix(b"?").split(b"&"))
        values = (unquote_to_bytes(value) for name, _, value in pairs if name == _QUERY_PARAMETER)
        found += [b"?" + value for value in values if value]
    found.sort()
    return b"\n".join(found)
