"""Calls whose answer does not tell what was used, as the ledger gets them: tokens from text, marked, and their cost."""

from __future__ import annotations

import gzip
import json
from typing import Any

import msgspec
import pytest
from priced_calls import NEW, OLD, Listed, row

from penstock.calls.costing import bill_again, cost_again
from penstock.calls.derive import derive, new_call
from penstock.calls.explain import explain
from penstock.journal.record import CallRecord, Outcome
from penstock.pricing.call_cost import is_by_estimate
from penstock.stores.ledger import Derived
from penstock.wire.usage_counts import Usage
from support.ended_streams import DONE, OPENAI_ERROR, SSE, STREAMS, Told, sse, typed
from support.journal_kit import record

ASKED = b'{"model":"gpt","messages":[{"role":"user","content":"Who goes there?"}],"stream":true}'
IN, OUT = 8, 15
COST = IN * 2000 + OUT * 10_000
ABANDONED, BROKEN, STOPPED = Outcome.ABANDONED, Outcome.PROVIDER_BROKE, Outcome.SHUTDOWN
SOURCE = "prices.toml, tokens estimated"


def chunk(text: str, finish: str | None = None) -> bytes:
    return sse({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]})


TEXT = chunk(" potato") * 10
WHOLE = TEXT + chunk("", "stop") + DONE


def derived(answer: bytes, prices: Listed = OLD, **changes: Any) -> Derived:  # noqa: ANN401
    made = record(**{"response_type": SSE, "request_size": len(ASKED), **changes})
    return new_call(made, ASKED, answer, prices).derived


def said(found: Derived) -> tuple[object, ...]:
    return found.tokens_in, found.tokens_out, found.estimated, found.cost_nano, found.price_source


def test_a_stream_that_was_not_asked() -> None:
    found = derived(WHOLE)
    assert said(found) == (IN, OUT, True, COST, SOURCE)
    assert (found.estimated_in, found.estimated_out) == (IN, OUT)
    assert msgspec.json.decode(found.usage or "") == {
        "input_tokens": IN,
        "output_tokens": OUT,
        "total_tokens": IN + OUT,
        "estimated_input_tokens": IN,
        "estimated_output_tokens": OUT,
    }


@pytest.mark.parametrize("outcome", [ABANDONED, BROKEN, STOPPED])
def test_one_that_is_left_has_what_was_made(outcome: Outcome) -> None:
    assert said(derived(TEXT, outcome=int(outcome))) == (IN, OUT, True, COST, SOURCE)
    assert said(derived(chunk(""), outcome=int(outcome))) == (None, None, False, None, None)


def test_one_that_was_told_before_it_was_left_has_that() -> None:
    used = sse({"choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 100}})
    found = derived(TEXT + used, outcome=int(ABANDONED))
    assert said(found) == (1000, 100, False, 3_000_000, "prices.toml")


@pytest.mark.parametrize("answer", [TEXT, TEXT + OPENAI_ERROR], ids=["cut", "failed"])
def test_one_that_ends_badly_has_what_was_made(answer: bytes) -> None:
    assert said(derived(answer)) == (IN, OUT, True, COST, SOURCE)


@pytest.mark.parametrize("answer", [OPENAI_ERROR, b'{"error":{"message":"x","type":"server_error"}}'])
def test_one_that_made_nothing_costs_nothing_that_is_known(answer: bytes) -> None:
    assert said(derived(answer)) == (None, None, False, None, None)


def test_messages_that_are_left_keep_what_went_in() -> None:
    used = {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 1}
    start = typed("message_start", message={"model": "claude", "content": [], "usage": used})
    word = typed("content_block_delta", index=0, delta={"type": "text_delta", "text": " potato"})
    prices = Listed('["anthropic/claude"]\ninput = 3\noutput = 15\ncache_read = 1\n')
    changes = {"provider": "anthropic", "path": "v1/messages"}
    for outcome in (ABANDONED, Outcome.COMPLETE):  # which turns out to be cut
        found = derived(start + word * 10, prices=prices, outcome=int(outcome), **changes)
        cost = 10 * 3000 + 90 * 1000 + 16 * 15_000
        assert said(found) == (10, 16, True, cost, SOURCE)
        assert (found.estimated_in, found.estimated_out) == (0, 15)


@pytest.mark.parametrize(
    ("told", "answer"), [(told, b"".join(told.events[:-1])) for told in STREAMS.values()], ids=STREAMS
)
def test_no_dialect_is_charged_for_half_of_what_it_told(told: Told, answer: bytes) -> None:
    """Of every dialect a part has tokens of both ends, or none; they are marked where any was not told."""
    slug, _, path = told.path.partition("/")
    made = record(
        provider=slug, path=path, response_type=told.kind, request_size=len(told.body), outcome=int(ABANDONED)
    )
    found = derive(made, told.body, answer)
    if found.estimated:
        assert None not in (found.tokens_in, found.tokens_out)
        assert found.tokens_out


@pytest.mark.parametrize(
    "changes",
    [
        {"status": 404},
        {"status": 503},
        {"path": "images/generations", "method": "POST"},
        {"path": "chat/completions/c", "method": "GET"},
        {"path": "who/knows"},
    ],
)
def test_nothing_else_is_estimated(changes: dict[str, Any]) -> None:
    assert not derived(WHOLE, **changes).estimated


def test_one_out_of_the_cache_has_the_same_tokens_and_costs_nothing() -> None:
    assert said(derived(WHOLE, cached=True)) == (IN, OUT, True, 0, "cache")


def test_a_coded_stream_that_is_left() -> None:
    packed = gzip.compress(WHOLE)[:-20]
    found = derived(packed, response_encoding="gzip", outcome=int(ABANDONED))
    assert (found.tokens_in, found.estimated) == (IN, True)
    assert found.tokens_out is not None
    assert 0 < found.tokens_out <= OUT


def test_what_the_worker_has_counted_is_not_counted_again() -> None:
    """It has seen more than the log keeps."""
    usage = Usage(800, 50, 850, estimated_input_tokens=800, estimated_output_tokens=50)
    cost = 800 * 2000 + 50 * 10_000
    ways: tuple[dict[str, Any], ...] = (
        {"bodies": False},
        {"response_cut": True},
        {"request_cut": True},
        {},
    )
    for changes in ways:
        found = derived(WHOLE, usage=usage, model="gpt", **changes)
        assert said(found) == (800, 50, True, cost, SOURCE), changes
    found = derived(WHOLE, usage=usage, model="gpt", bodies=False, cost=77)
    assert said(found) == (800, 50, True, 77, SOURCE)


# -- whose price


def test_a_price_for_a_request_is_no_estimate() -> None:
    found = derived(WHOLE, prices=Listed('["openai/*"]\nrequest = 0.5\n'))
    assert said(found) == (IN, OUT, True, 500_000_000, "prices.toml")


def test_nor_is_what_the_provider_charges() -> None:
    body = json.dumps({"choices": [{"message": {"content": " potato"}}], "usage": {"cost": 0.25}}).encode()
    found = derived(body, provider="openrouter")
    assert (found.estimated, found.cost_nano, found.price_source) == (
        True,
        250_000_000,
        "reported by openrouter",
    )


@pytest.mark.parametrize(
    ("header", "cost"), [('{"per_token_in":1,"per_token_out":1}', None), ('{"total_cost":0.5}', 500_000_000)]
)
@pytest.mark.parametrize("outcome", [Outcome.COMPLETE, ABANDONED])
def test_a_callers_prices_go_by_what_is_told(header: str, cost: int | None, outcome: Outcome) -> None:
    """Cloudflare 3.19: where no usage is told, prices for tokens charge nothing."""
    found = derived(WHOLE, controls={"cf-aig-custom-cost": header}, outcome=int(outcome))
    assert (found.tokens_in, found.estimated, found.cost_nano) == (IN, True, cost)


def test_an_unknown_price_stays_unknown() -> None:
    assert said(derived(WHOLE, prices=Listed())) == (IN, OUT, True, None, None)


# -- afterwards

STORED = row(
    tokens_in=IN,
    tokens_out=OUT,
    estimated=True,
    cost_nano=COST,
    price_source=SOURCE,
    usage_metadata={
        "input_tokens": IN,
        "output_tokens": OUT,
        "estimated_input_tokens": IN,
        "estimated_output_tokens": OUT,
    },
)


def test_a_stored_one_has_todays_price_and_the_same_mark() -> None:
    again = cost_again(STORED, None, NEW)
    assert (again.nano, again.source) == (IN * 1000 + OUT * 10_000, SOURCE)
    bill = bill_again(STORED, None, OLD)
    assert bill is not None
    assert (bill.nano, is_by_estimate(bill.source)) == (COST, True)
    left = msgspec.structs.replace(STORED, outcome="abandoned", cost_nano=None, price_source=None)
    assert cost_again(left, None, OLD).nano == COST


def test_it_is_explained() -> None:
    told = explain(STORED, None, OLD)
    assert told.price.remark == "the answer did not tell all tokens: the rest is estimated from its text"
    assert told.usage["estimated_output_tokens"] == OUT
    assert [line.amount for line in told.price.lines] == [IN, OUT]


def test_a_record_without_bodies_and_without_an_estimate_has_none() -> None:
    made: CallRecord = record(response_type=SSE, bodies=False)
    assert not derive(made, b"", b"", OLD).estimated
