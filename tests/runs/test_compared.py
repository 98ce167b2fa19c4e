"""What the results of many runs rest on, side by side: sums, shares, and names without end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.pricing.units import to_nano
from penstock.runs.compared import OTHERS, Compared, Comparison, product_name
from penstock.runs.evidence import CONFIDENCES, Evidence, FieldEvidence, evidence
from penstock.runs.run import Money, Run, RunKind
from support.kept_runs import basis, result_of
from support.known_runs import after, findall, made, seen, task

ENDED = after(task(), seen(task(), "completed"))


def compared(by: str, *pairs: tuple[Run, Evidence], most: int = 100) -> dict[str, Compared]:
    comparison = Comparison("domain" if by == "domain" else "processor", most)
    for run, rests_on in pairs:
        comparison.add(run, rests_on)
    rows = comparison.rows()
    assert [row.runs for row in rows] == sorted((row.runs for row in rows), reverse=True)
    return {row.name: row for row in rows}


def rests(*fields: tuple[str, tuple[str, ...]]) -> Evidence:
    """Fields with their confidence and the domains that are cited for them."""
    bases = [
        basis(f"f{n}", word, *(f"https://{one}/x" for one in hosts)) for n, (word, hosts) in enumerate(fields)
    ]
    content = {f"f{number}": 1 for number in range(len(fields))}
    return evidence(result_of(ENDED, type="json", content=content, basis=bases))


def test_a_processor_is_what_its_runs_are() -> None:
    first, second = rests(("high", ("a", "b")), ("low", ())), rests(("high", ("a",)))
    row = compared("processor", (ENDED, first), (ENDED, second))["core"]
    assert row == Compared(
        name="core", runs=2, fields=3, citations=3, citations_per_field=1.0, uncited=1, domains=2,
        shares={"high": 0.6667, "medium": 0.0, "low": 0.3333, "none": 0.0}, most_cited={"a": 2, "b": 1},
        average_cost=0.025,
    )  # fmt: skip


def test_a_domain_is_what_cites_it() -> None:
    first, second = rests(("high", ("a", "a", "b")), ("low", ("b",))), rests(("high", ("a",)), ("none", ()))
    rows = compared("domain", (ENDED, first), (ENDED, second))
    assert {
        name: (row.runs, row.fields, row.citations, row.shares["high"]) for name, row in rows.items()
    } == {
        "a": (2, 2, 3, 1.0),
        "b": (1, 2, 2, 0.5),
    }


def test_cost_is_the_average_of_what_is_known() -> None:
    failed = after(task(), seen(task(), "failed"))
    unknown = replace(task(), money=Money.UNPRICED)
    row = compared("processor", *((one, Evidence()) for one in (ENDED, failed, unknown)))["core"]
    assert (row.runs, row.average_cost, row.fields, row.citations_per_field) == (3, 0.0125, 0, 0.0)
    assert compared("processor", (unknown, Evidence()))["core"].average_cost is None
    assert to_nano("0.025") == ENDED.cost


def test_generators_are_not_taken_for_processors() -> None:
    named = [task("core"), findall("core"), made(RunKind.MONITOR, "base"), made(RunKind.TASK)]
    assert [product_name(run) for run in named] == ["core", "findall-core", "monitor-base", "unknown"]


@pytest.mark.parametrize("by", ["processor", "domain"])
def test_names_without_end_are_counted_together(by: str) -> None:
    pairs = [(replace(ENDED, product=f"p{n}"), rests(("high", (f"d{n}", f"e{n}")))) for n in range(20)]
    rows = compared(by, *pairs, most=4)
    assert len(rows) == 5
    assert rows[OTHERS].runs == (16 if by == "processor" else 18)
    assert sum(row.citations for row in rows.values()) == 40


WORDS = st.sampled_from(CONFIDENCES)
HOSTS = st.lists(st.sampled_from(["a.org", "b.org", "c.org", "d.org"]), max_size=4).map(tuple)
MANY = st.lists(
    st.tuples(st.sampled_from(["lite", "core"]), st.lists(st.tuples(WORDS, HOSTS), max_size=4)), max_size=5
)


@given(MANY, st.integers(1, 3))
def test_sums_are_those_of_a_plain_count(
    many: list[tuple[str, list[tuple[str, tuple[str, ...]]]]], most: int
) -> None:
    pairs = [(replace(ENDED, product=name), rests(*fields)) for name, fields in many]
    rows = compared("processor", *pairs)
    for name, row in rows.items():
        fields = [field for product, some in many if product == name for field in some]
        assert (row.runs, row.fields) == (sum(product == name for product, _ in many), len(fields))
        assert row.citations == sum(len(hosts) for _, hosts in fields)
        assert row.uncited == sum(not hosts for _, hosts in fields)
        assert row.domains == len({host for _, hosts in fields for host in hosts})
        assert sum(row.shares.values()) == pytest.approx(1 if fields else 0, abs=0.001)
    by_domain = compared("domain", *pairs)
    cited = [host for _, fields in many for _, hosts in fields for host in hosts]
    assert {name: row.citations for name, row in by_domain.items()} == {
        one: cited.count(one) for one in set(cited)
    }
    bounded = compared("domain", *pairs, most=most)
    assert len(bounded) <= most + 1
    assert sum(row.citations for row in bounded.values()) == len(cited)


def test_a_field_that_cites_several_of_the_others_counts_once_among_them() -> None:
    field = FieldEvidence("f", "high", 3, ("x", "y", "z"))
    row = compared(
        "domain", (ENDED, Evidence((field,), 1, {"high": 1}, 3, 0, 0, {"x": 1, "y": 1, "z": 1})), most=1
    )
    assert (row[OTHERS].fields, row[OTHERS].citations, row[OTHERS].runs) == (1, 2, 1)
