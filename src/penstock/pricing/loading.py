"""Reads the price book's files: the compact table, and the operator's own prices.

The table is there once `python -m penstock.pricing.compile_llm_prices` has made it.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from penstock.pricing.overrides import parse_overrides
from penstock.pricing.price_book import PriceBook
from penstock.pricing.price_table import FORMAT, PriceTable
from penstock.settings.layers import file_layer


def table_path(data: Path) -> Path:
    """Where the compact table of the installed `genai-prices` belongs, below the data directory."""
    return data / f"prices-{version('genai-prices')}-{FORMAT}.msgpack"


def load_price_book(table: Path | None, overrides: Path | None) -> PriceBook:
    """The book of both files, either of which may be left out.

    Raises ConfigError for what is wrong with the operator's file, OSError for a table that cannot be read, and
    ValueError for one that is damaged or of another format: then it should be made again.
    """
    own = {} if overrides is None else parse_overrides(file_layer(overrides, is_required=True))
    return PriceBook(None if table is None else PriceTable(table.read_bytes()), own)
