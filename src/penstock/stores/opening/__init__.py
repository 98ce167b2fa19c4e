"""Opening the stores of an installation: the only place that knows which engine keeps what.

`Stores` says where they are, and is made of the settings in `configured.py`. Each of the other files opens those of one
kind, and loads no engine but theirs. Outside of `penstock.stores` nobody imports an engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Stores(NamedTuple):
    """Where an installation keeps what it remembers."""

    data: Path  # the data folder
