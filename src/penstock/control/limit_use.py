"""What is used of limits: counters and runs are read, all of a question's at one moment. Nothing is written.

What cannot be told now is None. Which limits there are is in `limits.py`, what is used of tokens in `token_use.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

import msgspec

from penstock.control.limits import Limit, Unit
from penstock.pricing.units import to_usd
from penstock.stores.control_store import Technique
from penstock.stores.counters import CounterReader, CountersUnavailable, Looked, Standing
from penstock.stores.runs import RunReader, RunsUnavailable


class LimitUse(msgspec.Struct, frozen=True):
    """Requests, US dollars or runs: what is used of a limit, and when its window begins to give room again; `resets_us`
    is 0 where that is not a matter of time.
    """

    used: float
    limit: float
    resets_us: int

    @property
    def left(self) -> float:
        """What may still be used."""
        return max(0.0, self.limit - self.used)

    @property
    def share(self) -> float:
        """What is used, of 1; more, where a call has cost more than was set aside for it."""
        return self.used / self.limit if self.limit else 1.0


class LimitShown(msgspec.Struct, frozen=True):
    """A limit as it stands: `window` in seconds, 0 for what is under way at once. `use` is None where it cannot be told
    now, or each value has its own (`apart`). `only` says which calls it is about.
    """

    name: str
    unit: Unit
    limit: float
    window: int
    technique: Technique
    only: str
    apart: tuple[str, ...]
    use: LimitUse | None


def shown_limits(
    limits: Iterable[Limit], counters: CounterReader | None, runs: RunReader | None, now_us: int
) -> tuple[LimitShown, ...]:
    """Limits as they stand."""
    found = tuple(limits)
    return tuple(map(shown_limit, found, limit_uses(found, counters, runs, now_us)))


def shown_limit(limit: Limit, use: LimitUse | None) -> LimitShown:
    """One that is known to stand so."""
    only = ", ".join(limit.only)
    return LimitShown(
        limit.name, limit.unit, limit.limit, limit.window, limit.technique, only, limit.apart, use
    )


def limit_uses(
    limits: Sequence[Limit], counters: CounterReader | None, runs: RunReader | None, now_us: int
) -> list[LimitUse | None]:
    """What is used of each, in their order."""
    counted = [one for one in limits if one.counter is not None and one.family is None]
    found = iter(_standings(counted, counters, now_us))
    return [
        _runs(one, runs) if one.counter is None else None if one.family else next(found) for one in limits
    ]


def use_of(limit: Limit, standing: Standing, now_us: int) -> LimitUse:
    """A standing in the units of its limit."""
    used = float(to_usd(standing.used)) if limit.unit == "USD" else standing.used
    return LimitUse(used, limit.limit, now_us + standing.reset_us)


def _standings(
    counted: Sequence[Limit], counters: CounterReader | None, now_us: int
) -> list[LimitUse | None]:
    if counters is not None:
        looked = [Looked(one.counter.key, one.counter.window) for one in counted if one.counter is not None]
        with suppress(CountersUnavailable):
            standings = counters.standings(looked, now_us)
            return [use_of(limit, one, now_us) for limit, one in zip(counted, standings, strict=True)]
    return [None] * len(counted)


def _runs(limit: Limit, runs: RunReader | None) -> LimitUse | None:
    if limit.runs is None or runs is None:
        return None
    with suppress(RunsUnavailable):
        return LimitUse(runs.count(limit.runs), limit.limit, 0)
    return None
