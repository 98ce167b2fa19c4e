"""Which stores the settings name. Apart from `Stores`, for commands that have a data folder need no settings."""

from __future__ import annotations

from pathlib import Path

from penstock.settings import Settings
from penstock.stores.opening import Stores


def stores_of(settings: Settings) -> Stores:
    """The stores that these settings name."""
    return Stores(Path(settings.server.data))
