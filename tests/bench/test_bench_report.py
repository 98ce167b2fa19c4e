"""The table in a pipe and the JSON document: figures, ratios, verdicts and what was left out.

Rendered from made-up figures.
"""

from __future__ import annotations

import dataclasses
import io
import json

import pytest
from bench.measure import Measure, Skip, Target
from bench.report import Results, amount, notes, show, to_json
from rich.console import Console


@pytest.fixture
def results() -> Results:
    rate = "calls per second"
    return Results(
        started="2026-01-02T03:04:05+00:00",
        machine={"cores": "2"},
        options={"seconds": 5.0, "judged": True},
        versions={"envoy": "1.40.0"},
        targets=[Target("throughput", rate, "≥", 1.0, "envoy"), Target("startup", "first 200", "≤", 1.0)],
        measures=[
            Measure("throughput", rate, "penstock", 25_800.0, "/s", (25_000.0, 25_800.0, 26_000.0)),
            Measure("throughput", rate, "envoy", 21_500.0, "/s", note="one worker"),
        ],
        skips=[Skip("litellm", "could not be installed: no network")],
    )


def test_plain_text_in_a_pipe(results: Results) -> None:
    out = io.StringIO()
    show(results, Console(file=out, width=200, no_color=True))
    text = out.getvalue()
    envoy = next(line for line in text.splitlines() if " envoy " in line and "/s" in line)
    assert " ".join(envoy.split()) == "throughput calls per second envoy 21,500/s 1.20 × ≥ 1 × envoy met"
    assert "skipped litellm: could not be installed: no network" in text
    assert "target not measured: startup, first 200 ≤ 1" in text
    assert "envoy: one worker" in text
    assert "\x1b" not in text
    assert text.isascii() or not set(text) & set("│┃━─")


def test_the_json_document(results: Results) -> None:
    document = json.loads(to_json(results))
    assert [target["result"] for target in document["targets"]] == ["met", "not measured"]
    assert document["targets"][0]["figure"] == pytest.approx(1.2)
    assert [measure["penstock_ratio"] for measure in document["measures"]] == [None, pytest.approx(1.2)]
    assert document["skips"] == [{"who": "litellm", "why": "could not be installed: no network"}]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (25_800.4, "/s", "25,800/s"),
        (65.84, "/s", "65.8/s"),
        (0.684, "s", "0.68 s"),
        (-3.21, "MB", "-3.21 MB"),
        (10_000, "", "10,000"),
    ],
)
def test_amounts_have_the_digits_that_mean_something(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


def test_a_quick_run_says_that_it_judges_nothing(results: Results) -> None:
    results.options, results.targets = {"judged": False}, []
    out = io.StringIO()
    show(results, Console(file=out, width=200, no_color=True))
    assert "held against no target" in out.getvalue()
    assert "met" not in out.getvalue()


@pytest.mark.parametrize(("policies", "told"), [("configured", True), ("none", False)])
def test_policies_that_are_configured_are_told(results: Results, policies: str, told: bool) -> None:
    results.options["policies"] = policies
    assert any("every policy configured and switched off" in line for line in notes(results)) is told


def test_a_disturbed_figure_is_named(results: Results) -> None:
    results.measures = [dataclasses.replace(measure, foreign=0.64) for measure in results.measures]
    out = io.StringIO()
    show(results, Console(file=out, width=200, no_color=True))
    assert "disturbed: throughput, calls per second, envoy: others had up to 64% of a core" in out.getvalue()
    assert json.loads(to_json(results))["targets"][0]["result"] == "disturbed"
