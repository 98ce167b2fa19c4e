"""Runs asked for by what their kept results rest on: fields of a confidence, domains that are cited."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.runs.evidence import CONFIDENCES, evidence
from penstock.runs.run import Charge, RunKind
from penstock.stores.runs import OpenRunLedger, OpenRunReader, RunQuery, RunReader
from support.kept_runs import basis
from support.parallel_documents import Document
from support.run_ledgers import create, made, make, run, seen

HOSTS = ("a.example", "b.example", "c.example")
FIELDS = st.lists(st.tuples(st.sampled_from(CONFIDENCES), st.sets(st.sampled_from(HOSTS))), max_size=4)


def result(*fields: tuple[str, Sequence[str]]) -> bytes:
    bases: list[Document] = [
        basis(f"f{number}", confidence, *(f"https://www.{host}/x" for host in hosts))
        for number, (confidence, hosts) in enumerate(fields)
    ]
    return json.dumps({"output": {"type": "json", "content": {}, "basis": bases}}).encode()


def ids(runs: RunReader, where: RunQuery) -> list[str]:
    found = sorted(one.id for one in runs.runs(where, 100))
    assert runs.count(where) == len(found)
    return found


def test_a_run_is_found_by_each_confidence_and_each_domain_of_its_result(
    runs: OpenRunLedger, run_reader: OpenRunReader
) -> None:
    make(runs, *(run(f"trun_{number}") for number in range(4)))
    runs.saw(
        [
            seen("trun_0", result=result(("high", ["a.example"]), ("low", ["b.example"]))),
            seen("trun_1", result=result(("medium", ["a.example", "c.example"]))),
            seen("trun_2", result=result(("none", []))),
        ]
    )
    for where, found in (
        (RunQuery(confidences=("high",)), ["trun_0"]),
        (RunQuery(confidences=("low", "none")), ["trun_0", "trun_2"]),
        (RunQuery(domains=("a.example",)), ["trun_0", "trun_1"]),
        (RunQuery(domains=("b.example", "c.example")), ["trun_0", "trun_1"]),
        (RunQuery(domains=("example",)), []),
        (RunQuery(confidences=("medium",), domains=("b.example",)), []),
        (RunQuery(confidences=("medium",), domains=("c.example",), states=("completed",)), ["trun_1"]),
        (RunQuery(confidences=("high",), account="other"), []),
    ):
        for look in (runs, run_reader):
            assert ids(look, where) == found
            assert [one.run.id for one in look.results(where, 9)] == found


def test_the_sums_of_results_are_told_without_reading_them(
    runs: OpenRunLedger, run_reader: OpenRunReader
) -> None:
    make(runs, *(run(f"trun_{number}", at=number) for number in range(4)))
    bodies = {
        "trun_0": result(("high", ["a.example"]), ("low", ["a.example", "b.example"])),
        "trun_1": result(("none", [])),
        "trun_3": result(("high", ["c.example"])),
    }
    runs.saw([seen(name, result=body) for name, body in bodies.items()])
    for look in (runs, run_reader):
        found = look.rests(RunQuery(), 9)
        assert [one.run.id for one in found] == ["trun_3", "trun_1", "trun_0"]
        for one in found:
            told = evidence(bodies[one.run.id])
            assert (one.confidences, one.domains) == (told.confidences, told.domains)
        assert [one.run.id for one in look.rests(RunQuery(), 2)] == ["trun_3", "trun_1"]
        assert [one.run.id for one in look.rests(RunQuery(domains=("b.example",)), 9)] == ["trun_0"]
        assert look.rests(RunQuery(account="other"), 9) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(st.lists(FIELDS, min_size=1, max_size=4))
def test_filters_say_what_reading_each_result_would(
    runs: OpenRunLedger, results: list[list[tuple[str, set[str]]]]
) -> None:
    number = runs.count(RunQuery())
    names = [f"trun_{number + index}" for index in range(len(results))]
    make(runs, *map(run, names), call_id=f"call-{number}")
    bodies = {
        name: result(*((word, sorted(hosts)) for word, hosts in fields))
        for name, fields in zip(names, results, strict=True)
    }
    runs.saw([seen(name, result=body) for name, body in bodies.items()])
    told = {name: evidence(body) for name, body in bodies.items()}
    for count in (1, 2):
        for words in combinations(CONFIDENCES, count):
            found = set(ids(runs, RunQuery(confidences=words))) & set(names)
            assert found == {name for name in names if not told[name].confidences.keys().isdisjoint(words)}
        for hosts in combinations(HOSTS, count):
            found = set(ids(runs, RunQuery(domains=hosts))) & set(names)
            assert found == {name for name in names if not told[name].domains.keys().isdisjoint(hosts)}


def test_the_result_that_stays_is_the_one_that_counts(runs: OpenRunLedger) -> None:
    make(runs, run())
    runs.saw([seen("trun_1", result=result(("high", ["a.example"])))])
    runs.saw([seen("trun_1", result=result(("low", ["b.example"])), at=20)])
    assert ids(runs, RunQuery(confidences=("high",), domains=("a.example",))) == ["trun_1"]
    assert ids(runs, RunQuery(confidences=("low",))) == ids(runs, RunQuery(domains=("b.example",))) == []


def test_a_run_that_goes_on_rests_on_nothing_until_it_ends_again(runs: OpenRunLedger) -> None:
    make(runs, run("findall_1", RunKind.FINDALL, "base"))
    found = seen("findall_1", kind=RunKind.FINDALL, result=result(("high", ["a.example"])), is_active=False)
    runs.saw([found])
    assert ids(runs, RunQuery(domains=("a.example",))) == ["findall_1"]
    charge = Charge(call_id="call-2", what="extend", product="base", count=5)
    assert runs.intend(create("call-2", body=b"more", at=30)) is None
    runs.made(made(call_id="call-2", at=31, charges=[("findall_1", charge)]))
    assert runs.result("findall_1") is None
    assert ids(runs, RunQuery(domains=("a.example",))) == ids(runs, RunQuery(confidences=("high",))) == []


def test_a_run_that_is_forgotten_is_found_by_nothing(runs: OpenRunLedger) -> None:
    make(runs, run())
    runs.saw([seen("trun_1", result=result(("high", ["a.example"])))])
    for stale in runs.stale(9):
        runs.told(stale.create.call_id, stale.version)
    assert runs.forget(run(at=10_000).created_us, 9) == 1
    make(runs, run("trun_2"), call_id="call-2")
    assert ids(runs, RunQuery(domains=("a.example",))) == ids(runs, RunQuery(confidences=("high",))) == []


def test_what_is_no_result_rests_on_nothing(runs: OpenRunLedger) -> None:
    make(runs, run())
    runs.saw([seen("trun_1", result=b"\xff no JSON")])
    assert runs.result("trun_1") is not None
    assert ids(runs, RunQuery(confidences=CONFIDENCES)) == []
    odd = "\ud800"
    assert ids(runs, RunQuery(domains=(odd,))) == ids(runs, RunQuery(confidences=(odd,))) == []
