"""All gateways with their fields, from settings and directory, for processes that serve nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from penstock.control.opening import open_catalog
from penstock.settings import GatewaySettings, Settings
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteDirectory


def read_gateways(settings: Settings, environ: Mapping[str, str]) -> dict[tuple[str, str], GatewaySettings]:
    """By account and id. Raises `DirectoryError`."""
    snapshot = SqliteDirectory(Path(settings.server.data) / FILE_NAME).snapshot()
    gateways = open_catalog(settings, snapshot, environ)
    return {(one.account, one.id): one.fields for one in gateways}
