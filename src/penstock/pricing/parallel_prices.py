"""Parallel's price card as data, in USD (Parallel 3.2). A new card is a new version of this file alone.

Taken over on 2026-11-10 from docs.parallel.ai: getting-started/pricing, image-search/modes and
place-search/modes; the chat models as last listed there in September 2026. What the card leaves open is
missing here, and so unknown. How the prices apply is in `parallel_card.py`.
"""

from __future__ import annotations

from penstock.pricing.units import nano_table, to_nano

SOURCE = "parallel card 2026-11-10"

SEARCH = nano_table({"turbo": "0.001", "fast": "0.001", "basic": "0.005", "advanced": "0.005"})
SEARCH_BETA = nano_table(
    {"one-shot": "0.005", "agentic": "0.005", "fast": "0.005", "base": "0.005", "pro": "0.005"}
)
SEARCH_INCLUDES = 10
SEARCH_AT_MOST = 20  # more results than this are never returned
SEARCH_RESULT = to_nano("0.001")

EXTRACT_URL = to_nano("0.001")
EXTRACT_AT_MOST = 20  # more URLs than this are refused

IMAGE_SEARCH = nano_table({"fast": "0.001", "advanced": "0.005"})
PLACE_SEARCH = nano_table({"fast": "0.001"})

_PROCESSORS = nano_table(
    {
        "lite": "0.005",
        "base": "0.010",
        "core": "0.025",
        "core2x": "0.050",
        "pro": "0.100",
        "ultra": "0.300",
        "ultra2x": "0.600",
        "ultra4x": "1.200",
        "ultra8x": "2.400",
    }
)
TASK = _PROCESSORS | {f"{name}-fast": price for name, price in _PROCESSORS.items()}

RESPONSES = nano_table({"low": "0.010", "medium": "0.050", "high": "0.250"})
CHAT = nano_table({"speed": "0.005", "lite": "0.005", "base": "0.010", "core": "0.025"})

FINDALL_RUN = nano_table({"preview": "0.10", "base": "0.25", "core": "2.00", "pro": "10.00"})
FINDALL_MATCH = nano_table({"preview": "0", "base": "0.03", "core": "0.15", "pro": "1.00"})
FINDALL_AT_MOST = 1000  # matches of one run, extended or not

ENTITY_SEARCH = to_nano("0.005")
ENTITY_SEARCH_INCLUDES = 100
ENTITY_SEARCH_AT_MOST = 1000
ENTITY = to_nano("0.00005")

MONITOR_EXECUTION = nano_table({"lite": "0.003", "base": "0.010"})
