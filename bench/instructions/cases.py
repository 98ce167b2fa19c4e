"""The cases: what is counted, one row each, from a plain call to the shipping of one.

The lengths are chosen so that no run takes more than some ten seconds under callgrind.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bench.gateways.policies import CACHING, ENFORCED, LIMITED
from bench.instructions.called import Called
from bench.instructions.loads import Load
from bench.instructions.shipped import Shipped


class Case(Protocol):
    """Something whose cost is counted. Both methods keep what they need below `home`."""

    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...

    @property
    def unit(self) -> str:
        """What the cost is of: a call, an event."""

    @property
    def short(self) -> Load: ...

    @property
    def long(self) -> Load: ...

    def prepare(self, home: Path) -> None:
        """Once, before anything is counted."""

    def run(self, home: Path, load: Load) -> None:
        """What is counted, for one of the two loads. `Failed` when it was not what it should be."""


SHORT, LONG = Load(4), Load(24)
LIMIT, MISS, HIT = (
    b"\r\nratelimit: ",
    b"\r\ncf-aig-cache-status: MISS\r\n",
    b"\r\ncf-aig-cache-status: HIT\r\n",
)

PLAIN = Called("plain", "a call without policies, logged with its bodies", SHORT, LONG)
CASES: Sequence[Case] = (
    PLAIN,
    Called("rate-limit", "the same under a sliding rate limit", SHORT, LONG, LIMITED, (LIMIT,)),
    Called("cache-miss", "looked up, relayed and stored", SHORT, LONG, CACHING, (MISS,)),
    Called("cache-hit", "answered from the cache", SHORT, LONG, CACHING, (HIT,), repeated=True, asks=False),
    Called("every-policy", "token, limits, cache miss, attempts", SHORT, LONG, ENFORCED, (LIMIT, MISS)),
    Called("sse", "a further event of a stream", Load(1, 20), Load(1, 180), streams=True, unit="event"),
    Shipped("shipped", "a plain call, from the journal into the ledger", Load(32), Load(96), PLAIN),
)
"""In the order in which they are shown."""


def named(name: str) -> Case:
    return next(case for case in CASES if case.name == name)
