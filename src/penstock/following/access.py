"""The run ledger and the counters as a process uses them that outlives both: opened when there is something to do.

What cannot be used now is said once, and tried again by who asks next. What is done with them is of no concern here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from penstock.stores.counters import Counters, OpenCounters
from penstock.stores.runs import OpenRunLedger, RunLedger, RunsUnavailable

log = logging.getLogger("penstock.following")


class RunsAccess:
    """The run ledger of one data folder. It is not made here: as long as nobody has made a run there is none."""

    def __init__(self, is_there: Callable[[], bool], opened: Callable[[], OpenRunLedger]) -> None:
        self._is_there = is_there
        self._opened = opened
        self._ledger: OpenRunLedger | None = None
        self.trouble = ""  # why it cannot be used now

    def ledger(self) -> RunLedger | None:
        """None as long as there is none. Raises `RunsUnavailable`."""
        if self._ledger is None and self._is_there():
            self._ledger = self._opened()
        return self._ledger

    def failed(self, error: RunsUnavailable) -> None:
        """Said once, until it works again."""
        if not self.trouble:
            log.error("the run ledger cannot be used now, runs are not followed: %s", error)
        self.trouble = str(error) or type(error).__name__

    def worked(self) -> None:
        """It was used."""
        if self.trouble:
            log.info("the run ledger can be used again")
        self.trouble = ""

    def close(self) -> None:
        """Let go of it; later use opens it again."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None


class CountersAccess:
    """The counters of limits, of which nothing is reserved here: opened when something is to be corrected."""

    def __init__(self, opened: Callable[[], OpenCounters]) -> None:
        """`opened` is called once, in the process that uses them."""
        self._opened = opened
        self._open: OpenCounters | None = None

    def counters(self) -> Counters:
        """Those in their place now. Raises nothing: what cannot be opened is unavailable to who uses it."""
        if self._open is None:
            self._open = self._opened()
        self._open.tend()
        return self._open.counters

    def close(self) -> None:
        """Let go of them."""
        if self._open is not None:
            self._open.close()
            self._open = None
