"""Two made-up documents for the local Parallel engine, with facts that stand nowhere else."""

from __future__ import annotations

from pathlib import Path

RESERVOIR = """---
url: https://docs.example.test/zorblax
title: The Zorblax reservoir
date: 2026-03-01
---
# The Zorblax reservoir

The Zorblax reservoir is a lake in the valley of Ommen. The Zorblax reservoir was completed in 1987.
The Zorblax reservoir holds 42 million litres of water. Its owner is the Quillan Water Company.
"""
BRIDGE = """---
url: https://docs.example.test/bridge
title: The Tarnholt bridge
---
# The Tarnholt bridge

The Tarnholt bridge crosses the river Ems. The Tarnholt bridge was opened in 1903.
"""


def write_documents(folder: Path) -> Path:
    """The folder with both, below `folder`."""
    documents = folder / "documents"
    documents.mkdir()
    (documents / "zorblax.md").write_text(RESERVOIR)
    (documents / "bridge.md").write_text(BRIDGE)
    return documents
