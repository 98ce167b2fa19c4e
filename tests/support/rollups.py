"""Calls for the tests of the roll-ups, the plain model of what they add up to, and a ledger with roll-ups only."""

from __future__ import annotations

import fnmatch
import operator
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from penstock.journal.record import CallRecord, Outcome
from penstock.metadata import MetadataValue
from penstock.stores.ledger import CallRow, Derived, NewCall
from penstock.stores.rollups import Bucket, Group, Having, Question, Repriced, Sums, widened
from penstock.stores.sketch import Sketch
from penstock.stores.sqlite.ledger.file import opened, transaction
from penstock.stores.sqlite.rollups.writer import RollupWriter

START_US = 1_761_868_800_000_000  # 2025-10-31 at midnight, a Friday
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

BY_ESTIMATE = "a list, tokens estimated"
UNTIL_ITS_END = "parallel card 2026-11-10, estimate"

_RECORD = CallRecord(
    "id", "event", START_US, "acc", "main", "openai", "POST", "chat/completions", 200, 0, 12_345, 9_000, 100, 200,
    False, False, True, "application/json", "application/json", "", "", "tests", 0, False, True, None, "", {}, {},
    "",
)  # fmt: skip


def rolled(
    at_us: int = START_US,
    *,
    model: str | None = "openai/m",
    operation: str = "openai.chat.completions.create",
    tokens: tuple[int | None, int | None] = (10, 5),
    cost: int | None = 1000,
    source: str | None = None,
    estimated: tuple[int, int] | None = None,
    **changes: object,
) -> NewCall:
    """A call that began at a time. `estimated`: so many of its tokens, which were told by nobody."""
    record = msgspec.structs.replace(_RECORD, **{"created_us": at_us, **changes})
    derived = Derived(model, None, None, *tokens, None, cost, source, operation=operation)
    if estimated is not None:
        derived = msgspec.structs.replace(
            derived, estimated=True, estimated_in=estimated[0], estimated_out=estimated[1]
        )
    return NewCall(record, derived, b"", b"")


def with_cost(call: NewCall, cost_nano: int | None, source: str | None = None) -> NewCall:
    """The same call with another cost."""
    return call._replace(
        derived=msgspec.structs.replace(call.derived, cost_nano=cost_nano, price_source=source)
    )


def row_of(call: NewCall) -> CallRow:
    """The call as the ledger would read it back, in what roll-ups look at."""
    record, derived = call.record, call.derived
    known = {
        **{
            name: getattr(record, name) for name in ("created_us", "account", "gateway", "provider", "cached")
        },
        **{name: getattr(record, name) for name in ("token", "user", "team", "metadata", "error_code")},
        "status_code": record.status,
        "outcome": Outcome(record.outcome).name.lower(),
        "success": not is_error(call),
        "model": derived.model,
        "operation": derived.operation,
        "cost_nano": derived.cost_nano,
        "price_source": derived.price_source,
        "estimated": derived.estimated,
    }
    values: dict[str, Any] = {name: known.get(name) for name in CallRow.__struct_fields__}
    return CallRow(**values)


class RollupFile:
    """A ledger's file in which only roll-ups are written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db = opened(path, 5.0)
        self.db.execute("PRAGMA synchronous = OFF")  # a test survives no power cut either

    def add(self, writer: RollupWriter, *calls: NewCall) -> None:
        with transaction(self.db):
            writer.add(self.db, calls)

    def recost(self, *changes: Repriced) -> None:
        with transaction(self.db):
            RollupWriter().recost(self.db, changes)

    def undone(self, writer: RollupWriter, *calls: NewCall) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        writer.add(self.db, calls)
        self.db.execute("ROLLBACK")

    def rows(self, table: str) -> int:
        (count,) = self.db.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert isinstance(count, int)
        return count


# -- the model


def is_error(call: NewCall) -> bool:
    return not (0 < call.record.status < 400 and call.record.outcome == Outcome.COMPLETE)


def is_limited(call: NewCall) -> bool:
    record = call.record
    return record.outcome == Outcome.REFUSED and record.status == 429 and record.error_code in (2003, 2045)


def is_by_estimate(call: NewCall) -> bool:
    return call.derived.price_source in (BY_ESTIMATE, UNTIL_ITS_END)


def value_of(call: NewCall, name: str) -> str:
    record = call.record
    plain: dict[str, Callable[[], object]] = {
        "gateway": lambda: record.gateway,
        "provider": lambda: record.provider,
        "model": lambda: call.derived.model or "",
        "operation": lambda: call.derived.operation,
        "status": lambda: record.status,
        "cached": lambda: int(record.cached),
        "rate_limited": lambda: int(is_limited(call)),
        "error": lambda: int(is_error(call)),
        "token": lambda: record.token,
        "user": lambda: record.user,
        "team": lambda: record.team,
    }
    if name in plain:
        return str(plain[name]())
    return _text(record.metadata.get(name.removeprefix("metadata."), ""))


def _text(value: MetadataValue) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def sums_of(calls: Sequence[NewCall], *, latencies: bool = False) -> Sums:
    cached = [call for call in calls if call.record.cached]
    return Sums(
        requests=len(calls),
        errors=sum(map(is_error, calls)),
        cached=len(cached),
        rate_limited=sum(map(is_limited, calls)),
        tokens_in=sum(call.derived.tokens_in or 0 for call in calls),
        tokens_out=sum(call.derived.tokens_out or 0 for call in calls),
        cached_tokens_in=sum(call.derived.tokens_in or 0 for call in cached),
        cached_tokens_out=sum(call.derived.tokens_out or 0 for call in cached),
        cost_nano=sum(call.derived.cost_nano or 0 for call in calls),
        unpriced=sum(call.derived.cost_nano is None and 200 <= call.record.status < 300 for call in calls),
        estimated=sum(call.derived.estimated for call in calls),
        estimated_tokens_in=sum(call.derived.estimated_in for call in calls),
        estimated_tokens_out=sum(call.derived.estimated_out for call in calls),
        estimated_cost_nano=sum(call.derived.cost_nano or 0 for call in calls if is_by_estimate(call)),
        duration=Sketch.of(call.record.duration_us for call in calls) if latencies else None,
        first_byte=_first_bytes(calls) if latencies else None,
    )


def _first_bytes(calls: Sequence[NewCall]) -> Sketch:
    return Sketch.of(call.record.first_byte_us for call in calls if call.record.first_byte_us is not None)


def begin_of(at_us: int, bucket: Bucket) -> int:
    """Where the bucket begins that a time is in, by the calendar."""
    at = datetime.fromtimestamp(at_us // 1_000_000, UTC)
    midnight = at.replace(hour=0, minute=0, second=0)
    match bucket.unit:
        case "month":
            return int(midnight.replace(day=1).timestamp()) * 1_000_000
        case "week":
            return int((midnight - timedelta(days=at.weekday())).timestamp()) * 1_000_000
        case unit:
            length = {"minute": MINUTE_US, "hour": HOUR_US, "day": DAY_US}[unit] * bucket.length
            return at_us // length * length


def holds(call: NewCall, having: Having) -> bool:
    value = value_of(call, having.dimension)
    number = having.dimension in ("status", "cached", "rate_limited", "error")
    found = [_compare(having.operator, value, other, number=number) for other in having.values]
    return all(found) if having.operator == "neq" else any(found)


def _compare(name: str, value: str, other: str, *, number: bool) -> bool:
    if name == "like":
        return fnmatch.fnmatchcase(value.lower(), other.lower().replace("%", "*").replace("_", "?"))
    found: dict[str, Callable[[Any, Any], bool]] = {
        "eq": operator.eq,
        "neq": operator.ne,
        "lt": operator.lt,
        "gt": operator.gt,
        "le": operator.le,
        "ge": operator.ge,
    }
    return found[name](int(value), int(other)) if number else found[name](value, other)


def model_answer(question: Question, calls: Sequence[NewCall]) -> list[Group]:
    """What the roll-ups of these calls should answer."""
    question = widened(question)
    groups: dict[tuple[int, tuple[str, ...]], list[NewCall]] = {}
    for call in calls:
        record = call.record
        if not question.since_us <= record.created_us < question.until_us or question.account not in (
            None,
            record.account,
        ):
            continue
        if all(any(holds(call, one) for one in group) for group in question.having):
            at = (
                question.since_us if question.bucket is None else begin_of(record.created_us, question.bucket)
            )
            groups.setdefault((at, tuple(value_of(call, name) for name in question.by)), []).append(call)
    return [
        Group(*key, sums_of(found, latencies=question.latencies)) for key, found in sorted(groups.items())
    ]


def total(groups: Sequence[Group]) -> list[int]:
    """All groups' sums together, without latencies."""
    fields = [name for name in Sums.__struct_fields__ if name not in ("duration", "first_byte")]
    return [sum(getattr(group.sums, field) for group in groups) for field in fields]
