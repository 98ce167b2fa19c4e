"""What all calls add up to since the tally was begun, by a bounded number of labels: the counters of `/metrics`.

The shipper counts, for it sees each call once, also those that are not kept, and it outlives the workers. Pure.
Roll-ups answer questions about any time; these only grow, which is what a monitoring system wants of a counter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from penstock.journal.record import Outcome
from penstock.metrics.metric import Histogram, Labels, Metric, Value
from penstock.pricing.call_cost import is_estimate
from penstock.pricing.units import to_usd
from penstock.providers.operation_table import UNKNOWN
from penstock.stores.ledger import Derived, NewCall
from penstock.stores.rollup_counts import is_rate_limited, is_unpriced

OTHER: Final = "other"
"""The model, and the operation, of calls that have no label of their own."""

MOST_SERIES: Final = 500
"""So many combinations of labels are told apart, and a tenth of it of each account in any case."""

_SHARE: Final = 10  # what is an account's in any case, as a part of all

BOUNDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)
"""Of the durations' histogram, in seconds."""

_REFUSED = int(Outcome.REFUSED)
_MOST = 2**62  # sums stay below what msgpack and OTLP can hold: answers may tell any count


class Key(NamedTuple):
    """The labels. `model` is empty where there is none, `status` is a class like `2xx`.

    `operation` is the kind of it, for there are few; empty in what was counted before it was told.
    """

    account: str
    gateway: str
    provider: str
    model: str
    status: str
    operation: str = ""


class Counts(msgspec.Struct, array_like=True):
    """What the calls of one key add up to."""

    requests: int = 0
    errors: int = 0
    cached: int = 0
    rate_limited: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_nano: int = 0
    unpriced: int = 0
    duration_us: int = 0
    durations: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    estimated: int = 0
    estimated_in: int = 0
    estimated_out: int = 0
    estimated_nano: int = 0


class TallyState(msgspec.Struct):
    """A tally as it is kept. Wall-clock microseconds."""

    since_us: int
    series: list[tuple[Key, Counts]]
    stored: list[tuple[str, str, int]] = []  # account, gateway, how many of its calls the ledger holds


class Tally:
    """Counts calls. `models` models have a label of their own, those that first answered well.

    Models and gateways are named by those who use an account: what one account fills, others have a share beside.
    """

    def __init__(self, state: TallyState, models: int) -> None:
        self._since_us = state.since_us
        self._series = dict(state.series)
        self._known = {key.model for key in self._series} - {OTHER, ""}
        self._most_models = models
        self._in_account = Counter(key.account for key in self._series)
        self._models_of: Counter[str] = Counter()

    def add(self, calls: Iterable[NewCall]) -> None:
        """Counts some calls."""
        for call in calls:
            _count(self._counts(call), call)

    def gateways(self) -> set[tuple[str, str]]:
        """Account and id of each gateway that has had calls."""
        return {(key.account, key.gateway) for key in self._series}

    def state(self, stored: Iterable[tuple[str, str, int]] = ()) -> TallyState:
        """All of it, to be kept."""
        return TallyState(self._since_us, list(self._series.items()), list(stored))

    def _counts(self, call: NewCall) -> Counts:
        record = call.record
        model = self._model(call)
        status = f"{record.status // 100}xx"
        key = Key(record.account, record.gateway, record.provider, model, status, _kind(call.derived))
        counts = self._series.get(key)
        if counts is None:
            key = self._with_room(key)
            counts = self._series.get(key)
            if counts is None:
                counts = self._series[key] = Counts()
                self._in_account[key.account] += 1
        return counts

    def _with_room(self, key: Key) -> Key:
        """The labels that may be new; fewer of them, where there are enough already."""
        own = self._in_account[key.account]
        if len(self._series) >= MOST_SERIES and own >= MOST_SERIES // _SHARE:
            key = key._replace(model=OTHER, operation=OTHER)
        if own >= 2 * MOST_SERIES and key not in self._series:
            key = Key(key.account, OTHER, OTHER, OTHER, key.status, OTHER)
        return key

    def _model(self, call: NewCall) -> str:
        """Its label: callers write models as they like, so only one that has answered gets its own."""
        model = call.derived.model or ""
        if not model or model in self._known:
            return model
        own = self._models_of[call.record.account]
        is_full = len(self._known) >= self._most_models and own >= self._most_models // _SHARE
        if is_full or not call.record.success:
            return OTHER
        self._known.add(model)
        self._models_of[call.record.account] += 1
        return model


def _kind(derived: Derived) -> str:
    return UNKNOWN if derived.operation == UNKNOWN else derived.request_type or OTHER


def _count(counts: Counts, call: NewCall) -> None:
    record, derived = call.record, call.derived
    counts.requests += 1
    counts.errors += not record.success
    counts.cached += record.cached
    counts.rate_limited += is_rate_limited(
        record.status, refused=record.outcome == _REFUSED, error_code=record.error_code
    )
    counts.tokens_in = min(counts.tokens_in + (derived.tokens_in or 0), _MOST)
    counts.tokens_out = min(counts.tokens_out + (derived.tokens_out or 0), _MOST)
    counts.cost_nano = min(counts.cost_nano + (derived.cost_nano or 0), _MOST)
    counts.unpriced += is_unpriced(record.status, derived.cost_nano)
    if is_estimate(derived.price_source):
        counts.estimated_nano = min(counts.estimated_nano + (derived.cost_nano or 0), _MOST)
    if derived.estimated:
        _count_estimates(counts, derived)
    counts.duration_us += record.duration_us
    counts.durations[bisect_left(BOUNDS, record.duration_us / 1e6)] += 1


def _count_estimates(counts: Counts, derived: Derived) -> None:
    counts.estimated += 1
    counts.estimated_in = min(counts.estimated_in + derived.estimated_in, _MOST)
    counts.estimated_out = min(counts.estimated_out + derived.estimated_out, _MOST)


# -- as metrics


def call_metrics(state: TallyState) -> Iterator[Metric]:
    """The metrics of a tally."""
    rows = [(key._asdict(), counts) for key, counts in state.series]
    for name, unit, about, value in _COUNTERS:
        yield Metric(name, "counter", unit, about, [Value(labels, value(counts)) for labels, counts in rows])
    tokens = _by_type(rows, lambda one: (one.tokens_in, one.tokens_out))
    yield Metric(
        "penstock.tokens", "counter", "1", "Tokens, as the answers tell them or their text shows.", tokens
    )
    estimated = _by_type(rows, lambda one: (one.estimated_in, one.estimated_out))
    about = "Those of the tokens that no answer told: they are estimated from text."
    yield Metric("penstock.estimated_tokens", "counter", "1", about, estimated)
    durations = [Histogram(labels, BOUNDS, one.durations, one.duration_us / 1e6) for labels, one in rows]
    yield Metric("penstock.request.duration", "histogram", "s", "Time to the end of the answer.", durations)


def _by_type(
    rows: Sequence[tuple[dict[str, str], Counts]], ends: Callable[[Counts], tuple[int, int]]
) -> list[Value]:
    """What went in and what came out, each for itself."""
    return [
        Value({**labels, "type": kind}, count)
        for labels, counts in rows
        for kind, count in zip(("input", "output"), ends(counts), strict=True)
    ]


_COUNTERS: Final[tuple[tuple[str, str, str, Callable[[Counts], int | float]], ...]] = (
    ("penstock.requests", "1", "Calls that have ended.", lambda one: one.requests),
    ("penstock.errors", "1", "Calls that did not succeed.", lambda one: one.errors),
    ("penstock.cached", "1", "Calls answered out of the cache.", lambda one: one.cached),
    ("penstock.rate_limited", "1", "Calls refused for a rate or spend limit.", lambda one: one.rate_limited),
    ("penstock.cost", "USD", "What calls have cost, where that is known.", lambda one: to_usd(one.cost_nano)),
    ("penstock.unpriced", "1", "Calls whose cost is not known.", lambda one: one.unpriced),
    ("penstock.estimated", "1", "Calls of which no answer told all tokens.", lambda one: one.estimated),
    (
        "penstock.estimated_cost",
        "USD",
        "The part of the cost that was an estimate when its call ended.",
        lambda one: to_usd(one.estimated_nano),
    ),
)


def stored_metric(state: TallyState) -> Metric:
    """How many calls the ledger holds."""
    points = [Value(_gateway(account, gateway), count) for account, gateway, count in state.stored]
    return Metric("penstock.ledger.rows", "gauge", "1", "Calls in the ledger.", points)


def _gateway(account: str, gateway: str) -> Labels:
    return {"account": account, "gateway": gateway}


def is_sound(state: TallyState) -> bool:
    """Whether its histograms have the bounds of today."""
    return all(len(counts.durations) == len(BOUNDS) + 1 for _, counts in state.series)


def new_tally(now_us: int) -> TallyState:
    """An empty one."""
    return TallyState(now_us, [])
