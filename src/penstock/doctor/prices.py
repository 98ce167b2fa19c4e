"""The prices that costs are worked out with: the packaged table and its version, and the operator's own."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.pricing.loading import load_price_book, table_path
from penstock.pricing.packaged import cache_folders
from penstock.pricing.price_table import PriceTable
from penstock.settings import ConfigError


def prices(case: Case) -> Iterator[Finding]:
    """The table that this shell's user has, and the file of `[pricing]`."""
    yield _table(case)
    yield from _own(case)


def _table(case: Case) -> Finding:
    package = f"genai-prices {version('genai-prices')}"
    for folder in cache_folders(case.environ, case.data):  # nothing is made here
        path = table_path(folder)
        if path.exists():
            try:
                return ok("prices", f"of {PriceTable(path.read_bytes()).source}, in {path}")
            except (ValueError, OSError) as error:
                remedy = "remove the file; it is made again when prices are next wanted"
                return warning("prices", f"{path} cannot be used: {error}", remedy)
    return ok("prices", f"of {package}; their table is made when they are first wanted")


def _own(case: Case) -> Iterator[Finding]:
    file = case.settings.pricing.file
    if file is None:
        return
    try:
        load_price_book(None, Path(file))
    except (ConfigError, OSError) as error:
        remedy = "correct it; a gateway does not start with it, and one that runs keeps what it has"
        yield problem("own prices", str(error), remedy)
    else:
        yield ok("own prices", f"{file} is sound")
