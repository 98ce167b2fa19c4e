"""What runs cost: the reference's worked checks that are about runs, estimates, and values that nobody expects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.pricing.bill import MOST_NANO
from penstock.pricing.parallel_card import findall_price, monitor_price, parallel_cost, task_price
from penstock.pricing.parallel_prices import FINDALL_RUN, TASK
from penstock.pricing.units import to_nano
from penstock.runs.money import (
    enrich_charge,
    estimated,
    extend_charge,
    first_money,
    run_charge,
    settled,
    trigger_charge,
    with_finals,
)
from penstock.runs.run import Charge, Money, Run, RunKind
from support.known_runs import NOW, findall, made, task

GENERATORS = st.sampled_from(sorted(FINDALL_RUN))
PROCESSORS = st.sampled_from(sorted(TASK))
ODD_WORDS = st.sampled_from(
    ["", "\0", "core ", "CORE", "core-fast-fast", "-fast", "ultra16x", "é" * 100, "None"]
)
COUNTS = st.integers(-(10**40), 10**40)


def ended(run: Run, state: str = "completed", **changes: int) -> Run:
    return settled(replace(run, state=state, is_active=False, **changes), NOW)


def with_charge(run: Run, charge: Charge) -> Run:
    return replace(run, charges=(*run.charges, charge))


# -- the worked checks (Parallel 3.3)


def test_an_ultra_task_that_completed() -> None:
    assert ended(task("ultra")).cost == to_nano("0.300")


def test_an_ultra_task_that_failed() -> None:
    run = ended(task("ultra"), "failed")
    assert (run.cost, run.money) == (0, Money.VOID)


def test_a_group_of_500_of_which_490_completed() -> None:
    runs = [ended(task("core-fast"), "completed" if number < 490 else "failed") for number in range(500)]
    assert sum(run.cost or 0 for run in runs) == to_nano("12.25")
    assert sum(run.estimate or 0 for run in runs) == to_nano("12.50")


def test_findall_with_40_matches_and_one_enrichment() -> None:
    run = findall("core", 50)
    run = with_charge(run, enrich_charge(run, "call-2", "core"))
    run = ended(run, matched=40)
    assert [charge.final for charge in run.charges] == [to_nano("8.00"), to_nano("1.00")]
    assert run.cost == to_nano("9.00")


def test_a_monitor_that_runs_hourly_for_30_days() -> None:
    run = with_finals(
        replace(made(RunKind.MONITOR, "lite"), executions=720 + 1)
    )  # it runs when it is made, too
    assert run.charges[0].final == to_nano("2.16") + to_nano("0.003")


def test_a_response_without_effort_has_its_cost_on_its_call() -> None:
    assert parallel_cost("v1/responses", b'{"model":"parallel","input":"x"}') == to_nano("0.050")
    assert (first_money(RunKind.RESPONSE, ()), ended(made(RunKind.RESPONSE)).charges) == (Money.NONE, ())


# -- what is expected


@pytest.mark.parametrize(
    ("kind", "product", "limit", "expected"),
    [
        (RunKind.TASK, "ultra8x-fast", 1, "2.400"),
        (RunKind.TASK, "lite", 99, "0.005"),
        (RunKind.FINDALL, "preview", 10, "0.10"),
        (RunKind.FINDALL, "base", 5, "0.40"),
        (RunKind.FINDALL, "core", 40, "8.00"),
        (RunKind.FINDALL, "pro", 1000, "1010.00"),
        (RunKind.FINDALL, "pro", 1001, "1010.00"),
        (RunKind.FINDALL, "core", -5, "2.00"),
        (RunKind.MONITOR, "base", 1, "0.010"),
        (RunKind.MONITOR, "", 1, "0.003"),
        (RunKind.TASK, "", 1, None),
        (RunKind.TASK, "nova", 1, None),
        (RunKind.FINDALL, "lite", 10, None),
        (RunKind.MONITOR, "core", 1, None),
        (RunKind.GROUP, "", 1, None),
        (RunKind.RESPONSE, "low", 1, None),
    ],
)
def test_what_the_making_of_a_run_is_expected_to_cost(
    kind: RunKind, product: str, limit: int, expected: str | None
) -> None:
    charge = run_charge(kind, "call-1", product, limit)
    assert charge.estimate == (None if expected is None else to_nano(expected))
    assert (charge.call_id, charge.what, charge.product) == ("call-1", "run", product)


def test_an_extension_is_expected_to_cost_its_matches_and_their_enrichments() -> None:
    run = findall("base", 10)
    assert extend_charge(run, "call-2", 20).estimate == to_nano("0.60")
    run = with_charge(run, enrich_charge(run, "call-3", "lite"))
    assert extend_charge(run, "call-4", 20).estimate == to_nano("0.60") + to_nano("0.10")


def test_an_enrichment_is_expected_to_cost_what_may_still_be_found() -> None:
    run = replace(findall("core", 30), matched=4)
    assert enrich_charge(run, "call-2", "pro").estimate == 30 * to_nano("0.100")
    run = with_charge(run, extend_charge(run, "call-2", 20))
    assert enrich_charge(run, "call-3", "pro").estimate == 50 * to_nano("0.100")


def test_an_enrichment_after_the_end_is_expected_to_cost_what_was_found() -> None:
    run = replace(findall("core", 30), matched=4, is_active=False)
    assert enrich_charge(run, "call-2", "pro").estimate == 4 * to_nano("0.100")


def test_an_enrichment_of_a_run_of_which_nothing_is_known_may_cost_the_most() -> None:
    elsewhere = replace(findall(), charges=())
    assert enrich_charge(elsewhere, "call-2", "lite").estimate == 1000 * to_nano("0.005")
    assert enrich_charge(replace(elsewhere, matched=7), "call-2", "lite").estimate == 7 * to_nano("0.005")


def test_a_trigger_is_expected_to_cost_one_execution() -> None:
    assert trigger_charge(made(RunKind.MONITOR, "base"), "call-2").estimate == to_nano("0.010")


def test_what_has_no_price_leaves_the_run_without_one() -> None:
    run = findall()
    run = with_charge(run, enrich_charge(run, "call-2", "nova"))
    assert (estimated(run).money, run.estimate) == (Money.UNPRICED, None)
    assert (ended(run, matched=3).money, ended(run, matched=3).cost) == (Money.UNPRICED, None)
    run = findall("nova")
    assert extend_charge(run, "call-2", 5).estimate is None


def test_no_estimate_is_worked_out_anew() -> None:
    """The estimate is kept, whatever the card or the answer says later."""
    run = replace(task("core"), product="ultra")
    assert estimated(run).estimate == to_nano("0.025")
    assert ended(run).cost == to_nano("0.300")


# -- what it comes to


def test_the_making_bears_the_matches_of_all_extensions() -> None:
    run = findall("core", 10)
    run = with_charge(run, extend_charge(run, "call-2", 30))
    run = ended(run, matched=40)
    assert [charge.final for charge in run.charges] == [to_nano("8.00"), 0]


def test_nothing_is_charged_for_what_a_run_without_matches_did_not_find() -> None:
    run = findall("core", 10)
    run = with_charge(run, enrich_charge(run, "call-2", "pro"))
    assert ended(run, "cancelled", matched=0).cost == to_nano("2.00")


def test_a_preview_has_a_fixed_price() -> None:
    assert ended(findall("preview", 10), matched=10).cost == to_nano("0.10")


@given(
    GENERATORS,
    st.lists(PROCESSORS, max_size=4),
    st.lists(st.integers(1, 300), max_size=3),
    st.integers(0, 1000),
)
def test_the_charges_of_a_findall_run_come_to_the_cards_price(
    generator: str, enrichments: list[str], extensions: list[int], matched: int
) -> None:
    run = findall(generator, 10)
    for number, more in enumerate(extensions):
        run = with_charge(run, extend_charge(run, f"extend-{number}", more))
    for number, processor in enumerate(enrichments):
        run = with_charge(run, enrich_charge(run, f"enrich-{number}", processor))
    assert ended(run, matched=matched).cost == findall_price(generator, matched, enrichments)


@given(GENERATORS, st.lists(PROCESSORS, max_size=4), st.integers(1, 300), st.integers(1, 300))
def test_estimates_of_a_findall_run_come_to_the_price_of_all_it_may_find(
    generator: str, enrichments: list[str], limit: int, more: int
) -> None:
    """In whichever order it is extended and enriched."""
    run = findall(generator, limit)
    for number, processor in enumerate(enrichments[:2]):
        run = with_charge(run, enrich_charge(run, f"enrich-{number}", processor))
    run = with_charge(run, extend_charge(run, "extend", more))
    for number, processor in enumerate(enrichments[2:], 2):
        run = with_charge(run, enrich_charge(run, f"enrich-{number}", processor))
    assert run.estimate == findall_price(generator, limit + more, enrichments)


@given(st.sampled_from(RunKind), PROCESSORS | GENERATORS | ODD_WORDS, COUNTS, COUNTS, PROCESSORS | ODD_WORDS)
def test_no_number_or_word_makes_a_sum_that_cannot_be_kept(
    kind: RunKind, product: str, limit: int, matched: int, processor: str
) -> None:
    run = made(kind, product, limit)
    for charge in (
        extend_charge(run, "call-2", limit),
        enrich_charge(run, "call-3", processor),
        trigger_charge(run, "call-4"),
    ):
        run = with_charge(run, charge)
    found = ended(run, matched=min(max(matched, 0), 1_000_000), executions=min(max(limit, 0), 1_000_000))
    for charge in found.charges:
        assert charge.estimate is None or 0 <= charge.estimate <= MOST_NANO
        assert charge.final is None or 0 <= charge.final <= MOST_NANO


@given(PROCESSORS, st.integers(1, 1000))
def test_what_is_settled_twice_comes_to_the_same(processor: str, matched: int) -> None:
    for run in (task(processor), replace(findall(), matched=matched), made(RunKind.MONITOR, "lite")):
        once = settled(replace(run, state="cancelled", is_active=False), NOW)
        assert settled(once, NOW) == once


def test_prices_are_the_cards() -> None:
    assert ended(task("core2x-fast")).cost == task_price("core2x") == task_price("core2x-fast")
    assert with_finals(replace(made(RunKind.MONITOR), executions=1)).charges[0].final == monitor_price(None)
