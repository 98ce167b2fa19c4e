"""A ledger row in Cloudflare's words: the log record of section 3.20 of the wire contract.

Pure; shared by everything that answers in that shape. Layout for people's eyes is the command line's.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Final

import msgspec

from penstock.calls.wording import Wording, milliseconds, usd
from penstock.journal.record import UNKEPT
from penstock.metadata import MetadataValue
from penstock.stores.ledger import Bodies, CallRow
from penstock.time_text import rfc3339
from penstock.wire.content_encoding import beginning, plain

HEAD_CHARS = 10_000
"""How much of a body the detail of a log shows."""


class Timings(msgspec.Struct, frozen=True):
    """Milliseconds: to the end of the answer, and to its first byte."""

    total: float
    """To the end of the answer."""
    latency: float | None
    """To its first byte; null where none came."""


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

    `method`, `account`, `gateway`, `outcome`, `price_source`, `attempts`, `token`, `user`, `team`, `error_code`,
    `error_detail`, `operation`, `answered_model`, `provider_error` and `estimated` are our own.
    """

    id: str
    """The call's id, as its answer's header `cf-aig-log-id` had it."""
    created_at: str
    """When the call began: RFC 3339, UTC."""
    event_id: str
    """What the steps of one universal request share."""
    provider: str
    """Whom the gateway called."""
    model: str | None
    """The model that was called for."""
    model_type: str | None
    """What kind of model that is."""
    request_type: str | None
    """The kind of work that was asked for: `chat`, `embeddings`, `file`."""
    path: str
    """The path behind the provider's address."""
    method: str
    """The method of the call."""
    account: str
    """The account that was called."""
    gateway: str
    """The gateway that was called."""
    request_content_type: str | None
    """The content type of the request's body."""
    response_content_type: str | None
    """The content type of the answer's body."""
    status_code: int
    """The status that the caller got."""
    success: bool
    """Did the call succeed?"""
    outcome: str
    """How it ended: `complete`, `abandoned`, `provider_broke`, `provider_failed`, `cut_short`, `refused` or
    `shutdown`.
    """
    cached: bool
    """Was it answered from the cache?"""
    duration: int
    """Milliseconds to the end of the answer."""
    timings: Timings
    """How long it took, in parts."""
    tokens_in: int | None
    """Tokens that were sent."""
    tokens_out: int | None
    """Tokens that came back."""
    usage_metadata: dict[str, int | str] | None
    """More counts of tokens, as the provider gave them, and how many of them are estimated."""
    cost: float | None
    """US dollars."""
    custom_cost: bool
    """Was the price the caller's own?"""
    price_source: str | None
    """Whose price that is, and of when."""
    metadata: dict[str, MetadataValue]
    """What the caller said about the call."""
    step: int
    """Which step of a universal request it was."""
    feedback: float | None
    """1 for a thumb up, -1 for one down."""
    score: float | None
    """A score from 0 to 100."""
    user_agent: str
    """The program that called."""
    authentication: bool
    """Did the caller show a good token?"""
    byok: bool
    """Did the gateway send a stored key?"""
    wholesale: bool
    """Always false: no credits are resold here."""
    attempts: int
    """How often the provider was asked."""
    token: str | None
    """The id of the caller's token."""
    user: str | None
    """Who the token belongs to."""
    team: str | None
    """The team the token belongs to."""
    compatibilityMode: bool
    """Did it come by the `compat` endpoint?"""
    request_size: int
    """Bytes of the request's body."""
    response_size: int
    """Bytes of the answer's body."""
    error_code: int | None
    """The gateway's own code, where it answered an error itself."""
    error_detail: str | None
    """More about what went wrong."""
    operation: str | None
    """What the call was, by the provider's table: `openai.chat.completions.create`; `unknown` where no row knows it."""
    answered_model: str | None
    """The model that the answer names."""
    provider_error: str | None
    """The type of error that the provider told in its answer, whatever the status; null: none."""
    estimated: bool
    """Were tokens that the answer did not tell estimated from its text?"""
    location: None = None
    """Always null: where callers are is not looked up."""
    guardrails: None = None
    """Always null: there are none yet."""
    prompts: None = None
    """Always null: there are none."""
    dlp_action: None = None
    """Always null: there is no loss prevention yet."""
    dlp_profiles: None = None
    """Always null, likewise."""
    request_head: str | None = ""
    """The beginning of the request's body; in lists it is empty."""
    response_head: str | None = ""
    """The beginning of the answer's body; in lists it is empty."""


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
    """Is the head all of the request's body?"""
    response_head_complete: bool | None = None
    """Is the head all of the answer's body?"""
    bodies_remark: str | None = None
    """Why something of the bodies is not kept; null where that was not the gateway's doing."""


def bodies_remark(row: CallRow) -> str | None:
    """Why something of a call's bodies is not kept, as far as the gateway had a reason of its own."""
    return next((event.detail for event in row.trail if event.what == UNKEPT), None)


def log_detail(row: CallRow, bodies: Bodies | None, head_chars: int | None = HEAD_CHARS) -> LogDetail:
    """The detail of one row; with None for `head_chars` its heads are as long as the bodies."""
    record = {**msgspec.structs.asdict(log_record(row)), "bodies_remark": bodies_remark(row)}
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


def body_text(body: bytes, content_type: str, encoding: str, most: int | None = None) -> str | None:
    """A body as text; None when it is none, or cannot be unpacked. With `most` it is looked at as far as so many bytes,
    for who wants its beginning only.
    """
    unpacked = plain(body, encoding) if most is None else beginning(body, encoding, most)
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
