"""A ledger's writing side that counts what goes in, and stores no more calls of a gateway than it may hold.

Both sit before the ledger proper, so that the shipper need not know of them. Limits are those of
`log_management` with `STOP_INSERTING` (Cloudflare 3.20): what is not stored counts in roll-ups and metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from penstock.metrics.call_tally import Tally
from penstock.metrics.tally_file import write_tally
from penstock.stores.ledger import Appended, LedgerUnavailable, Move, NewCall, OpenWriter

WRITE_SECONDS: Final = 2.0
"""So often at most the tally is written."""

Limits = Mapping[tuple[str, str], int]
"""How many calls may be stored, by account and gateway; one that is not named has no limit."""


class LimitedLedger:
    """Marks calls that their gateway has no room for. `limits` is asked before each batch."""

    def __init__(self, ledger: OpenWriter, limits: Callable[[], Limits]) -> None:
        self._ledger = ledger
        self._limits = limits

    def positions(self) -> dict[str, int]:
        return self._ledger.positions()

    def append(self, calls: Sequence[NewCall], move: Move, forget: Sequence[str] = ()) -> Appended:
        limits = self._limits()
        return self._ledger.append(self._marked(calls, limits) if limits else calls, move, forget)

    def retire(self, segment: str) -> bool:
        return self._ledger.retire(segment)

    def stored(self, account: str, gateway: str) -> int:
        return self._ledger.stored(account, gateway)

    def fault(self) -> str:
        return self._ledger.fault()

    def begin_anew(self, why: str) -> str:
        return self._ledger.begin_anew(why)

    def close(self) -> None:
        self._ledger.close()

    def _marked(self, calls: Sequence[NewCall], limits: Limits) -> list[NewCall]:
        room: dict[tuple[str, str], int] = {}
        marked = []
        for call in calls:
            gateway = call.record.account, call.record.gateway
            limit = limits.get(gateway)
            if limit is not None:
                if gateway not in room:
                    room[gateway] = limit - self._ledger.stored(*gateway)
                room[gateway] -= 1
                if room[gateway] < 0:
                    call = call._replace(keep=False)
            marked.append(call)
        return marked


class CountingLedger:
    """Counts calls that have gone in, and writes the tally to its file. `seconds` is a monotonic clock."""

    def __init__(self, ledger: OpenWriter, tally: Tally, file: Path, seconds: Callable[[], float]) -> None:
        self._ledger = ledger
        self._tally = tally
        self._file = file
        self._seconds = seconds
        self._written = seconds()
        self._changed = False

    def positions(self) -> dict[str, int]:
        """Asked at each round of the shipper, also when there is nothing to ship: a good time to write."""
        if self._changed and self._seconds() - self._written >= WRITE_SECONDS:
            self._write()
        return self._ledger.positions()

    def append(self, calls: Sequence[NewCall], move: Move, forget: Sequence[str] = ()) -> Appended:
        appended = self._ledger.append(calls, move, forget)
        self._tally.add(calls)
        self._changed = self._changed or bool(calls)
        return appended

    def retire(self, segment: str) -> bool:
        return self._ledger.retire(segment)

    def stored(self, account: str, gateway: str) -> int:
        return self._ledger.stored(account, gateway)

    def fault(self) -> str:
        return self._ledger.fault()

    def begin_anew(self, why: str) -> str:
        return self._ledger.begin_anew(why)

    def close(self) -> None:
        if self._changed:
            self._write()
        self._ledger.close()

    def _write(self) -> None:
        self._written, self._changed = self._seconds(), False
        try:
            stored = [(*one, self._ledger.stored(*one)) for one in sorted(self._tally.gateways())]
        except LedgerUnavailable:
            stored = []
        write_tally(self._file, self._tally.state(stored))
