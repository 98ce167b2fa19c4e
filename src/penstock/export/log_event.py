"""A call as a pushed log: one JSON object, Cloudflare's fields and some of ours (Cloudflare 3.21).

Pure. How logs are batched and where they go is in `log_push.py` and the destinations.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from operator import attrgetter
from typing import Final, Literal, NamedTuple

import msgspec

from penstock.calls.wording import Wording, milliseconds, usd
from penstock.export.call_texts import plain_bodies
from penstock.export.log_encryption import Encrypted, LogEncryption
from penstock.metadata import MetadataValue
from penstock.stores.call_columns import Column, Kind
from penstock.stores.ledger import Bodies, CallRow
from penstock.stores.rollup_counts import is_rate_limited
from penstock.time_text import rfc3339

MOST_BYTES: Final = 1_000_000
"""Of one log (Cloudflare 3.28). Where bodies make it larger, they are left out and `BodiesLeftOut` says so."""

Body = str | Encrypted | None


_UNITS: Final[Mapping[Kind, str]] = {"duration": "Ms", "money": "USD"}


def _name(column: Column) -> str:
    return "".join(map(str.capitalize, column.wire.split("_"))) + _UNITS.get(column.kind, "")


_WORDING: Final = Wording(_name, {"moment": rfc3339, "duration": milliseconds, "money": usd})


@_WORDING.with_later
class LogEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One log. Up to `Timestamp` Cloudflare's fields; what follows is our own. None: there is none, or unknown.

    A body that is not UTF-8 is given as base64, or encrypted as the bytes it is; `…BodyIs` tells.
    """

    Gateway: str
    Provider: str
    Model: str | None
    Endpoint: str
    StatusCode: int
    Cached: bool
    RateLimited: bool
    Metadata: dict[str, MetadataValue] | Encrypted
    RequestBody: Body
    ResponseBody: Body
    Timestamp: str
    Account: str
    LogID: str
    EventID: str
    Step: int
    Method: str
    Outcome: str
    DurationMs: float
    FirstByteMs: float | None
    TokensIn: int | None
    TokensOut: int | None
    CostUSD: float | None
    Attempts: int
    ErrorCode: int | None
    ErrorDetail: str
    Token: str
    User: str
    Team: str
    UserAgent: str
    RequestBodyIs: Literal["text", "base64"] | None
    ResponseBodyIs: Literal["text", "base64"] | None
    BodiesCut: bool
    BodiesLeftOut: bool


_GETTERS: Final = _WORDING.getters(
    LogEvent,
    {
        "Endpoint": attrgetter("path"),
        "RateLimited": lambda row: is_rate_limited(
            row.status_code, refused=row.outcome == "refused", error_code=row.error_code
        ),
        "Timestamp": lambda row: rfc3339(row.created_us),
        "LogID": attrgetter("id"),
        "EventID": attrgetter("event_id"),
    },
)


class _Bodies(NamedTuple):
    request: bytes | None
    response: bytes | None
    is_cut: bool


_encode = msgspec.json.Encoder().encode
_NONE = _Bodies(None, None, is_cut=False)


def log_line(row: CallRow, bodies: Bodies | None, encryption: LogEncryption | None) -> bytes:
    """One line of NDJSON, its end included; at most `MOST_BYTES` where it has bodies."""
    plain = _NONE if bodies is None else _plain(row, bodies)
    if len(plain.request or b"") + len(plain.response or b"") < MOST_BYTES:
        line = _encode(_event(row, plain, encryption, left_out=False))
        if len(line) < MOST_BYTES or bodies is None:
            return line + b"\n"
    return _encode(_event(row, _NONE, encryption, left_out=True)) + b"\n"


def _plain(row: CallRow, bodies: Bodies) -> _Bodies:
    """Without content-encoding, where that can be undone."""
    request, response = plain_bodies(row, bodies)
    return _Bodies(
        bodies.request if request is None else request,
        bodies.response if response is None else response,
        bodies.request_cut or bodies.response_cut,
    )


def _event(row: CallRow, bodies: _Bodies, encryption: LogEncryption | None, *, left_out: bool) -> LogEvent:
    metadata: dict[str, MetadataValue] | Encrypted = row.metadata
    request, response = _shown(bodies.request), _shown(bodies.response)
    if encryption is not None:
        wanted = [one for one in (bodies.request, bodies.response) if one is not None]
        metadata, *hidden = encryption.fields(_encode(row.metadata), *wanted)
        request = None if bodies.request is None else hidden[0]
        response = None if bodies.response is None else hidden[-1]
    values = {name: get(row) for name, get in _GETTERS.items()}
    values |= {"Metadata": metadata, "RequestBody": request, "ResponseBody": response}
    values |= {"RequestBodyIs": _form(bodies.request), "ResponseBodyIs": _form(bodies.response)}
    return LogEvent(**values, BodiesCut=bodies.is_cut, BodiesLeftOut=left_out)


def _form(body: bytes | None) -> Literal["text", "base64"] | None:
    if body is None:
        return None
    try:
        body.decode()
    except UnicodeDecodeError:
        return "base64"
    return "text"


def _shown(body: bytes | None) -> Body:
    if body is None:
        return None
    return body.decode() if _form(body) == "text" else b64encode(body).decode()
