"""A ledger row in Cloudflare's words: the log record of section 3.20 of the wire contract.

Pure; shared by everything that answers in that shape. Layout for people's eyes is the command line's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from operator import attrgetter
from typing import Final

import msgspec

from penstock.calls.wording import Wording, milliseconds, usd
from penstock.metadata import MetadataValue
from penstock.stores.ledger import Bodies, CallRow
from penstock.wire.content_encoding import plain

HEAD_CHARS = 10_000
"""How much of a body the detail of a log shows."""


class Timings(msgspec.Struct, frozen=True):
    """Milliseconds: to the end of the answer, and to its first byte."""

    total: float
    latency: float | None


def rfc3339(created_us: int) -> str:
    """A time in UTC with milliseconds and `Z`."""
    seconds, rest = divmod(created_us, 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1000:03d}Z"


def _rounded_ms(microseconds: int | None) -> int | None:
    return None if microseconds is None else round(microseconds / 1000)


def _none_if_empty(text: str | None) -> str | None:
    return text or None


_WORDING: Final = Wording(
    attrgetter("wire"),
    {
        "moment": rfc3339,
        "duration": _rounded_ms,
        "money": usd,
        "name": _none_if_empty,
        "text": _none_if_empty,
    },
)


@_WORDING.with_later
class LogRecord(msgspec.Struct, frozen=True):
    """One log as the management API lists it. None is unknown, or something that this gateway does not have.

    `method`, `account`, `gateway`, `outcome`, `price_source`, `attempts`, `token`, `user`, `team`, `error_code`
    and `error_detail` are our own.
    """

    id: str
    created_at: str
    event_id: str
    provider: str
    model: str | None
    model_type: str | None
    request_type: str | None
    path: str
    method: str
    account: str
    gateway: str
    request_content_type: str | None
    response_content_type: str | None
    status_code: int
    success: bool
    outcome: str
    cached: bool
    duration: int
    timings: Timings
    tokens_in: int | None
    tokens_out: int | None
    usage_metadata: dict[str, int | str] | None
    cost: float | None
    custom_cost: bool
    price_source: str | None
    metadata: dict[str, MetadataValue]
    step: int
    feedback: float | None
    score: float | None
    user_agent: str
    authentication: bool
    byok: bool
    wholesale: bool
    attempts: int
    token: str | None
    user: str | None
    team: str | None
    compatibilityMode: bool
    request_size: int
    response_size: int
    error_code: int | None
    error_detail: str | None
    location: None = None
    guardrails: None = None
    prompts: None = None
    dlp_action: None = None
    dlp_profiles: None = None
    request_head: str | None = ""
    response_head: str | None = ""


_GETTERS: Final = _WORDING.getters(
    LogRecord,
    {
        "provider": attrgetter("provider"),
        "method": attrgetter("method"),
        "user_agent": attrgetter("user_agent"),
        "timings": lambda row: Timings(row.duration_us / 1000, milliseconds(row.first_byte_us)),
        "byok": lambda row: row.stored_key != "",
        "wholesale": lambda _: False,
    },
)


class LogDetail(LogRecord, frozen=True, kw_only=True):
    """One log with the beginnings of its bodies, where they are text and the caller may see them.

    `*_complete`: the head is all of the body. None where no bodies were kept, or they may not be seen.
    """

    request_head_complete: bool | None = None
    response_head_complete: bool | None = None


def log_detail(row: CallRow, bodies: Bodies | None, head_chars: int | None = HEAD_CHARS) -> LogDetail:
    """The detail of one row; with None for `head_chars` its heads are as long as the bodies."""
    record = msgspec.structs.asdict(log_record(row))
    if bodies is None:
        return LogDetail(**{**record, "request_head": None, "response_head": None})
    asked = body_text(bodies.request, row.request_content_type, row.request_encoding)
    answered = body_text(bodies.response, row.response_content_type, row.response_encoding)
    heads = {
        "request_head": None if asked is None else asked[:head_chars],
        "request_head_complete": _is_whole(asked, head_chars, is_cut=bodies.request_cut),
        "response_head": None if answered is None else answered[:head_chars],
        "response_head_complete": _is_whole(answered, head_chars, is_cut=bodies.response_cut),
    }
    return LogDetail(**{**record, **heads})


def _is_whole(text: str | None, head_chars: int | None, *, is_cut: bool) -> bool:
    return not is_cut and text is not None and (head_chars is None or len(text) <= head_chars)


def log_record(row: CallRow) -> LogRecord:
    """The record of one row."""
    return LogRecord(**{name: get(row) for name, get in _GETTERS.items()})


_TEXT_TYPES = ("text/", "json", "xml", "javascript", "x-www-form-urlencoded")


def body_text(body: bytes, content_type: str, encoding: str) -> str | None:
    """A body as text; None when it is none, or cannot be unpacked."""
    unpacked = plain(body, encoding)
    if unpacked is None:
        return None
    known = any(part in content_type.lower() for part in _TEXT_TYPES)
    if b"\0" in unpacked and not known:
        return None
    try:
        return unpacked.decode()
    except UnicodeDecodeError as error:
        if error.end == len(unpacked) and error.reason == "unexpected end of data":
            return unpacked[: error.start].decode()  # cut within a character
        return unpacked.decode(errors="replace") if known else None
