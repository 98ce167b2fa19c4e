"""The ledger: what one keeps of each call, and the verbs on it.

Nouns and small protocols: `LedgerWriter` is all the shipper needs, `LedgerReader` all that lists and shows,
`LedgerEditor` all that changes what is stored. No engine here, no SQL, no presentation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, NamedTuple, Protocol

import msgspec

from penstock.journal.record import CallRecord, Event, ToldOrder
from penstock.metadata import MetadataValue
from penstock.stores.call_columns import Column, columns_of


class LedgerUnavailable(Exception):
    """The ledger cannot answer now (locked, full, gone). Nothing was written: trying again later is right."""


class LedgerDamaged(LedgerUnavailable):
    """What is there is no sound ledger, or none at all any more. Trying again may help once, and then no more."""


class LedgerReplaced(LedgerUnavailable):
    """Another file has taken the ledger's place. The next verb uses that one."""


class LedgerMissing(LedgerUnavailable):
    """There is no ledger yet; the shipper makes it."""


class Unstorable(Exception):
    """Something in these calls can never be stored. Nothing was written: trying again is useless."""


class PositionMoved(Exception):
    """Another shipper has moved this segment's position. Nothing was written: read the positions again."""


class UnfitCondition(ValueError):
    """A condition that no call could be asked; the text says why, for whoever wrote it."""


FREE: Final = "no charge"
"""The source of a price for what costs nothing: reading, cancelling, deleting, counting."""


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
    operation: str = "unknown"
    answered_model: str | None = None  # `provider/model`, the one that the answer names
    orders: tuple[ToldOrder, ...] = ()  # objects that it has made, or whose ends it tells
    provider_error: str = ""  # the type of error that the answer tells
    estimated: bool = False  # some of the tokens were told by nobody: they are counted from text
    estimated_in: int = 0  # so many of them
    estimated_out: int = 0
    by_itself: int | None = (
        None  # nano-dollars that it costs beside the work of orders that it tells: a caller's price
    )


class NewCall(NamedTuple):
    """A call on its way into the ledger. Its id is the UUIDv7 of the moment `created_us`."""

    record: CallRecord
    derived: Derived
    request: bytes
    response: bytes
    keep: bool = True  # false: no row, its gateway stores no more; it counts in the roll-ups all the same


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
    """A call as the ledger remembers it. Times in microseconds, sizes in bytes, costs in nano-dollars.

    This is the table of a call's columns, in the order of the first file: what is asked for most comes first. A new
    column comes last, with `since` and a default; `call_columns.py` says what may stand in a `Column`.
    """

    created_us: Annotated[int, Column("moment", wire="created_at", filtered=True)]
    id: Annotated[str, Column("id", filtered=True)]
    arrival: Annotated[int | None, Column("arrival")]  # None: long ago
    account: Annotated[str, Column("account")]
    gateway: Annotated[str, Column("gateway")]
    provider: Annotated[str, Column("name", 1, filtered=True)]
    model: Annotated[str | None, Column("name", 2, "derived.model", filtered=True)]
    model_type: Annotated[str | None, Column("name", 3, "derived.model_type", filtered=True)]
    request_type: Annotated[str | None, Column("name", 4, "derived.request_type", filtered=True)]
    request_content_type: Annotated[str, Column("name", 5, "record.request_type", filtered=True)]
    response_content_type: Annotated[str, Column("name", 6, "record.response_type", filtered=True)]
    user_agent: Annotated[str, Column("name", 7, filtered=True)]
    token: Annotated[str, Column("name", 8, filtered=True)]
    user: Annotated[str, Column("name", 9, filtered=True)]
    status_code: Annotated[int, Column("code", 10, "record.status", filtered=True)]
    success: Annotated[bool, Column("flag", 11, filtered=True)]
    cached: Annotated[bool, Column("flag", 12, filtered=True)]
    authenticated: Annotated[bool, Column("flag", 13, wire="authentication", filtered=True)]
    compat: Annotated[bool, Column("flag", 14, wire="compatibilityMode", filtered=True)]
    feedback: Annotated[float | None, Column("code", 15, None, filtered=True)]
    cost_nano: Annotated[int | None, Column("money", 0, "derived.cost_nano", "cost", filtered=True)]
    duration_us: Annotated[int, Column("duration", wire="duration", filtered=True)]
    tokens_in: Annotated[int | None, Column("number", 0, "derived.tokens_in", filtered=True)]
    tokens_out: Annotated[int | None, Column("number", 0, "derived.tokens_out", filtered=True)]
    metadata: Annotated[dict[str, MetadataValue], Column("metadata")]
    event_id: Annotated[str, Column("event", filtered=True)]
    path: Annotated[str, Column("path", 24)]
    method: Annotated[str, Column("name", 18)]
    outcome: Annotated[str, Column("outcome")]
    step: Annotated[int, Column("number")]
    first_byte_us: Annotated[int | None, Column("duration", wire="first_byte")]
    # Counts, and a `service_tier` that is not the standard one.
    usage_metadata: Annotated[dict[str, int | str] | None, Column("json_text", 0, "derived.usage")]
    price_source: Annotated[str | None, Column("name", 19, "derived.price_source")]
    custom_cost: Annotated[bool, Column("flag", 0, "derived.custom_cost")]
    attempts: Annotated[int, Column("number")]
    stored_key: Annotated[str, Column("name", 20)]
    team: Annotated[str, Column("name", 21, filtered=True)]
    request_size: Annotated[int, Column("number")]
    response_size: Annotated[int, Column("number")]
    request_encoding: Annotated[str, Column("name", 22)]
    response_encoding: Annotated[str, Column("name", 23)]
    controls: Annotated[dict[str, str], Column("json")]
    score: Annotated[float | None, Column("number", 0, None)]
    error_code: Annotated[int | None, Column("number")]
    error_detail: Annotated[str, Column("text")]
    trail: Annotated[tuple[Event, ...], Column("msgpack")]
    operation: Annotated[str, Column("name", 25, "derived.operation", filtered=True, since=2)] = ""
    answered_model: Annotated[str | None, Column("name", 26, "derived.answered_model", since=2)] = None
    provider_error: Annotated[str, Column("name", 27, "derived.provider_error", filtered=True, since=2)] = ""
    estimated: Annotated[bool, Column("flag", 28, "derived.estimated", filtered=True, since=3)] = False


CALL_COLUMNS: Final = columns_of(CallRow)
"""What is known of a call, in the order of its fields. Numbers 16 and 17 are keys and values of metadata."""

FILTERED: Final[Mapping[str, Column]] = {column.wire: column for column in CALL_COLUMNS if column.filtered}
"""Columns that calls may be chosen by, under their `Key`."""


class Bodies(NamedTuple):
    """The bodies as they went over the wire (still content-encoded). `cut`: only the first part was kept."""

    request: bytes
    response: bytes
    request_cut: bool
    response_cut: bool


Key = Literal[
    "id", "event_id", "created_at", "provider", "model", "model_type", "request_type",
    "request_content_type", "response_content_type", "status_code", "success", "cached", "cost",
    "tokens", "tokens_in", "tokens_out", "duration", "feedback", "metadata.key", "metadata.value",
    "authentication", "wholesale", "compatibilityMode", "dlp_action", "user_agent", "token", "user", "team",
    "operation", "provider_error", "estimated",
]  # fmt: skip
"""What a call may be chosen by (Cloudflare 4.3), and some more of our own."""

Operator = Literal["eq", "neq", "contains", "lt", "gt"]

Scalar = str | int | float | bool | None


class Condition(msgspec.Struct, frozen=True):
    """One filter: the field holds against any of the values. Units are the wire's: dollars, ms, RFC 3339.

    Numbers, flags and times may be given as text. A `model` without a slash is that model of any provider.
    `contains` ignores case and applies to text. `neq` means none of the values. None stands for "unknown".
    A call without the field (no model, no cost) satisfies `neq` of a value, and neither `lt` nor `gt`.
    """

    key: Key
    operator: Operator
    values: tuple[Scalar, ...]


class Query(msgspec.Struct, frozen=True):
    """Which calls. Everything given must hold; in one group of conditions any of them. Empty means any."""

    account: str | None = None
    gateways: tuple[str, ...] = ()
    conditions: tuple[tuple[Condition, ...], ...] = ()
    since_us: int | None = None
    until_us: int | None = None  # not included
    search: str = ""  # part of any of: id, event id, provider, model, path, user agent, metadata; any case


ANY = Query()

OrderKey = Literal[
    "created_at", "provider", "model", "model_type", "success", "cached",
    "cost", "tokens_in", "tokens_out", "duration", "feedback",
]  # fmt: skip


class Order(NamedTuple):
    """By which field. Calls that are alike in it come newest first; those without the field come last."""

    by: OrderKey = "created_at"
    descending: bool = True


NEWEST_FIRST = Order()


class Extremes(NamedTuple):
    """The least and the greatest of each among some calls; None where no call has the field."""

    cost_nano: tuple[int, int] | None
    duration_us: tuple[int, int] | None
    tokens_in: tuple[int, int] | None
    tokens_out: tuple[int, int] | None
    tokens: tuple[int, int] | None


class Note(msgspec.Struct, frozen=True):
    """What people say about a call afterwards (Cloudflare 3.26). `UNSET` leaves a field as it is."""

    feedback: float | msgspec.UnsetType | None = msgspec.UNSET  # -1 … 1
    score: float | msgspec.UnsetType | None = msgspec.UNSET  # 0 … 100
    metadata: dict[str, MetadataValue] | msgspec.UnsetType = msgspec.UNSET


class Recost(NamedTuple):
    """A new price for a stored call."""

    call_id: str
    cost_nano: int | None
    price_source: str | None


class LedgerWriter(Protocol):
    """What the shipper needs."""

    def positions(self) -> dict[str, int]:
        """How far each known segment has been stored, in bytes."""

    def append(self, calls: Sequence[NewCall], move: Move, forget: Sequence[str] = ()) -> Appended:
        """Store calls and roll-ups, move the position and forget those of `forget`: all of it, or nothing."""

    def retire(self, segment: str) -> bool:
        """Whether what came from the segment is where neither a power cut nor the loss of a log takes it from: then its
        file may go. To be asked again until then: who reads may keep it from getting there.
        """

    def stored(self, account: str, gateway: str) -> int:
        """How many calls of a gateway there are."""

    def fault(self) -> str:
        """What is found to be wrong with the ledger in a second of looking; empty if nothing is."""

    def begin_anew(self, why: str) -> str:
        """Sets aside what is damaged; the next verb makes a new ledger. What is to be said. Raises `OSError`."""


class Newest(NamedTuple):
    """Calls, the newest first; `looked_to_us` is the moment of the last one that was looked at, where there are older
    ones that were not.
    """

    calls: list[CallRow]
    looked_to_us: int | None


class LedgerReader(Protocol):
    """What lists and shows. All raise `LedgerUnavailable`; what takes a `Query` raises `UnfitCondition`, too."""

    def calls(
        self, where: Query, limit: int, *, offset: int = 0, order: Order = NEWEST_FIRST
    ) -> list[CallRow]:
        """Some of the calls, in order, after the first `offset` of them."""

    def newest(self, where: Query, limit: int, offset: int, effort: int) -> Newest:
        """The same, the newest first, where about `effort` calls at most are looked at one by one."""

    def count(self, where: Query, effort: int | None = None) -> int | None:
        """How many calls there are, exactly. None: it would take looking at more than `effort` rows."""

    def extremes(self, where: Query, effort: int | None = None) -> Extremes | None:
        """Of these calls; None as for `count`."""

    def arrived(self, where: Query, after: int, limit: int) -> list[CallRow]:
        """Calls that came in after the arrival number `after`, in that order. Recent arrivals only."""

    def last_arrival(self) -> int:
        """The highest arrival number given so far; 0 in an empty ledger."""

    def get(self, call_id: str) -> CallRow | None:
        """One call."""

    def find(self, part: str, limit: int) -> list[str]:
        """Ids that begin with `part`; if none does, ids that end with it."""

    def bodies(self, call_id: str) -> Bodies | None:
        """The bodies of one call; None where none were kept."""


class LedgerEditor(Protocol):
    """What changes stored calls, in short transactions. All raise `LedgerUnavailable`."""

    def annotate(self, call_id: str, note: Note) -> bool:
        """Whether there is such a call."""

    def delete(self, where: Query, limit: int, order: Order = NEWEST_FIRST) -> int:
        """The first `limit` of these calls, with their bodies; how many. Roll-ups stay as they are."""

    def delete_bodies(self, before_us: int, limit: int) -> int:
        """The oldest `limit` bodies of calls that began before a time; how many."""

    def forget_arrivals(self, until: int) -> None:
        """Arrival numbers up to this one are asked for by nobody any more."""

    def recost(self, changes: Sequence[Recost]) -> int:
        """Sets costs, and corrects the roll-ups by the difference; how many calls there were."""


class OpenWriter(LedgerWriter, Protocol):
    """One that can be let go of."""

    def close(self) -> None:
        """Let go of the ledger."""


class OpenReader(LedgerReader, Protocol):
    """One that can be let go of."""

    def close(self) -> None:
        """Let go of the ledger."""


class OpenEditor(LedgerEditor, Protocol):
    """One that can be let go of."""

    def close(self) -> None:
        """Let go of the ledger."""
