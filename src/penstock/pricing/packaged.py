"""Prices as a process needs them: the operator's own at once, the language models' table when it is wanted.

The table is made once for each version of its package and kept in the user's cache folder, by a process of its
own; a machine that cannot make it has no such prices, and says so once. What prices mean is in `price_book.py`.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from penstock.pricing.loading import load_price_book, table_path
from penstock.pricing.price_book import PriceBook

log = logging.getLogger("penstock.prices")

_COMPILER = "penstock.pricing.compile_llm_prices"
_SECONDS = 60.0


def cache_folders(environ: Mapping[str, str], data: Path) -> Iterator[Path]:
    """The table's places, the best first: the user's cache folder, and the data folder for who has no home."""
    for variable, below in (("XDG_CACHE_HOME", "penstock"), ("HOME", ".cache/penstock")):
        if base := environ.get(variable):
            yield Path(base) / below
    yield data


def cache_folder(environ: Mapping[str, str], data: Path) -> Path:
    """Where the table is kept: the first of its places that is there, or can be made."""
    for folder in cache_folders(environ, data):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        return folder
    return data


class PackagedPrices:
    """The operator's prices, and the package's."""

    def __init__(self, folder: Path, overrides: Path | None) -> None:
        """`folder` holds the table. Raises `ConfigError` and OSError for the operator's file."""
        self._table = table_path(folder)
        self._overrides = overrides
        self.own = load_price_book(None, overrides)
        self._full: PriceBook | None = None

    def full(self) -> PriceBook:
        """With the language models' prices, if there are any; the first time this may take seconds."""
        if self._full is None:
            self._full = self._made()
        return self._full

    def _made(self) -> PriceBook:
        try:
            if self._table.exists():
                with suppress(ValueError):  # a damaged one is made again
                    return load_price_book(self._table, self._overrides)
            command = [sys.executable, "-m", _COMPILER, str(self._table)]
            subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
            return load_price_book(self._table, self._overrides)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            log.error("the prices of language models are not known: %s", error)
            return self.own
