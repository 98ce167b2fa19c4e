"""What the workers share: counters and kept answers. Do their files open, and how full are they?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.doctor.units import size
from penstock.stores.facts import Truncated, Unreadable, Usage
from penstock.stores.opening.shared import (
    counters_place,
    counters_usage,
    replies_place,
    replies_usage,
)


class _Rules(NamedTuple):
    """From which share of the map on it gets tight, and from which on it fails; and what to do."""

    tight: float
    full: float
    remedy: str


# Counters keep a quarter of their map for what must never fail (`stores/lmdb/counter_table.py`); answers push out
# others.
_COUNTERS = _Rules(
    0.65, 0.75, "fewer different limits and shorter windows need less; ended windows are forgotten by and by"
)
_REPLIES = _Rules(0.9, 0.98, "`penstock cache purge` forgets cached answers; [cache] max_bytes bounds them")
_BEGIN_ANEW = "stop the gateway, move the folder away and start again: what it held is counted and kept anew"


def shared_stores(case: Case) -> Iterator[Finding]:
    """Both stores."""
    stores = case.stores
    yield _store("counters", counters_place(stores), lambda: counters_usage(stores), _COUNTERS)
    yield _store("kept answers", replies_place(stores), lambda: replies_usage(stores), _REPLIES)


def _store(check: str, where: str, look: Callable[[], Usage | None], rules: _Rules) -> Finding:
    try:
        usage = look()
    except Truncated as error:
        return warning(check, f"{where} was cut off: {error}", _BEGIN_ANEW)
    except Unreadable as error:
        return problem(check, f"{where} cannot be opened: {error}", _BEGIN_ANEW)
    if usage is None:
        return ok(check, "there are none yet; the gateway makes the store when it starts")
    text = f"{usage.share:.1%} of {size(usage.map)} in use, the file has {size(usage.file)}"
    if usage.share >= rules.full:
        return problem(check, f"{text}: there is no room for more", rules.remedy)
    if usage.share >= rules.tight:
        return warning(check, text, rules.remedy)
    return ok(check, text)
