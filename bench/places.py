"""Where the benchmark keeps things: installs in `.cache/`, results in `results/`, both beside this file.

Neither folder is ever committed; the figures of the work `instructions` are. Tables of fields are the tests' own.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = HERE / ".cache"
RESULTS = HERE / "results"
INSTRUCTIONS = HERE / "instructions.json"
FIELD_TABLES = ROOT / "tests" / "parallel_local"
