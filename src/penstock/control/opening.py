"""Opening what the directory has sealed, for serving: what cannot be opened is logged, and left out.

Who changes something wants to hear why it does not work, and uses `access/master_key.py` and `access/vault.py`
themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from penstock.access.master_key import MasterKeyError, need_master_key
from penstock.access.vault import SealBroken, Vault
from penstock.control.catalog import Catalog, OpenSecret, catalog
from penstock.control.gateway_changes import GatewayChanges
from penstock.control.stored_gateways import Seal
from penstock.settings import Settings
from penstock.stores.control_store import Snapshot
from penstock.stores.opening.configured import stores_of
from penstock.stores.opening.control_store import control_store

log = logging.getLogger("penstock.access")


def open_vault(snapshot: Snapshot, environ: Mapping[str, str], data: Path) -> Vault | None:
    """What opens the directory's secrets; None where there are none, or their key is missing."""
    if not snapshot.seal_label:
        return None
    try:
        return Vault(need_master_key(environ, data, snapshot.seal_label))
    except MasterKeyError as error:
        log.error("stored secrets cannot be used: %s", error)
        return None


def opener(vault: Vault | None) -> OpenSecret:
    """Opens with a vault; without one, nothing."""

    def opened(sealed: bytes, context: bytes) -> bytes | None:
        if vault is None:
            return None
        try:
            return vault.open(sealed, context)
        except SealBroken as error:
            log.error("%s", error)
            return None

    return opened


def open_catalog(settings: Settings, snapshot: Snapshot, environ: Mapping[str, str]) -> Catalog:
    """All gateways there are, with their secrets."""
    vault = open_vault(snapshot, environ, Path(settings.server.data))
    return catalog(settings, snapshot, opener(vault))


def gateway_changes(
    settings: Settings,
    snapshot: Snapshot,
    environ: Mapping[str, str],
    seal: Seal,
    new_id: Callable[[], str],
    now_us: int,
) -> GatewayChanges:
    """What changes gateways as they are in the snapshot. Of stored secrets those are kept that can be opened."""
    open_secret = opener(open_vault(snapshot, environ, Path(settings.server.data)))
    found = catalog(settings, snapshot, open_secret)
    allow_private = settings.server.allow_private_providers
    return GatewayChanges(snapshot, found, open_secret, seal, new_id, now_us, allow_private)


def read_catalog(settings: Settings, environ: Mapping[str, str]) -> Catalog:
    """All gateways, as the directory is now. Raises `ControlStoreError`."""
    return open_catalog(settings, control_store(stores_of(settings)).snapshot(), environ)
