"""The shipper's work for a call: its record out of the journal, its row and its bodies into the ledger.

The journal is a real one, of plain calls, made beforehand and not counted. Its calls are so far apart that the
ledger's blocks close behind them (1,024 calls older than a minute): between both runs it closes two.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from bench.instructions.called import Called
from bench.instructions.gateway import ship
from bench.instructions.loads import Load

CALL_US = 600_000
TRIAL = Load(1)


@dataclasses.dataclass(frozen=True, slots=True)
class Shipped:
    """A case of calls that have ended; `calls` says which."""

    name: str
    summary: str
    short: Load
    long: Load
    calls: Called
    unit: str = "call"

    def prepare(self, home: Path) -> None:
        """Journals for both runs, and a short one for a run that is not measured."""
        calls = dataclasses.replace(self.calls, call_us=CALL_US)
        for load in (TRIAL, self.short, self.long):
            calls.run(home, load)
        self.run(home, TRIAL)

    def run(self, home: Path, load: Load) -> None:
        """Ships the journal of that many calls. `Failed` when something of it is left."""
        ship(home / str(load.units))
