"""Node.js with its official libraries. Where there is none, tests are skipped."""

from __future__ import annotations

from pathlib import Path

from support.node import node_with

FOLDER = Path(__file__).parent / "node"


def installed() -> str:
    """The interpreter, once the libraries are there."""
    return node_with(FOLDER)
