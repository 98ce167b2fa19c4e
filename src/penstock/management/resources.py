"""What the endpoints of the management API work with: settings, the stores, the vault, the clock.

Opens stores for one request at a time. Knows nothing of HTTP.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from penstock.access.master_key import load_or_make, need_master_key
from penstock.access.vault import KEY_BYTES, NONCE_BYTES, Vault
from penstock.clock import Clock
from penstock.control.catalog import Catalog
from penstock.control.gateway_changes import GatewayChanges
from penstock.control.limit_readers import Readers, limit_readers
from penstock.control.opening import gateway_changes, open_catalog
from penstock.control.stored_gateways import Seal
from penstock.management.caller import Caller
from penstock.pricing.configured import open_prices
from penstock.pricing.packaged import PackagedPrices
from penstock.settings import Settings
from penstock.stores.control_store import ControlStore, Edition, Snapshot, Token
from penstock.stores.counters import CounterReader
from penstock.stores.ledger import LedgerEditor, LedgerReader
from penstock.stores.opening.configured import stores_of
from penstock.stores.opening.control_store import control_store
from penstock.stores.opening.ledger import ledger_reader, rollups
from penstock.stores.opening.ledger_changes import ledger_editor
from penstock.stores.opening.runs import has_runs, run_ledger, run_reader
from penstock.stores.rollups import Rollups
from penstock.stores.runs import OpenRunReader, RunLedger


class SharedClock(Clock):
    """A clock for several threads."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def new_id(self, now_us: int) -> str:
        with self._lock:
            return super().new_id(now_us)


class ReadDirectory:
    """The directory as it was read last, for as long as it is the same: every request asks whose token it brings, and
    there may be thousands.

    Nothing is believed for a while: each look asks the store which edition it is, so that a change counts at once. Any
    thread may use it.
    """

    def __init__(self) -> None:
        self._kept: tuple[Edition, Snapshot] | None = None

    def snapshot(self, store: ControlStore) -> Snapshot:
        """What the store has now. Raises `ControlStoreError`."""
        edition, kept = store.edition(), self._kept
        if kept is not None and kept[0] == edition:
            return kept[1]
        found = store.snapshot()
        same = edition is not None and edition.version == found.version
        self._kept = (edition, found) if edition is not None and same else None
        return found


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything by the data folder of the settings that are in force. Handlers in several threads share it."""

    current: Callable[[], Settings]
    clock: Clock
    environ: Mapping[str, str]
    counters: CounterReader | None = None  # how limits stand; None where nothing is counted
    read_directory: ReadDirectory = field(default_factory=ReadDirectory)

    @property
    def settings(self) -> Settings:
        return self.current()

    @property
    def data(self) -> Path:
        return Path(self.settings.server.data)

    def control_store(self, caller: Caller) -> ControlStore:
        """The directory; changes are entered in the audit as this caller's."""
        return control_store(stores_of(self.settings), caller.actor, self.clock.now_us)

    def tokens(self) -> tuple[Token, ...]:
        """All tokens, as they are now."""
        return self.snapshot().tokens

    def snapshot(self) -> Snapshot:
        """All of the directory, as it is now. Whoever changes it takes that of the `control_store` itself."""
        return self.read_directory.snapshot(control_store(stores_of(self.settings)))

    def catalog(self, snapshot: Snapshot) -> Catalog:
        """All gateways there are."""
        return open_catalog(self.settings, snapshot, self.environ)

    def gateway_changes(self, snapshot: Snapshot, now_us: int) -> GatewayChanges:
        """What changes the gateways of this moment."""
        seal = self.sealer(snapshot)
        return gateway_changes(
            self.settings, snapshot, self.environ, seal, lambda: self.clock.new_id(now_us), now_us
        )

    @contextmanager
    def ledger(self) -> Iterator[LedgerReader]:
        """For reading. Raises `LedgerUnavailable`, and `LedgerMissing` as long as no call was ever stored."""
        reader = ledger_reader(stores_of(self.settings))
        try:
            yield reader
        finally:
            reader.close()

    @contextmanager
    def editor(self) -> Iterator[LedgerEditor]:
        """For changing what is stored. Raises as `ledger` does."""
        editor = ledger_editor(stores_of(self.settings))
        try:
            yield editor
        finally:
            editor.close()

    @contextmanager
    def rollups(self) -> Iterator[Rollups]:
        """What all calls add up to. Raises as `ledger` does."""
        found = rollups(stores_of(self.settings))
        try:
            yield found
        finally:
            found.close()

    def has_runs(self) -> bool:
        """Whether a run was ever made."""
        return has_runs(stores_of(self.settings))

    @contextmanager
    def runs(self) -> Iterator[OpenRunReader]:
        """What calls have made at providers, and events of webhooks. Raises `RunsUnavailable`."""
        reader = run_reader(stores_of(self.settings))
        try:
            yield reader
        finally:
            reader.close()

    @contextmanager
    def run_editor(self) -> Iterator[RunLedger]:
        """For having events sent again. Raises `RunsUnavailable`."""
        ledger = run_ledger(stores_of(self.settings))
        try:
            yield ledger
        finally:
            ledger.close()

    def limits(self) -> AbstractContextManager[Readers]:
        """All that tells what is used of limits, as far as it can be read now."""
        return limit_readers(stores_of(self.settings), self.counters)

    def vault(self, snapshot: Snapshot) -> Vault:
        """Opens what the directory has sealed. Raises `MasterKeyError`."""
        return Vault(need_master_key(self.environ, self.data, snapshot.seal_label))

    def sealer(self, snapshot: Snapshot) -> Seal:
        """Seals; the master key is made when nothing was sealed yet. What it gives raises `MasterKeyError`."""

        def seal(secret: bytes, context: bytes) -> bytes:
            fresh = os.urandom(KEY_BYTES)
            vault = Vault(load_or_make(self.environ, self.data, fresh, snapshot.seal_label))
            return vault.seal(secret, context, os.urandom(NONCE_BYTES))

        return seal

    def prices(self) -> PackagedPrices:
        """What things cost, by the lists there are now. Raises `ConfigError`."""
        return open_prices(self.settings, self.environ)

    def random(self, size: int) -> bytes:
        """For ids, nonces and salts."""
        return os.urandom(size)
