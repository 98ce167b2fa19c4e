"""The decisions the benchmark takes by itself: workers for polls, slices of load, names on the command line.

All of them pure.
"""

from __future__ import annotations

import click
import pytest
from bench.cli import main, pick_gateways, pick_works
from bench.works import all_works
from bench.works.longpolls import plan_for
from bench.works.memory import next_slice
from click.testing import CliRunner


def test_one_worker_where_the_limit_has_room() -> None:
    plan = plan_for(10_000, 20_500)
    assert (plan.polls, plan.workers, plan.note) == (10_000, 1, "1 worker")


def test_more_workers_where_one_may_not_open_enough() -> None:
    plan = plan_for(10_000, 20_000)
    assert (plan.polls, plan.workers) == (10_000, 2)
    assert "20,000 open files" in plan.note


def test_fewer_polls_where_even_the_client_may_not_open_enough() -> None:
    plan = plan_for(10_000, 1_024)
    assert (plan.polls, plan.workers) == (524, 2)
    assert "10,000 wanted" in plan.note


@pytest.mark.parametrize(
    ("calls", "rate", "seconds"),
    [(1_000_000, 0.0, 1.0), (1_000_000, 20_000.0, 10.0), (50_000, 20_000.0, 2.5), (10, 20_000.0, 1.0)],
)
def test_slices_of_load(calls: int, rate: float, seconds: float) -> None:
    assert next_slice(calls, rate) == seconds


def test_gateways_keep_the_order_of_the_table() -> None:
    assert [gateway.name for gateway in pick_gateways("envoy, penstock")] == ["penstock", "envoy"]
    assert len(pick_gateways(None)) == 5


def test_works_by_name() -> None:
    assert [work.name for work in pick_works(("sse", "throughput"))] == ["throughput", "sse"]
    assert [work.name for work in pick_works(())] == [work.name for work in all_works()]


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(click.BadParameter, match="penstock, nginx"):
        pick_gateways("apache")
    with pytest.raises(click.BadParameter, match="throughput, cache-hit"):
        pick_works(("speed",))


def test_every_target_belongs_to_its_work() -> None:
    assert all(target.work == work.name for work in all_works() for target in work.targets)
    assert all(work.targets for work in all_works())


def test_help_has_examples_and_list_names_everything() -> None:
    runner = CliRunner()
    assert "python -m bench sse --only penstock,envoy" in runner.invoke(main, ["--help"]).output
    listed = runner.invoke(main, ["--list"]).output
    assert all(name in listed for name in ("throughput", "policies-on", "portkey", "litellm"))
