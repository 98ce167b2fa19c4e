"""A run as people and programs are shown it: by `penstock runs`, and over the management API.

Pure; US dollars and RFC 3339 outside, nano-dollars and microseconds inside. What a run rests on is in `evidence.py`,
who may see it is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import msgspec

from penstock.metadata import MetadataValue
from penstock.pricing.parallel_prices import SOURCE
from penstock.pricing.units import to_usd
from penstock.runs.run import Charge, Owner, Run, SeenBy
from penstock.time_text import rfc3339


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `null` stands for what is unknown, or not there."""

    run_id: str
    """The provider's own id."""
    kind: str
    """What it is: task, group, findall, monitor, response."""
    state: str
    """How it stands, in the provider's word."""
    is_active: bool
    """Does it go on?"""
    processor: str | None
    """What its price goes by: the processor, or the generator."""
    money: str
    """How certain its cost is: estimated, settled, void (it ended, and nothing is paid), none, unpriced."""
    estimate: float | None
    """US dollars that it was expected to cost; null where nobody knows."""
    cost: float | None
    """US dollars that it has cost; null as long as that is not certain."""
    created_at: str
    """When it was made, or first seen: RFC 3339, UTC, as all times."""
    ended_at: str | None
    """When it was seen to have ended; null while it is active."""
    seen_at: str
    """When something was last learned of it."""
    seen_by: str
    """Through what that was: create, read, stream, poll, webhook."""
    account: str | None
    """The account it was made in; null for what was made elsewhere."""
    gateway: str | None
    """The gateway it was made through."""
    token: str | None
    """The id of the gateway's token that it was made with."""
    user: str | None
    """The user of that token."""
    credential: str | None
    """A fingerprint of the provider's key that it was made with."""
    stored_key: str | None
    """The alias of the stored key that it was made with; with one it is followed."""
    call_id: str | None
    """The call that made it: its id in the log."""
    parent: str | None
    """The group that it belongs to."""
    metadata: dict[str, MetadataValue]
    """What its maker has noted."""
    progress: float | None
    """Per cent, where the provider tells them."""
    generated: int | None
    """Candidates of a FindAll run."""
    matched: int | None
    """Those of them that match."""
    executions: int
    """Executions of a monitor, as far as they were seen."""
    counts: dict[str, int]
    """Runs of a group by their states."""
    error: str | None
    """Why it failed, in the provider's words."""
    revision: int
    """How often it has come back after its end."""
    flags: tuple[str, ...]
    """What there is to know of it: adopted, duplicate_suspect, stale, gone, unreachable, unsettled, unconfirmed."""


class ChargeRecord(msgspec.Struct, frozen=True):
    """What one call has ordered of a run's work."""

    what: str
    """What was ordered: run, extend, enrich, trigger."""
    processor: str | None
    """What its price goes by."""
    count: int
    """The most matches that it may come to; 1 where it is about none."""
    estimate: float | None
    """US dollars that were expected."""
    final: float | None
    """US dollars that it came to; null where that is not known yet."""
    call_id: str | None
    """The call, by its id in the log."""


class MomentRecord(msgspec.Struct, frozen=True):
    """A step of a run's time line."""

    at: str
    """Since when it is so, as far as that was seen."""
    state: str
    """The state, in the provider's word."""
    seen_by: str
    """Through what that was learned: create, read, stream, poll, webhook."""
    seconds: float | None
    """How long it was so, or is so far; null for an end."""


class RunDetail(RunRecord, frozen=True, kw_only=True):
    """One run with what it was ordered to do, and how it went."""

    price_source: str | None
    """Whose prices these are."""
    charges: tuple[ChargeRecord, ...]
    """What was ordered, and what each comes to."""
    timeline: tuple[MomentRecord, ...]
    """How it went, from its beginning."""


def run_record(run: Run) -> RunRecord:
    """The record of one run."""
    owner, end_us = run.owner or Owner("", ""), ended_us(run)
    return RunRecord(
        run_id=run.id,
        kind=run.kind.value,
        state=run.state,
        is_active=run.is_active,
        processor=run.product or None,
        money=run.money.value,
        estimate=_usd(run.estimate),
        cost=_usd(run.cost),
        created_at=rfc3339(run.created_us),
        ended_at=None if end_us is None else rfc3339(end_us),
        seen_at=rfc3339(run.seen_us),
        seen_by=run.seen_by.value,
        account=owner.account or None,
        gateway=owner.gateway or None,
        token=owner.token or None,
        user=owner.user or None,
        credential=owner.credential or None,
        stored_key=run.stored_key or None,
        call_id=run.call_id or None,
        parent=run.parent or None,
        metadata=run.metadata,
        progress=run.progress,
        generated=run.generated,
        matched=run.matched,
        executions=run.executions,
        counts=run.counts,
        error=run.error or None,
        revision=run.revision,
        flags=run.flags,
    )


def run_detail(run: Run, moments: Iterable[tuple[int, str, SeenBy]], now_us: int) -> RunDetail:
    """The detail of one run; `moments` are since when, the state, and through what it was seen."""
    return RunDetail(
        **msgspec.structs.asdict(run_record(run)),
        price_source=SOURCE if any(charge.estimate is not None for charge in run.charges) else None,
        charges=tuple(map(_charge, run.charges)),
        timeline=tuple(_timeline(run, list(moments), now_us)),
    )


def ended_us(run: Run) -> int | None:
    """When it was seen to have ended; None while it is active."""
    return None if run.is_active else run.since_us or run.created_us


def _usd(nano: int | None) -> float | None:
    return None if nano is None else to_usd(nano)


def _charge(charge: Charge) -> ChargeRecord:
    return ChargeRecord(
        charge.what,
        charge.product or None,
        charge.count,
        _usd(charge.estimate),
        _usd(charge.final),
        charge.call_id or None,
    )


def _timeline(run: Run, moments: list[tuple[int, str, SeenBy]], now_us: int) -> Iterator[MomentRecord]:
    for (at_us, state, by), (next_us, _, _) in pairwise(moments):
        yield MomentRecord(rfc3339(at_us), state, by.value, max(next_us - at_us, 0) / 1e6)
    for at_us, state, by in moments[-1:]:
        lasting = max(now_us - at_us, 0) / 1e6 if run.is_active else None
        yield MomentRecord(rfc3339(at_us), state, by.value, lasting)
