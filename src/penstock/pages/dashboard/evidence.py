"""What the results of runs rest on, by processor and by domain: is a dearer processor worth it on tasks of one's own?

Out of the sums that the run ledger keeps beside results, of the newest runs of a time: `penstock evidence` reads the
results of all of them, and tells more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from penstock.analytics.parameters import BadParameter
from penstock.analytics.run_choice import chosen_runs
from penstock.management.resources import Resources
from penstock.management.runs import reading_runs
from penstock.pages.dashboard.lists import Chip, address, chips
from penstock.pages.dashboard.page import Visit, page, pages
from penstock.pages.dashboard.runs import may_see, within_reach
from penstock.runs.compared import By, Compared, Comparison
from penstock.runs.evidence import CONFIDENCES, Evidence
from penstock.stores.runs import RestsOn, RunQuery

MOST_RUNS: Final = 1000
"""Runs with a result that are summed up for a page."""

_MOST_ROWS: Final = 25
_SINCE: Final = "since"
_SPANS: Final = ("24h", "7d", "30d", "90d")
_DEFAULT: Final = "30d"
_WORDS: Final = ("gateway", "processor", "kind", "owner", "domain", "confidence", "parent")


class ByProcessor(msgspec.Struct, frozen=True):
    """What the results of a processor rest on; a generator of FindAll is called `findall-core`. Shares are of fields.

    `average_cost` in USD, of the runs whose cost is known. `runs_at` is the list of these runs.
    """

    name: str
    runs: int
    fields: int
    shares: dict[str, float]
    citations: int
    citations_per_field: float
    domains: int
    average_cost: float | None
    runs_at: str


class ByDomain(msgspec.Struct, frozen=True):
    """How much a domain is cited, and by how many runs. `runs_at` is the list of these runs."""

    name: str
    runs: int
    citations: int
    runs_at: str


class EvidencePage(msgspec.Struct, frozen=True):
    """`runs` is how many were summed up, at most `most_runs`, the newest ones; `domains_in_all` how many are cited."""

    since: str
    spans: dict[str, str]
    chips: tuple[Chip, ...]
    wrong: str
    runs: int
    most_runs: int
    confidences: tuple[str, ...]
    processors: tuple[ByProcessor, ...]
    domains: tuple[ByDomain, ...]
    domains_in_all: int
    citations: int


@page("/accounts/{account}/evidence", "evidence.html", permission="metadata_read", title="Evidence")
def evidence(resources: Resources, visit: Visit) -> EvidencePage:
    """What results rest on, of what the visitor may see."""
    since, wrong, found = visit.given(_SINCE) or _DEFAULT, "", list[RestsOn]()
    given = [pair for pair in visit.query if pair[0] in _WORDS and pair[1].strip()]
    try:
        where = chosen_runs([*given, (_SINCE, since)], visit.account, visit.now_us).query
        found = _found(resources, may_see(visit, where))
    except BadParameter as error:
        wrong = str(error)
    here = [*given, (_SINCE, since)]
    domains = sorted(_compared("domain", found), key=lambda one: (-one.citations, one.name))
    return EvidencePage(
        since=since,
        spans={word: address([*given, (_SINCE, word)]) for word in _SPANS},
        chips=tuple(chips(given, [(_SINCE, since)])),
        wrong=wrong,
        runs=len(found),
        most_runs=MOST_RUNS,
        confidences=CONFIDENCES,
        processors=tuple(_processors(_compared("processor", found)[:_MOST_ROWS], here)),
        domains=tuple(_domains(domains[:_MOST_ROWS], here)),
        domains_in_all=len(domains),
        citations=sum(one.citations for one in domains),
    )


def _found(resources: Resources, where: RunQuery) -> list[RestsOn]:
    with reading_runs(resources) as reader:
        return [] if reader is None else reader.rests(within_reach(reader, where), MOST_RUNS)


def _compared(by: By, found: Sequence[RestsOn]) -> list[Compared]:
    comparison = Comparison(by)
    for one in found:
        comparison.add(one.run, _evidence(one.confidences, one.domains))
    return comparison.rows()


def _evidence(confidences: Mapping[str, int], domains: Mapping[str, int]) -> Evidence:
    """Of sums. Citations of no host that can be read are not among them."""
    return Evidence(
        counted=sum(confidences.values()),
        confidences=dict(confidences),
        citations=sum(domains.values()),
        domains=dict(domains),
    )


def _processors(rows: Sequence[Compared], here: Sequence[tuple[str, str]]) -> Iterator[ByProcessor]:
    for row in rows:
        kind, _, generator = row.name.partition("-")
        is_findall = kind == "findall"
        chosen = [("kind", "findall"), ("processor", generator)] if is_findall else [("processor", row.name)]
        yield ByProcessor(
            row.name,
            row.runs,
            row.fields,
            row.shares,
            row.citations,
            row.citations_per_field,
            row.domains,
            row.average_cost,
            _runs_at(here, chosen),
        )


def _domains(rows: Sequence[Compared], here: Sequence[tuple[str, str]]) -> Iterator[ByDomain]:
    for row in rows:
        yield ByDomain(row.name, row.runs, row.citations, _runs_at(here, [("domain", row.name)]))


def _runs_at(here: Sequence[tuple[str, str]], chosen: Sequence[tuple[str, str]]) -> str:
    """The list of runs with the filters of this page, and others in place of those of the same words."""
    words = {word for word, _ in chosen}
    return f"runs{address([*(pair for pair in here if pair[0] not in words), *chosen])}"


PAGES = pages(evidence)
