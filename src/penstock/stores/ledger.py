"""The ledger: what one keeps of each call, and the verbs on it.

Nouns and two small protocols: `LedgerWriter` is all the shipper needs, `LedgerReader` all that lists and
shows. No engine here, no SQL, no presentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from penstock.metadata import MetadataValue
from penstock.telemetry.record import CallRecord


class LedgerUnavailable(Exception):
    """The ledger cannot answer now (locked, full, gone). Nothing was written: trying again later is right."""


class Unstorable(Exception):
    """Something in these calls can never be stored. Nothing was written: trying again is useless."""


class PositionMoved(Exception):
    """Another shipper has moved this segment's position. Nothing was written: read the positions again."""


class Derived(msgspec.Struct, frozen=True, gc=False):
    """What the bodies tell about a call. None is unknown, never zero."""

    model: str | None  # `provider/model`
    model_type: str | None
    request_type: str | None
    tokens_in: int | None
    tokens_out: int | None
    usage: str | None  # JSON, Cloudflare's `usage_metadata`
    cost_nano: int | None = None  # nano-dollars
    price_source: str | None = None  # whose price that was, and of when
    custom_cost: bool = False  # the caller's own price


class NewCall(NamedTuple):
    """A call on its way into the ledger."""

    record: CallRecord
    derived: Derived
    request: bytes
    response: bytes


class Move(NamedTuple):
    """The step of a segment's position that goes with some calls: what lies between is theirs."""

    segment: str
    start: int
    end: int


class Appended(NamedTuple):
    """What an append did. `duplicates` were in the ledger already and were left alone."""

    calls: int
    duplicates: int


class CallRow(msgspec.Struct, frozen=True):
    """A call as the ledger remembers it. Times in microseconds, sizes in bytes, costs in nano-dollars."""

    seq: int  # order of arrival in the ledger, which is the order in which calls ended
    id: str
    event_id: str
    created_us: int
    account: str
    gateway: str
    provider: str
    model: str | None
    model_type: str | None
    request_type: str | None
    method: str
    path: str
    status_code: int
    outcome: str
    success: bool
    cached: bool
    step: int
    compat: bool
    authenticated: bool
    duration_us: int
    first_byte_us: int | None
    tokens_in: int | None
    tokens_out: int | None
    usage_metadata: dict[str, int] | None
    cost_nano: int | None
    price_source: str | None
    custom_cost: bool
    attempts: int
    stored_key: str
    token: str
    user: str
    team: str
    request_size: int
    response_size: int
    request_content_type: str
    response_content_type: str
    request_encoding: str
    response_encoding: str
    user_agent: str
    metadata: dict[str, MetadataValue]
    controls: dict[str, str]
    feedback: int | None
    score: float | None
    error_code: int | None
    error_detail: str


class Bodies(NamedTuple):
    """The bodies as they went over the wire (still content-encoded). `cut`: only the first part was kept."""

    request: bytes
    response: bytes
    request_cut: bool
    response_cut: bool


class StatusRange(NamedTuple):
    """Status codes from `low` to `high`, both included."""

    low: int
    high: int


class Filter(msgspec.Struct, frozen=True):
    """Which calls. Values of one field are alternatives; the fields must all hold. Empty means any."""

    accounts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()  # `provider/model`, or the bare model of any provider
    statuses: tuple[StatusRange, ...] = ()
    failed: bool = False  # one more alternative beside `statuses`: whatever did not succeed
    since_us: int | None = None
    until_us: int | None = None  # not included


ANY = Filter()


class LedgerWriter(Protocol):
    """What the shipper needs."""

    def positions(self) -> dict[str, int]:
        """How far each known segment has been stored, in bytes."""

    def append(self, calls: Sequence[NewCall], move: Move, forget: Sequence[str] = ()) -> Appended:
        """Store the calls, move the position and forget the positions of `forget`: all of it, or nothing."""

    def retire(self, segment: str) -> None:
        """When this returns, what came from the segment survives a power cut: its file may go."""


class LedgerReader(Protocol):
    """What lists and shows."""

    def newest(self, where: Filter, limit: int, before: str | None = None) -> list[CallRow]:
        """The newest calls first, by the time they began; those before the call `before`, when given."""

    def arrived(self, where: Filter, after: int, limit: int) -> list[CallRow]:
        """The calls that came in after the arrival number `after`, in the order they came."""

    def last_arrival(self) -> int:
        """The highest arrival number given so far; 0 in an empty ledger."""

    def count(self, where: Filter) -> int:
        """How many calls there are."""

    def get(self, call_id: str) -> CallRow | None:
        """One call."""

    def find(self, part: str, limit: int) -> list[str]:
        """Ids that begin with `part`; if none does, ids that end with it."""

    def bodies(self, call_id: str) -> Bodies | None:
        """The bodies of one call; None where none were kept."""
