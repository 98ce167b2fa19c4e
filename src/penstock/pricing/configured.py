"""The prices that settings name: the packaged ones, and the operator's file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from penstock.pricing.packaged import PackagedPrices, cache_folder
from penstock.settings import ConfigError, Settings
from penstock.settings.check import Problem


def open_prices(settings: Settings, environ: Mapping[str, str]) -> PackagedPrices:
    """Raises `ConfigError` for an operator's file that is wrong, or not there."""
    own = settings.pricing.file
    try:
        folder = cache_folder(environ, Path(settings.server.data))
        return PackagedPrices(folder, None if own is None else Path(own))
    except OSError as error:
        raise ConfigError([Problem(None, None, f"[pricing] file: {error}")]) from error
