"""Telling on what calls have come to, once runs that they have made say so: to the log, and to counters of limits.

Setting a cost in the log is absolute, correcting a counter is done once for each change, and only then the run ledger
hears that it was told: whoever dies in between does it again, and nothing is counted twice. What a call comes to is
worked out by the run ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from penstock.clock import Clock
from penstock.following.access import CountersAccess
from penstock.pricing.parallel_card import ESTIMATE, NOTHING, SETTLED
from penstock.stores.ledger import LedgerEditor, LedgerMissing, LedgerReader, Recost
from penstock.stores.runs import RunLedger, Stale

AT_ONCE: Final = 50
"""So many are told in one step, between which others have their turn."""

LATEST_US: Final = 3600 * 1_000_000
"""So long after its answer a call may come into the log; one that is not there then is not waited for."""

_AGAIN_SECONDS: Final = 10.0  # between two looks for a call that is not in the log yet


class Teller:
    """Tells on for one data folder. `reader` and `editor` are the log's, and raise `LedgerUnavailable`."""

    def __init__(
        self,
        reader: Callable[[], LedgerReader],
        editor: Callable[[], LedgerEditor],
        counters: CountersAccess,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._editor = editor
        self._counters = counters
        self._clock = clock
        self._later: dict[str, float] = {}  # calls that are not in the log yet, and when to look again

    async def tell(self, runs: RunLedger, unlogged: frozenset[tuple[str, str]] = frozenset()) -> None:
        """Tells on what there is to tell. `unlogged`: gateways whose calls never come into the log.

        Raises `RunsUnavailable`, `LedgerUnavailable`, `CountersUnavailable`; what was told before stays told.
        """
        waiting: dict[str, float] = {}
        while batch := runs.stale(AT_ONCE, len(waiting)):
            ready = self._ready(batch, unlogged)
            for one in ready:
                self._correct(one)
                runs.told(one.create.call_id, one.version, counted(one))
            names = [one.create.call_id for one in batch if one not in ready]
            if not ready and waiting.keys() >= set(names):
                break
            waiting |= {name: self._later[name] for name in names}
            await self._clock.sleep(0)
        self._later = waiting

    def _ready(self, batch: Sequence[Stale], unlogged: frozenset[tuple[str, str]]) -> list[Stale]:
        """Those of a batch that the log has been told, or never will be."""
        logged, waiting = self._in_log(batch, unlogged)
        changes = [
            Recost(one.create.call_id, one.nano, source(one))
            for one in batch
            if one.create.call_id in logged and not one.create.custom
        ]
        if changes:
            self._editor().recost(changes)
        return [one for one in batch if one.create.call_id not in waiting]

    def _in_log(
        self, batch: Sequence[Stale], unlogged: frozenset[tuple[str, str]]
    ) -> tuple[set[str], set[str]]:
        """The calls that are in the log, and those that may yet come into it, with the cost that was expected."""
        now, logged, waiting = self._clock.monotonic(), set(), set()
        reader = self._log()
        for one in batch:
            name, waits = one.create.call_id, self._waits(one, unlogged)
            if waits and self._later.get(name, now) > now:
                waiting.add(name)
            elif reader is not None and reader.get(name) is not None:
                logged.add(name)
            elif waits:
                waiting.add(name)
                self._later[name] = now + _AGAIN_SECONDS
        return logged, waiting

    def _log(self) -> LedgerReader | None:
        try:
            return self._reader()
        except LedgerMissing:  # the shipper is about to make it
            return None

    def _waits(self, one: Stale, unlogged: frozenset[tuple[str, str]]) -> bool:
        create = one.create
        if create.custom or (create.owner.account, create.owner.gateway) in unlogged:
            return False
        return self._clock.now_us() - (create.answered_us or create.sent_us) < LATEST_US

    def _correct(self, one: Stale) -> None:
        """Corrects the counters, once for each version."""
        change = (counted(one) or 0) - (one.was or 0)
        if not change or not one.create.receipts:
            return
        counters, now_us = self._counters.counters(), self._clock.now_us()
        for index, receipt in enumerate(one.create.receipts):
            counters.amend(
                receipt, change, f"run {one.create.call_id} {one.version} {index}".encode(), now_us
            )


def counted(one: Stale) -> int | None:
    """What limits count for a call from now on; None where they have counted nothing that is known.

    Estimates give back what is not needed, and only what is certain counts for more: what was counted later than its
    call could not be given back. Where a caller has set the price, the receipts do not say which of them are of limits
    that go by the card: all are left as they are, as they are by an amount that nobody knows.
    """
    if one.nano is None or one.create.custom:
        return one.was
    return one.nano if one.is_final else min(one.nano, one.was or 0)


def source(one: Stale) -> str | None:
    """Where the log says that a cost is from; None where there is none."""
    if one.nano is None:
        return None
    if not one.is_final:
        return ESTIMATE
    return SETTLED if one.nano else NOTHING
