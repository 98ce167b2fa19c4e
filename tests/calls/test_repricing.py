"""The costs of stored calls by other prices: which change, which stay, and that nothing is met twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from priced_calls import NEW, OLD, Listed, row

from penstock.calls.costing import UNKNOWN, Cost, cost_again, cost_of
from penstock.calls.derive import derive
from penstock.calls.repricing import Sums, changes, pages
from penstock.journal.record import Outcome
from penstock.pricing.call_cost import CUSTOM
from penstock.providers import openai, parallel
from penstock.stores.ledger import FREE, CallRow, Move, NewCall, Query, Recost
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME, SqliteLedger
from penstock.wire.usage import Usage
from support.journal_kit import record

CHAT = openai.OPERATIONS.at("chat/completions")[b"POST"]
RUN = parallel.OPERATIONS.at("v1/tasks/runs")[b"POST"]
CARD = "parallel card 2026-11-10"
TASK = b'{"input":"x","processor":"core"}'
BEGAN = 1_760_000_000_000_000


def again(call: CallRow, prices: Listed = NEW, request: bytes | None = None) -> Cost:
    return cost_again(call, request, prices)


def stored(call: CallRow) -> Cost:
    return Cost(call.cost_nano, call.price_source, call.custom_cost)


def test_by_the_same_prices_nothing_changes() -> None:
    assert again(row(), OLD) == stored(row())


def test_by_other_prices_the_cost_is_another() -> None:
    assert again(row()) == Cost(2_000_000, "prices.toml", custom=False)


def test_the_source_is_whose_price_it_is_now() -> None:
    assert again(row(), Listed('["openai/*"]\nrequest = 1', "own.toml")).source == "own.toml"


def test_what_becomes_known_and_what_is_known_no_more() -> None:
    assert again(row(model="openai/new", cost_nano=None, price_source=None)).nano == 1_100_000
    assert again(row(model="openai/other")) == UNKNOWN
    assert again(row(usage_metadata=None)) == UNKNOWN


def test_cached_tokens_are_taken_from_the_row() -> None:
    beside = {"input_tokens": 400, "output_tokens": 100, "input_cached_tokens": 600, "all_input_tokens": 1000}
    within = {"input_tokens": 1000, "output_tokens": 100, "input_cached_tokens": 600}
    for usage in (beside, within):
        assert again(row(usage_metadata=usage)).nano == 400_000 + 300_000 + 1_000_000


@pytest.mark.parametrize(
    "changed",
    [
        {"cached": True, "cost_nano": 0, "price_source": "cache"},
        {"custom_cost": True, "price_source": CUSTOM},
        {"controls": {"cf-aig-custom-cost": '{"per_token_in":1}'}, "cost_nano": None, "price_source": None},
        {"status_code": 500, "cost_nano": None, "price_source": None},
        {"status_code": 304, "cost_nano": None, "price_source": None},
        {"outcome": "abandoned", "cost_nano": None, "price_source": None},
        {"provider": "parallel", "path": "v1/tasks/runs", "cost_nano": 7},
    ],
)
def test_what_stays_as_it_is(changed: dict[str, object]) -> None:
    assert again(row(**changed)) == stored(row(**changed))


def test_an_abandoned_call_that_was_priced_is_priced_again() -> None:
    assert again(row(outcome="abandoned")).nano == 2_000_000


def test_parallel_goes_by_its_request() -> None:
    call = row(provider="parallel", path="v1/tasks/runs", model=None, cost_nano=7, status_code=202)
    assert again(call, request=TASK) == Cost(25_000_000, f"{CARD}, estimate", custom=False)
    search = row(provider="parallel", path="v1/search", model=None, usage_metadata={"results": 12})
    assert again(search, request=b"{}") == Cost(7_000_000, CARD, custom=False)
    own = Listed('["parallel/*"]\nrequest = 1')
    assert again(call, own).nano == 1_000_000_000


@pytest.mark.parametrize(
    ("path", "cost"),
    [
        ("v1/tasks/runs", 0),
        ("v1/tasks/runs", 25_000_000),
        ("v1beta/tasks/groups/g/runs", 50_000_000),
        ("v1beta/findall/runs?x=1", 1),
        ("v1beta/findall/runs/f/extend", 2),
        ("v1beta/findall/runs/f/enrich", 3),
        ("v1/monitors", 4),
        ("v1/monitors/m/trigger", 5),
        ("v1/tasks/runs", None),
    ],
)
def test_what_has_become_of_a_run_stays(path: str, cost: int | None) -> None:
    """Its request tells what was expected of it, or nothing at all."""
    call = row(
        provider="parallel", path=path, model=None, cost_nano=cost, price_source=CARD, status_code=202,
        usage_metadata=None,
    )  # fmt: skip
    assert again(call, request=TASK) == stored(call)
    assert again(call, Listed('["parallel/*"]\nrequest = 1')).nano == 1_000_000_000


def test_searches_are_priced_again_by_the_card() -> None:
    call = row(provider="parallel", path="v1/search", model=None, cost_nano=1, price_source=CARD)
    assert again(call, request=b"{}").nano != 1


@pytest.mark.parametrize("path", ["v1/tasks/runs?x=1", "v1/monitors", "v1beta/findall/runs/findall_1/extend"])
@pytest.mark.parametrize("source", [CARD, f"{CARD}, nothing charged", "parallel card 2031-01-01"])
def test_what_the_end_of_a_run_has_told_stays(source: str, path: str) -> None:
    changed = {"provider": "parallel", "path": path, "model": None, "cost_nano": 7}
    call = row(price_source=source, **changed)
    assert again(call, request=TASK) == stored(call)
    search = row(
        **{**changed, "path": "v1/search", "price_source": source, "usage_metadata": {"results": 12}}
    )
    assert again(search, request=b"{}").nano == 7_000_000


USAGES = st.builds(
    Usage,
    *[st.none() | st.integers(0, 10_000)] * 7,
    input_audio_tokens=st.none() | st.integers(0, 100),
    service_tier=st.none() | st.just("priority"),
    cache_apart=st.booleans(),
)
PRICES = Listed(
    '["openai/gpt"]\ninput = 1\noutput = 10\ncache_read = 0.5\ncache_write = 2\n["grok/*"]\nrequest = 1'
)
HEADERS = st.sampled_from([{}, {"cf-aig-custom-cost": '{"total_cost":2}'}, {"cf-aig-custom-cost": "?"}])


@given(
    USAGES,
    st.sampled_from(["openai", "grok", "nobody"]),
    st.sampled_from([200, 201, 404, 500]),
    st.sampled_from(list(Outcome)),
    st.booleans(),
    st.booleans(),
    HEADERS,
)
def test_repricing_says_what_the_shipper_said(
    usage: Usage,
    provider: str,
    status: int,
    outcome: Outcome,
    whole: bool,
    cached: bool,
    controls: dict[str, str],
) -> None:
    """With the prices unchanged, whatever the call was."""
    call = record(
        provider=provider, status=status, outcome=int(outcome), whole=whole, cached=cached, controls=controls,
        bodies=False, usage=usage, model="gpt",
    )  # fmt: skip
    derived = derive(call, b"", b"", PRICES)
    kept = row(
        provider=provider, status_code=status, outcome=outcome.name.lower(), cached=cached, controls=controls,
        model=derived.model, cost_nano=derived.cost_nano, price_source=derived.price_source,
        custom_cost=derived.custom_cost, created_us=call.created_us,
        usage_metadata=None if derived.usage is None else msgspec.json.decode(derived.usage),
    )  # fmt: skip
    assert again(kept, PRICES) == Cost(derived.cost_nano, derived.price_source, derived.custom_cost)


def test_a_call_without_bodies_has_its_prices_source() -> None:
    known = record(bodies=False, usage=Usage(10, 1), model="gpt", cost=5)
    assert cost_of(known, CHAT, b"", "gpt", known.usage, OLD) == Cost(5, "prices.toml", custom=False)
    task = record(provider="parallel", path="v1/tasks/runs", bodies=False, cost=25, status=202)
    assert cost_of(task, RUN, b"", None, None, OLD).source == f"{CARD}, estimate"
    own = record(bodies=False, cost=5, controls={"cf-aig-custom-cost": '{"total_cost":1}'})
    assert cost_of(own, CHAT, b"", "gpt", None, OLD) == Cost(5, CUSTOM, custom=True)


# -- asynchronous runs: an estimate at creation, and nothing again after it


def priced(path: str, request: bytes, answer: object, content_type: str = "application/json") -> Cost:
    call = record(
        provider="parallel", path=path, status=202 if request else 200, request_size=len(request),
        response_type=content_type, method="POST" if request else "GET",
    )  # fmt: skip
    body = b"data: %b\n\n" if "event" in content_type else b"%b"
    derived = derive(call, request, body % json.dumps(answer).encode(), OLD)
    return Cost(derived.cost_nano, derived.price_source, derived.custom_cost)


def test_a_run_is_charged_once_however_often_it_is_read() -> None:
    run = {"run_id": "trun_1", "status": "completed", "processor": "core", "is_active": False}
    event = {
        "type": "task_run.state",
        "event_id": None,
        "run": run,
        "output": {"type": "text", "content": "x"},
    }
    assert priced("v1/tasks/runs", TASK, run | {"status": "queued"}) == Cost(
        25_000_000, f"{CARD}, estimate", custom=False
    )
    for path, answer, kind in (
        ("v1/tasks/runs/trun_1", run, "application/json"),
        ("v1/tasks/runs/trun_1/result?timeout=60", {"run": run, "output": {}}, "application/json"),
        ("v1/tasks/runs/trun_1/events", event, "text/event-stream"),
        ("v1beta/tasks/groups/g/runs?status=completed", event, "text/event-stream"),
        ("v1beta/findall/runs/f/result", {"run": {"findall_id": "f"}, "candidates": []}, "application/json"),
    ):
        assert priced(path, b"", answer, kind) == Cost(0, FREE, custom=False)


# -- walking


def fill(data: Path, moments: Sequence[int]) -> None:
    """One call for each moment (milliseconds after the first), all priced by the old prices."""
    calls = []
    for number, moment in enumerate(moments):
        created = BEGAN + moment * 1000
        digits = f"{created // 1000:012x}"
        call_id = f"{digits[:8]}-{digits[8:]}-7000-8000-{number:012x}"
        call = record(id=call_id, event_id=call_id, created_us=created, bodies=False, usage=Usage(1000, 100))
        calls.append(
            NewCall(call, derive(msgspec.structs.replace(call, model="gpt"), b"", b"", OLD), b"", b"")
        )
    with closing(SqliteLedger(data / FILE_NAME)) as ledger:
        ledger.append(calls, Move("s", 0, 1))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 6), max_size=30), st.integers(1, 5))
def test_every_call_is_met_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, moments: list[int], size: int
) -> None:
    data = tmp_path_factory.mktemp("ledger")
    fill(data, moments)
    with closing(SqliteReader(data / FILE_NAME)) as ledger:
        found = [
            call
            for page in pages(ledger, Query(since_us=BEGAN, until_us=BEGAN + 10_000), OLD, size)
            for call, _ in page.calls
        ]
    assert [call.created_us for call in found] == sorted(BEGAN + moment * 1000 for moment in moments)
    assert len({call.id for call in found}) == len(moments)


def test_only_what_differs_is_a_change() -> None:
    calls = [row(), row(id="b", cost_nano=None), row(id="c", cost_nano=2_000_000, price_source="older.toml")]
    sums, priced_now = Sums(), []
    for call in calls:
        now = again(call)
        change = (call, Recost(call.id, now.nano, now.source))
        priced_now.append(change)
        sums.add(*change)
    assert [change.call_id for change in changes(priced_now)] == [calls[0].id, "b"]
    assert sums == Sums(3, 5_000_000, 6_000_000, 2, newly_priced=1, no_longer_priced=0)
