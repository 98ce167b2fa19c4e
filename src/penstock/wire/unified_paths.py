"""The paths of unified calls: of a gateway, of the REST API, and as programs first guess them (Cloudflare 1.4 to 1.6).

Pure text work, tolerant of what clients really send: a `/v1` at the end of a base URL whose client adds another, a
slash there. Which accounts and gateways there are, and what is asked at a path, is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from penstock.settings.gateways import PATH_WORDS

_VERSION: Final = "v1"
_SKIPPED: Final = ("", _VERSION)
_FIRST: Final = frozenset(PATH_WORDS) - {_VERSION}
_COMPAT: Final = "compat"
_LOOKED_AT: Final = 64  # parts
_REST: Final = b"/client/v4/accounts/"
_REST_PARTS: Final = 7  # of `/client/v4/accounts/{account}/ai/…`, the rest in one


def unified_tail(parts: Sequence[str]) -> str | None:
    """What is asked at a path: `chat/completions`; None where its parts lead elsewhere."""
    start = 0
    while start < len(parts) and parts[start] in _SKIPPED:
        start += 1
    return "/".join(parts[start:]) if start < len(parts) and parts[start] in _FIRST else None


def tail_below(parts: Sequence[str]) -> str:
    """The same of a path that can lead nowhere else; what it is that nobody knows, without what is skipped."""
    start = 0
    while start < len(parts) and parts[start] in _SKIPPED:
        start += 1
    return "/".join(parts[start:])


def without_versions(parts: list[str]) -> list[str]:
    """The parts of a path behind its versions."""
    start = 0
    while start < len(parts) and parts[start] == _VERSION:
        start += 1
    return parts[start:]


def is_gateway_left_out(name: str) -> bool:
    """Whether what stands where a gateway's name would is a word of such a path."""
    return name == _VERSION or name in _FIRST


def is_rest(path: bytes) -> bool:
    """Whether a path is one of the REST API for models: `/client/v4/accounts/{account}/ai/…`."""
    if not path.startswith(_REST):
        return False
    parts = path.split(b"/", _REST_PARTS - 1)
    return len(parts) == _REST_PARTS and parts[5] == b"ai"


def looks_unified(path: bytes) -> bool:
    """Whether who asks at a path of the data plane takes it for one of unified calls, wherever that leads."""
    if is_rest(path):
        return True
    parts = without_versions(path.decode("latin-1").split("/", _LOOKED_AT)[2:])
    return _COMPAT in parts[:3] or any(unified_tail(parts[start:]) is not None for start in range(3))


def rest_parts(path: str) -> tuple[str, list[str]]:
    """The account in such a path, and what follows `/ai/`."""
    parts = path.split("/")
    return parts[4], parts[6:]
