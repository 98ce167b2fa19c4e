"""The works, one file each: what is measured, how, and the targets it is held to.

`all_works` lists them in the order of a run.
"""

from __future__ import annotations

from bench.works.base import Work
from bench.works.cache_hit import CacheHit
from bench.works.exported import Exported
from bench.works.latency import Latency
from bench.works.ledger import Ledger
from bench.works.longpolls import LongPolls
from bench.works.memory import MemoryGrowth
from bench.works.policies_on import PoliciesOn
from bench.works.runs import Runs
from bench.works.shipping import Shipping
from bench.works.sse import Sse
from bench.works.startup import Startup
from bench.works.throughput import Throughput
from bench.works.unified import Unified


def all_works() -> list[Work]:
    return [
        Throughput(),
        CacheHit(),
        PoliciesOn(),
        Exported(),
        Latency(),
        Sse(),
        Unified(),
        LongPolls(),
        MemoryGrowth(),
        Startup(),
        Shipping(),
        Ledger(),
        Runs(),
    ]
