"""What searches of vendors other than Parallel cost, in USD, as rows (search and runs A7).

Data, each row with whose list it is and when it was read. How the prices apply is in `search_card.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from penstock.pricing.units import nano_table, to_nano


class SearchPrice(NamedTuple):
    """One vendor's list. `table` is by the name of the model in the log; sums are nano-dollars.

    `counted`: what the answer tells is multiplied by `unit`, and the table is for answers that do not tell it.
    """

    table: Mapping[str, int]
    source: str
    as_of: str
    per_result: int = 0  # beyond those that are included
    included: int = 0
    wanted: str = ""  # the member of a request that says how many results
    unit: int = 0  # of a credit
    counted: bool = False


PRICES: Final[Mapping[str, SearchPrice]] = {
    "exa": SearchPrice(
        nano_table(
            {
                "search-lite": "0.004",
                "search-auto": "0.007",
                "search-instant": "0.004",
                "search-deep": "0.012",
                "search-deep-reasoning": "0.015",
            }
        ),
        "exa.ai/docs/admin/pricing",
        "2026-11-10",
        per_result=to_nano("0.001"),
        included=10,
        wanted="numResults",
    ),
    "tavily": SearchPrice(
        nano_table(
            {
                "search-ultra-fast": "0.008",
                "search-fast": "0.008",
                "search-basic": "0.008",
                "search-advanced": "0.016",
            }
        ),
        "docs.tavily.com/documentation/api-credits, pay as you go",
        "2026-11",
        unit=to_nano("0.008"),
        counted=True,
    ),
    "brave": SearchPrice(
        nano_table({"search-web": "0.005", "search-llm-context": "0.005"}),
        "api-dashboard.search.brave.com/app/plans",
        "2026-11-22",
    ),
    "perplexity-ai": SearchPrice(
        nano_table({"search-web": "0.005", "search-fast": "0.001"}),
        "docs.perplexity.ai/docs/getting-started/pricing",
        "2026-10-07",
    ),
}
"""By slug. SearXNG is the operator's own and costs nothing, which its operations say."""
