"""What the results of many runs rest on, processor by processor or domain by domain: what is a dearer one worth?

Sums over what `evidence.py` tells of each result. Pure; what callers and strangers name has a bound, and beyond it is
counted together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from penstock.pricing.units import to_usd
from penstock.runs.evidence import CONFIDENCES, Evidence
from penstock.runs.run import Run, RunKind

By = Literal["processor", "domain"]

OTHERS: Final = "(others)"
"""What is compared under this name had no room for one of its own."""

MOST_NAMES: Final = 20_000
_MOST_DOMAINS: Final = 100_000  # of one processor, that are told apart
_MOST_TOLD: Final = 10


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What some runs rest on. Shares are of the fields, from 0 to 1."""

    name: str
    """The processor, a generator as `findall-core`; or the domain."""
    runs: int
    """Runs with a result; of a domain those that cite it."""
    fields: int
    """Fields of their outputs; of a domain those for which it is cited."""
    shares: dict[str, float]
    """The share of fields of each confidence: high, medium, low, none."""
    citations: int
    """Citations; of a domain those of it."""
    citations_per_field: float
    """How many that is for each field."""
    uncited: int
    """Fields for which nothing is cited."""
    domains: int
    """How many domains are cited; of a domain itself."""
    most_cited: dict[str, int]
    """The domains that are cited most, with their citations."""
    average_cost: float | None
    """US dollars for a run, of those whose cost is known; null where none is."""


@dataclass(slots=True)
class _Sums:
    runs: int = 0
    confidences: Counter[str] = field(default_factory=Counter)
    citations: int = 0
    uncited: int = 0
    domains: Counter[str] = field(default_factory=Counter)
    nano: int = 0
    priced: int = 0

    def add_run(self, run: Run) -> None:
        self.runs += 1
        if run.cost is not None:
            self.nano += run.cost
            self.priced += 1

    def add_domain(self, name: str, citations: int) -> None:
        self.domains[name if name in self.domains or len(self.domains) < _MOST_DOMAINS else OTHERS] += (
            citations
        )


class Comparison:
    """Adds up runs one by one."""

    def __init__(self, by: By, most_names: int = MOST_NAMES) -> None:
        self._by = by
        self._most = most_names
        self._sums: dict[str, _Sums] = {}

    def add(self, run: Run, rests_on: Evidence) -> None:
        """One more run, and what its result rests on."""
        if self._by == "processor":
            self._add_to_processor(run, rests_on)
        else:
            self._add_to_domains(run, rests_on)

    def rows(self) -> list[Compared]:
        """By the number of runs, then of citations, the most first."""
        found = (_compared(name, sums) for name, sums in self._sums.items())
        return sorted(found, key=lambda one: (-one.runs, -one.citations, one.name))

    def _add_to_processor(self, run: Run, rests_on: Evidence) -> None:
        sums = self._named(product_name(run))
        sums.add_run(run)
        sums.confidences.update(rests_on.confidences)
        sums.citations += rests_on.citations
        sums.uncited += rests_on.uncited
        for name, citations in rests_on.domains.items():
            sums.add_domain(name, citations)

    def _add_to_domains(self, run: Run, rests_on: Evidence) -> None:
        """Fields are those that are told one by one, citations those of all."""
        sums_of = {name: self._named(name) for name in rests_on.domains}
        for sums in _each(sums_of.values()):
            sums.add_run(run)
        for name, citations in rests_on.domains.items():
            sums_of[name].citations += citations
            sums_of[name].add_domain(name, citations)
        for one in rests_on.fields:
            for sums in _each(sums_of[name] for name in one.domains if name in sums_of):
                sums.confidences[one.confidence] += 1

    def _named(self, name: str) -> _Sums:
        if name not in self._sums and len(self._sums) >= self._most:
            name = OTHERS
        sums = self._sums.get(name)
        if sums is None:
            sums = self._sums[name] = _Sums()
        return sums


def _each(many: Iterable[_Sums]) -> Iterable[_Sums]:
    """Each of them once."""
    return {id(sums): sums for sums in many}.values()


def product_name(run: Run) -> str:
    """How the processor of a run is called beside others: a generator of FindAll may be called as one of tasks."""
    product = run.product or "unknown"
    return product if run.kind is RunKind.TASK else f"{run.kind.value}-{product}"


def _compared(name: str, sums: _Sums) -> Compared:
    fields = sums.confidences.total()
    return Compared(
        name=name,
        runs=sums.runs,
        fields=fields,
        shares={word: round(sums.confidences[word] / fields, 4) if fields else 0.0 for word in CONFIDENCES},
        citations=sums.citations,
        citations_per_field=round(sums.citations / fields, 2) if fields else 0.0,
        uncited=sums.uncited,
        domains=len(sums.domains),
        most_cited=dict(sums.domains.most_common(_MOST_TOLD)),
        average_cost=to_usd(sums.nano // sums.priced) if sums.priced else None,
    )
