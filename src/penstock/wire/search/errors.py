"""What went wrong with a search, as the caller reads it: Parallel's standard error (search and runs A6).

Pure. `gives_way` says whether another provider may be asked: not where the question itself is at fault.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.wire.dialects.failures import unreadable
from penstock.wire.dialects.json_value import Json, Object, from_json, to_json
from penstock.wire.search.reading import text, within

_MONEY: Final = frozenset({402, 432, 433})
_KEY: Final = frozenset({401, 403})
_LATE: Final = frozenset({408, 504})
_TOO_MANY: Final = 429
_ASKED_WRONG: Final = frozenset({400, 422})
_LEAST_BROKEN: Final = 500
_MOST_WAIT: Final = 60  # seconds
_LONGEST_MESSAGE: Final = 500
_LARGEST: Final = 65_536  # bytes of an error that is read
_SECONDS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_CODES: Final = (("error", "code"), ("error", "type"), ("tag",), ("code",), ("error", "tag"))
_MESSAGES: Final = (
    ("error", "message"),
    ("error", "detail"),
    ("detail", "error"),
    ("error",),
    ("detail",),
    ("message",),
)


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """An error of a provider. `wait` is in seconds, empty where nothing is said of it."""

    status: int  # that the caller gets
    message: str
    provider: str
    upstream_status: int
    upstream_code: str | None
    wait: str = ""


def gives_way(status: int, *, stored: bool) -> bool:
    """Whether the next provider may be asked after such an answer. `stored`: the key was the gateway's."""
    if status in _KEY:
        return stored
    return status in _MONEY or status in _LATE or status == _TOO_MANY or status >= _LEAST_BROKEN


def failure(
    provider: str, status: int, headers: Mapping[str, str], body: bytes, *, stored: bool, own_shape: bool
) -> Failed:
    """An error that a provider has answered with. `own_shape`: it was asked in the caller's own words."""
    code, words = _said(status, body)
    ours, message = _told(status, words, stored=stored, own_shape=own_shape)
    return Failed(
        status=ours,
        message=f"{provider}: {message}"[:_LONGEST_MESSAGE],
        provider=provider,
        upstream_status=status,
        upstream_code=code or None,
        wait=_wait(headers) if status == _TOO_MANY else "",
    )


def standard_error(ref_id: str, message: str, detail: Object) -> Object:
    """Parallel's standard error (Parallel 1.7, shape A)."""
    return {"type": "error", "error": {"ref_id": ref_id, "message": message, "detail": detail}}


def failure_body(failed: Failed, ref_id: str) -> bytes:
    """The same of a provider's error."""
    detail: Object = {
        "provider": failed.provider,
        "upstream_status": failed.upstream_status,
        "upstream_code": failed.upstream_code,
    }
    return to_json(standard_error(ref_id, failed.message, detail))


def _told(status: int, words: str, *, stored: bool, own_shape: bool) -> tuple[int, str]:
    if status in _ASKED_WRONG:
        return (status, words) if own_shape else (502, f"the gateway's request was refused: {words}")
    if status in _KEY:
        return (502, f"provider credential refused: {words}") if stored else (401, words)
    if status in _MONEY:
        return 402, words
    if status == _TOO_MANY:
        return 429, words
    return (504 if status in _LATE else 502), words


def _said(status: int, body: bytes) -> tuple[str, str]:
    """A provider's code and message, wherever it has them."""
    try:
        told: Json = from_json(body) if len(body) <= _LARGEST else None
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        told = None
    found = (within(told, *names) for names in _CODES)
    code = next((str(one)[:100] for one in found if isinstance(one, str | int) and one), "")
    words = next(filter(None, (text(within(told, *names)).strip() for names in _MESSAGES)), "")
    return code, words[:_LONGEST_MESSAGE] or unreadable(status, body)


def _wait(headers: Mapping[str, str]) -> str:
    """Seconds: as told, or until the limit that is used up begins anew."""
    told = headers.get("retry-after", "").strip()
    if not _SECONDS.fullmatch(told):
        told = _reset(headers)
    return str(min(_MOST_WAIT, -(-int(float(told) * 1000) // 1000))) if told else ""


def _reset(headers: Mapping[str, str]) -> str:
    """Where several limits stand in one header, the first that has nothing left."""
    resets = [one.strip() for one in headers.get("x-ratelimit-reset", "").split(",")]
    left = [one.strip() for one in headers.get("x-ratelimit-remaining", "").split(",")]
    for place, seconds in enumerate(resets):
        used_up = place >= len(left) or left[place] in ("0", "")
        if used_up and _SECONDS.fullmatch(seconds):
            return seconds
    return ""
