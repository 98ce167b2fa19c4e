"""The story of a call: its moments in order, its cost line by line, and why a cost is not known."""

from __future__ import annotations

import msgspec
import pytest
from priced_calls import NEW, OLD, Listed, row

from penstock.calls.explain import Moment, PriceLine, PriceStory, Story, explain
from penstock.journal.record import Event
from penstock.pricing.call_cost import CUSTOM
from penstock.stores.ledger import CallRow

TASK = b'{"input":"x","processor":"core"}'


def story(call: CallRow, prices: Listed = OLD, request: bytes | None = None) -> Story:
    return explain(call, request, prices)


def price(call: CallRow, prices: Listed = OLD, request: bytes | None = None) -> PriceStory:
    return story(call, prices, request).price


def test_units_times_prices_make_the_cost() -> None:
    assert price(row()) == PriceStory(
        0.003,
        "prices.toml",
        (
            PriceLine("input tokens", 1000, "0.000002", 0.002),
            PriceLine("output tokens", 100, "0.00001", 0.001),
        ),
        0.003,
        "prices.toml",
        "",
    )


def test_other_prices_today() -> None:
    told = price(row(), NEW)
    assert (told.usd, told.today_usd) == (0.003, 0.002)
    assert "prices have changed since" in told.remark


def test_parallels_card_by_lines() -> None:
    search = row(
        provider="parallel",
        path="v1/search",
        model=None,
        usage_metadata={"results": 15},
        cost_nano=10_000_000,
    )
    told = price(search, request=b'{"mode":"advanced"}')
    assert [(line.what, line.amount, line.usd_each) for line in told.lines] == [
        ("requests (advanced)", 1, "0.005"),
        ("results above those included", 5, "0.001"),
    ]
    assert (told.usd, told.today_usd, told.remark) == (0.01, 0.01, "")


def test_a_run_is_an_estimate() -> None:
    task = row(
        provider="parallel", path="v1/tasks/runs", model=None, cost_nano=25_000_000, usage_metadata=None
    )
    told = price(task, request=TASK)
    assert (told.today_usd, told.remark) == (0.025, "an estimate: as if all of it completes")


@pytest.mark.parametrize("nano", [0, 25_000_000])
def test_a_run_that_has_ended_is_what_it_came_to(nano: int) -> None:
    task = row(
        provider="parallel", path="v1/tasks/runs", model=None, cost_nano=nano, usage_metadata=None,
        price_source="parallel card 2026-11-10",
    )  # fmt: skip
    told = price(task, request=TASK)
    remark = "by what has become of its run; the lines are what was expected"
    assert (told.usd, told.today_usd, told.remark) == (nano / 1e9, 0.025, remark)


def test_more_of_a_run_is_what_it_came_to() -> None:
    more = row(
        provider="parallel", path="v1beta/findall/runs/f/extend", model=None, cost_nano=7, usage_metadata=None,
        price_source="parallel card 2026-11-10",
    )  # fmt: skip
    told = price(more, request=b"{}")
    assert (told.lines, told.remark) == ((), "by what has become of its run")


def test_the_callers_own_price() -> None:
    call = row(
        custom_cost=True, price_source=CUSTOM, cost_nano=1_000_000_000,
        controls={"cf-aig-custom-cost": '{"per_token_in":0.001}'},
    )  # fmt: skip
    told = price(call)
    assert [(line.what, line.amount, line.usd_each) for line in told.lines] == [
        ("input tokens", 1000, "0.001"),
        ("output tokens", 100, "0"),
    ]
    assert (told.today_usd, told.today_source, told.remark) == (1.0, CUSTOM, "")


UNKNOWN = {"cost_nano": None, "price_source": None}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"cached": True, "cost_nano": 0, "price_source": "cache"}, "costs nothing"),
        ({**UNKNOWN, "status_code": 503}, "does not succeed"),
        ({**UNKNOWN, "outcome": "provider_broke"}, "did not come to its end"),
        ({**UNKNOWN, "controls": {"cf-aig-custom-cost": '{"per_token_in":1}'}, "usage_metadata": None},
         "the answer told none"),
        ({**UNKNOWN, "model": "openai/other"}, "no price list has openai/other"),
        ({**UNKNOWN, "model": None}, "no price list has a call without a model"),
        ({**UNKNOWN, "usage_metadata": None}, "did not tell how much was used"),
        ({**UNKNOWN, "usage_metadata": {"total_tokens": 7}}, "everything that has a price"),
        ({**UNKNOWN, "provider": "parallel", "path": "v1/search"}, "was not kept"),
        ({"provider": "parallel", "path": "v1/search"}, "cannot be worked out again: its price goes by"),
        ({**UNKNOWN}, "is known today"),
        ({"model": "openai/other"}, "cannot be worked out again: no price list"),
    ],
)  # fmt: skip
def test_why_a_cost_is_not_known(changed: dict[str, object], words: str) -> None:
    assert words in price(row(**changed)).remark


def test_a_request_that_the_card_says_nothing_of() -> None:
    call = row(provider="parallel", path="v1/decisions", cost_nano=None, price_source=None)
    assert "says nothing of such a request" in price(call, request=b"{}").remark


TRAIL = (
    Event("token", 100, "ci"),
    Event("rate_limit", 200, "gateway 9 of 10 left"),
    Event("cache", 300, "MISS"),
    Event("attempt", 400, "1 https://api.example"),
    Event("failure", 50_000, "refused the connection"),
    Event("wait", 50_100, "100 ms"),
    Event("attempt", 150_000, "2 https://api.example"),
    Event("answer", 160_000, "200"),
    Event("brand_new", 170_000, "never heard of"),
)


def test_moments_in_their_order_with_words_nobody_planned() -> None:
    told = story(row(trail=TRAIL, attempts=2))
    assert [moment.what for moment in told.moments] == [
        "began", "token", "rate limit", "cache", "attempt", "failed", "waited", "first byte", "attempt",
        "answer", "brand new", "ended",
    ]  # fmt: skip
    assert Moment(170_000, "brand new", "never heard of") in told.moments
    assert told.moments[-1] == Moment(250_000, "ended", "complete")
    assert dict(told.call)["attempts"] == "2"
    assert dict(told.call)["cache"] == "MISS"


def test_a_call_without_a_trail_has_a_story_all_the_same() -> None:
    told = story(row())
    assert told.moments == (
        Moment(0, "began"),
        Moment(90_000, "first byte", "status 200"),
        Moment(250_000, "ended", "complete"),
    )
    facts = dict(told.call)
    assert (facts["provider"], facts["outcome"], facts["attempts"]) == ("openai", "200, complete", "1")
    assert facts["cache"] == "not asked"
    assert facts["began"] == "2025-10-09T08:53:20.000Z"


def test_who_called() -> None:
    told = story(
        row(
            token="5gv2", user="ann", team="lab", stored_key="prod", metadata={"run": 7},
            controls={"cf-aig-skip-cache": "true"},
        )
    )  # fmt: skip
    assert told.caller == (
        ("token", "5gv2"),
        ("user", "ann"),
        ("team", "lab"),
        ("credentials", "stored key prod"),
        ("user agent", "tests"),
        ("metadata run", "7"),
        ("header cf-aig-skip-cache", "true"),
    )
    assert dict(told.call)["cache"] == "not asked: the call sent cf-aig-skip-cache"


def test_a_refused_call() -> None:
    refused = row(
        status_code=429, outcome="refused", success=False, attempts=0, cost_nano=None, price_source=None,
        usage_metadata=None, error_code=2045, error_detail="used up", first_byte_us=None,
        trail=(Event("refused", 150, "spend limit"),),
    )  # fmt: skip
    facts = dict(story(refused).call)
    assert (facts["attempts"], facts["error"]) == ("none: the provider was not asked", "2045 used up")
    assert facts["outcome"] == "429, refused"


def test_out_of_the_cache() -> None:
    hit = row(cached=True, attempts=0, cost_nano=0, price_source="cache")
    told = story(hit)
    assert dict(told.call)["cache"] == "HIT"
    assert "attempts" not in dict(told.call)
    assert told.price.lines == ()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"operation": "openai.chat.completions.create"},
            "openai.chat.completions.create (chat; answers out of itself, is paid by what it uses)",
        ),
        (
            {"operation": "openai.responses.get", "method": "GET", "path": "responses/r"},
            "openai.responses.get (responses; reads what is stored, costs nothing)",
        ),
        (
            {"operation": "openai.responses.create.background", "path": "responses"},
            "openai.responses.create.background (responses; makes something that lives on, "
            "is paid by what its end tells)",
        ),
        (
            {"operation": "unknown", "method": "DELETE", "path": "v1/new?x=1"},
            "unknown (no row of its provider knows it; deletes what is stored, costs nothing)",
        ),
        (
            {"operation": "custom.messages.create", "provider": "custom-mine", "path": "v1/messages"},
            "custom.messages.create (messages; answers out of itself, is paid by what it uses)",
        ),
    ],
)
def test_what_the_call_was(changed: dict[str, object], words: str) -> None:
    assert dict(explain(row(**changed), None, OLD).call)["operation"] == words


def test_a_call_of_before_operations_were_told_says_nothing_of_it() -> None:
    assert "operation" not in dict(explain(row(), None, OLD).call)


def test_the_story_is_json() -> None:
    document = msgspec.json.decode(msgspec.json.encode(story(row(trail=TRAIL))))
    assert document["price"]["lines"][0]["amount"] == 1000
    assert document["moments"][1] == {"offset_us": 100, "what": "token", "detail": "ci"}


def test_a_call_without_a_trail_tells_what_went_wrong() -> None:
    limited = row(
        status_code=429, outcome="refused", success=False, error_code=2003, error_detail="two an hour"
    )
    assert story(limited).moments[-2:] == (
        Moment(limited.duration_us, "refused", "two an hour"),
        Moment(limited.duration_us, "ended", "refused"),
    )
    late = row(
        status_code=504, outcome="provider_broke", success=False, error_detail="no answer within 50 ms"
    )
    assert Moment(late.duration_us, "failed", "no answer within 50 ms") in story(late).moments
    noted = row(
        status_code=504, outcome="provider_broke", success=False, trail=(Event("failure", 7, "late"),)
    )
    assert [one.what for one in story(noted).moments].count("failed") == 1
