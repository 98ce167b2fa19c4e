"""What the workers share: counters and kept answers. Do their files open, and how full are they?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import lmdb

from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.doctor.units import size
from penstock.stores.lmdb import counters as lmdb_counters
from penstock.stores.lmdb import replies as lmdb_replies
from penstock.stores.lmdb.usage import Truncated, lmdb_usage


class _Rules(NamedTuple):
    """From which share of the map on it gets tight, and from which on it fails; and what to do."""

    tight: float
    full: float
    remedy: str


# Counters keep half of their map for what must never fail (`stores/lmdb/counters.py`); answers push out others.
_COUNTERS = _Rules(
    0.4, 0.5, "fewer different limits and shorter windows need less; ended windows are forgotten by and by"
)
_REPLIES = _Rules(0.9, 0.98, "`penstock cache purge` forgets cached answers; [cache] max_bytes bounds them")
_BEGIN_ANEW = "stop the gateway, move the folder away and start again: what it held is counted and kept anew"


def shared_stores(case: Case) -> Iterator[Finding]:
    """Both environments."""
    yield _store("counters", case.data / lmdb_counters.FOLDER, _COUNTERS)
    yield _store("kept answers", case.data / lmdb_replies.FOLDER, _REPLIES)


def _store(check: str, folder: Path, rules: _Rules) -> Finding:
    if not folder.exists():
        return ok(check, "there are none yet; the gateway makes the store when it starts")
    try:
        usage = lmdb_usage(folder)
    except Truncated as error:
        return warning(check, f"{folder} was cut off: {error}", _BEGIN_ANEW)
    except (lmdb.Error, OSError) as error:
        return problem(check, f"{folder} cannot be opened: {error}", _BEGIN_ANEW)
    text = f"{usage.share:.1%} of {size(usage.map)} in use, the file has {size(usage.file)}"
    if usage.share >= rules.full:
        return problem(check, f"{text}: there is no room for more", rules.remedy)
    if usage.share >= rules.tight:
        return warning(check, text, rules.remedy)
    return ok(check, text)
