"""The path rules that providers share (Cloudflare 1.3.2): each builds a `locate` from an origin.

Rules are tolerant of what clients really send (a missing, doubled or shadowed version segment) and never
touch percent-encoding. A rule applied to its own result gives the same path. No vendor is named here.
"""

from __future__ import annotations

import re

from penstock.providers.base import HeaderLookup, Locate, Location

_VERSION = r"v[0-9]+(?:(?:alpha|beta)[0-9]*)?"
_LEADING_VERSIONS = re.compile(rf"(?:{_VERSION}/)*({_VERSION})(?=/|\Z)")
_ANY_VERSION = re.compile(rf"/{_VERSION}(?=/|\Z)")


def from_version(tail: str) -> str | None:
    """The tail from its one version segment on; None when it begins with none.

    Of several in a row the last counts: a base URL that ends in `/v1` makes `v1/v1/chat` or `v1/v2/chat`.
    """
    match = _LEADING_VERSIONS.match(tail)
    return None if match is None else tail[match.start(1) :]


def has_version(path: str) -> bool:
    """Whether any segment of an absolute path is a version."""
    return _ANY_VERSION.search(path) is not None


def as_is(origin: str) -> Locate:
    """The caller's path, with a doubled version made single."""

    def locate(tail: str, _header: HeaderLookup) -> Location:
        return Location(origin, f"/{from_version(tail) or tail}")

    return locate


def versioned(origin: str, prefix: str = "", siblings: tuple[str, ...] = ()) -> Locate:
    """Exactly one version below `/{prefix}`, `v1` when the tail has none.

    `prefix` ("openai/") is tolerated in the tail. `siblings` ("beta/") are trees beside the version.
    """
    root = f"/{prefix}"

    def locate(tail: str, _header: HeaderLookup) -> Location:
        tail = tail.removeprefix(prefix)
        path = from_version(tail)
        if path is None:
            path = tail if tail.startswith(siblings) else f"v1/{tail}" if tail else "v1"
        return Location(origin, root + path)

    return locate


def unversioned(origin: str) -> Locate:
    """No `v1` at all, though the tail may carry one."""

    def locate(tail: str, _header: HeaderLookup) -> Location:
        path = from_version(tail) or tail
        return Location(origin, "/" if path == "v1" else f"/{path.removeprefix('v1/')}")

    return locate


def below(origin: str, prefix: str) -> Locate:
    """The caller's path below `/{prefix}`, which the tail may or may not repeat."""

    def locate(tail: str, _header: HeaderLookup) -> Location:
        return Location(origin, f"/{prefix}{tail.removeprefix(prefix)}")

    return locate
