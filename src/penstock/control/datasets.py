"""Datasets: what they may be called, how many a gateway has, and what their filters are kept as (Cloudflare 3.26, 4.6).

Pure; whoever stores one, by file or over the network, goes by the same rules. Filters are checked in
`log_filters.py`.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from penstock.control.log_filters import DATASET_RULES, conditions
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import (
    AtMost,
    Dataset,
)

MAX_DATASETS: Final = 10
"""Of one gateway."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256, description="a name of 1 to 256 characters")]
"""Of a dataset, or of an evaluation."""


def at_most_ten(account: str, gateway: str) -> AtMost:
    """Goes with what adds a dataset, so that of several who add one at once nobody adds an eleventh."""
    return AtMost(Dataset, account, gateway, MAX_DATASETS)


def kept_filters(filters: object) -> list[Json]:
    """The filters as they were given; a single value as an array of one, for that is how they go out.

    Raises `WrongFilters`.
    """
    conditions(filters, DATASET_RULES)
    given = msgspec.convert(filters, list[dict[str, object]])
    return [
        {**one, "value": one["value"] if isinstance(one["value"], list) else [one["value"]]} for one in given
    ]
