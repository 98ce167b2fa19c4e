"""The ledger as a process uses it that outlives the file: opened when first used, and again after a failure."""

from __future__ import annotations

import logging
from collections.abc import Callable

from penstock.stores.ledger import LedgerEditor, LedgerReader, LedgerUnavailable, OpenEditor, OpenReader

log = logging.getLogger("penstock.keeper")


class LedgerAccess:
    """Reader and editor of one ledger."""

    def __init__(self, open_reader: Callable[[], OpenReader], open_editor: Callable[[], OpenEditor]) -> None:
        """Both raise `LedgerUnavailable` while there is no ledger."""
        self._open_reader = open_reader
        self._open_editor = open_editor
        self._reader: OpenReader | None = None
        self._editor: OpenEditor | None = None
        self.trouble = ""  # why it cannot be used now

    def reader(self) -> LedgerReader:
        """Raises `LedgerUnavailable`."""
        if self._reader is None:
            self._reader = self._open_reader()
            if self.trouble:
                log.info("the ledger can be read again")
            self.trouble = ""
        return self._reader

    def editor(self) -> LedgerEditor:
        """Raises `LedgerUnavailable`."""
        if self._editor is None:
            self._editor = self._open_editor()
        return self._editor

    def failed(self, error: LedgerUnavailable) -> None:
        """What was open may be of no use any more. Said once, until it works again."""
        if not self.trouble:
            log.error("the ledger cannot be used now, exporters and retention wait: %s", error)
        self.trouble = str(error) or type(error).__name__
        self.close()

    def close(self) -> None:
        """Let go of the file; later use opens it again."""
        for one in (self._reader, self._editor):
            if one is not None:
                one.close()
        self._reader = self._editor = None
