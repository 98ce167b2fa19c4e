"""Stored calls under today's prices: which costs would change, and what that adds up to.

Walks the ledger in time order through its reader. Nothing is written here: who wants the changes stored hands
them to an editor. What a call costs is in `costing.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from penstock.calls.costing import Prices, cost_again, needs_request
from penstock.stores.ledger import CallRow, LedgerReader, Order, Query, Recost
from penstock.wire.content_encoding import plain

PAGE = 1000
"""Calls that are read at once."""

_OLDEST_FIRST = Order("created_at", descending=False)


class Page(NamedTuple):
    """Some calls, each with what it costs today (nano-dollars, price source), and up to when all were seen."""

    calls: list[tuple[CallRow, Recost]]
    until_us: int


@dataclass(slots=True)
class Sums:
    """What repricing does to some calls. Costs in nano-dollars, of the calls whose cost is known."""

    calls: int = 0
    old: int = 0
    new: int = 0
    changed: int = 0
    newly_priced: int = 0
    no_longer_priced: int = 0

    def add(self, row: CallRow, now: Recost) -> None:
        """One more call."""
        self.calls += 1
        self.old += row.cost_nano or 0
        self.new += now.cost_nano or 0
        self.changed += row.cost_nano != now.cost_nano
        self.newly_priced += row.cost_nano is None and now.cost_nano is not None
        self.no_longer_priced += row.cost_nano is not None and now.cost_nano is None


def pages(ledger: LedgerReader, where: Query, prices: Prices, size: int = PAGE) -> Iterator[Page]:
    """The calls of `where`, whose times must be given, oldest first. Raises `LedgerUnavailable`.

    Each page begins where the last one ended, so that what comes in or goes meanwhile moves nothing.
    """
    since, seen = where.since_us, frozenset[str]()
    while True:
        window = msgspec.structs.replace(where, since_us=since)
        found = ledger.calls(window, size + len(seen), order=_OLDEST_FIRST)
        fresh = [row for row in found if row.id not in seen]
        if not fresh:
            return
        since = fresh[-1].created_us
        yield Page([(row, _today(ledger, row, prices)) for row in fresh], since)
        # Others may have begun in the same microsecond: that one is asked for again, without these.
        seen = frozenset(row.id for row in found if row.created_us == since)


def changes(calls: Iterable[tuple[CallRow, Recost]]) -> list[Recost]:
    """Those whose cost is not the stored one. Where only the price list is newer, nothing is to be written."""
    return [now for row, now in calls if now.cost_nano != row.cost_nano]


def _today(ledger: LedgerReader, row: CallRow, prices: Prices) -> Recost:
    request = request_of(ledger, row) if needs_request(row, prices) else None
    cost = cost_again(row, request, prices)
    return Recost(row.id, cost.nano, cost.source)


def request_of(ledger: LedgerReader, row: CallRow) -> bytes | None:
    """The whole, plain request of a call; None where it was not kept, or only in part."""
    if row.request_size == 0:
        return b""
    bodies = ledger.bodies(row.id)
    if bodies is None or bodies.request_cut:
        return None
    return plain(bodies.request, row.request_encoding)
