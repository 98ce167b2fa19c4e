"""Opening the stores of an installation: the only place that knows which engine keeps what.

`Stores` says where they are; each file here opens those of one kind, and loads no engine but theirs. Outside of
`penstock.stores` nobody imports an engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from penstock.settings import Settings


class Stores(NamedTuple):
    """Where an installation keeps what it remembers."""

    data: Path  # the data folder


def stores_of(settings: Settings) -> Stores:
    """The stores that these settings name."""
    return Stores(Path(settings.server.data))
