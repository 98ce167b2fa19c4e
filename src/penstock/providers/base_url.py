"""Base URLs from the configuration: read once, then joined to native paths on every call.

An override replaces scheme, host and port, and its path goes in front of the provider's native path; what
both have in common at the seam (`…/v1` and `/v1/…`) stands there once. Nothing here knows a provider.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from penstock.providers.base import Location

_HTTP = re.compile(
    r"(https?)://((?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?)(/[^?#\\\s]*)?", re.IGNORECASE | re.ASCII
)
_UNIX = re.compile(r"(http\+unix)://(%2F[\w.~%-]+)()(/[^?#\\\s]*)?", re.IGNORECASE | re.ASCII)
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?:/|\Z)", re.IGNORECASE)
_LAST_PORT = 65535
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """An upstream address: an origin, and the path in front of everything (no slash at its end)."""

    origin: str
    path: str
    seams: tuple[str, ...]  # endings of `path`, longest first: "/a/b", "/b"

    def apply(self, native: Location) -> Location:
        """The same call at this address; the native host is dropped."""
        return Location(self.origin, self._join(native.path), native.query)

    def append(self, tail: str) -> Location:
        """A tail behind this address, exactly as it came."""
        return Location(self.origin, f"{self.path}/{tail}" if tail else self.path or "/")

    def _join(self, path: str) -> str:
        for seam in self.seams:
            if path.startswith(seam) and path[len(seam) : len(seam) + 1] in ("", "/"):
                return self.path + path[len(seam) :]
        return self.path + path


def parse_base_url(text: str) -> BaseUrl:
    """Read `https://host[:port][/path]` or `http+unix://%2Fsocket[/path]`. Raises ValueError."""
    match = (
        (_HTTP.fullmatch(text) or _UNIX.fullmatch(text)) if text.isascii() and text.isprintable() else None
    )
    if match is None:
        raise ValueError(
            "not of the form http(s)://host[:port][/path] or http+unix://%2Fpath%2Fto%2Fsocket[/path]"
        )
    if match[3] and not 0 < int(match[3]) <= _LAST_PORT:
        raise ValueError(f"its port is not from 1 to {_LAST_PORT}")
    scheme, authority, path = match[1].lower(), match[2], (match[4] or "").rstrip("/")
    if _DOT_SEGMENT.search(path):
        raise ValueError("its path has dot segments")
    if scheme in _DEFAULT_PORTS:
        authority = authority.lower().removesuffix(_DEFAULT_PORTS[scheme])
    return BaseUrl(f"{scheme}://{authority}", path, _seams(path))


def _seams(path: str) -> tuple[str, ...]:
    return tuple(path[index:] for index, char in enumerate(path) if char == "/")
