"""What providers say that they charge: where it stands, in whose units, and what says nothing."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.usage import Usage, read_answer

TOKENS = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
SSE = "text/event-stream"
UPSTREAM = {"upstream_inference_cost": 0.02}


def reported(document: object) -> int | None:
    usage = read_answer("application/json", "", json.dumps(document).encode()).usage
    return None if usage is None else usage.reported_nano_usd


def streamed(*events: object) -> Usage | None:
    body = b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events)
    return read_answer(SSE, "", body + b"data: [DONE]\n\n").usage


@pytest.mark.parametrize(
    ("usage", "nano"),
    [
        ({**TOKENS, "cost": 0.0123}, 12_300_000),
        ({**TOKENS, "cost": 0}, 0),
        ({**TOKENS, "cost": 1}, 1_000_000_000),
        ({**TOKENS, "cost": 1.5e-8}, 15),
        ({"search_units": 1, "total_tokens": 5, "cost": 0.002}, 2_000_000),
        ({"cost": 0.04}, 40_000_000),
        ({**TOKENS, "cost": 0.001, "is_byok": False, "cost_details": UPSTREAM}, 1_000_000),
        ({**TOKENS, "cost": 0.001, "is_byok": True, "cost_details": UPSTREAM}, 21_000_000),
        ({**TOKENS, "cost": 0, "is_byok": True, "cost_details": UPSTREAM}, 20_000_000),
        ({**TOKENS, "cost": 0.001, "is_byok": True,
          "cost_details": {"upstream_inference_cost": None, "upstream_inference_prompt_cost": 0.01,
                           "upstream_inference_completions_cost": 0.02}}, 31_000_000),
        ({"input_tokens": 1, "output_tokens": 1, "cost": 0.001, "is_byok": True,
          "cost_details": {"upstream_inference_input_cost": 0.01, "upstream_inference_output_cost": 0}}, 11_000_000),
        ({**TOKENS, "cost": {"input_tokens_cost": 0.001, "request_cost": 0.005, "total_cost": 0.006}}, 6_000_000),
        ({**TOKENS, "cost": {"currency": "USD", "total_cost": 0.006}}, 6_000_000),
        ({**TOKENS, "cost_in_usd_ticks": 158_500_000}, 15_850_000),
        ({**TOKENS, "cost_in_usd_ticks": 0}, 0),
        ({"cost_in_usd_ticks": 200_000_000}, 20_000_000),
        ({"num_sources_used": 1, "cost_in_usd_ticks": 15}, 2),
    ],
)  # fmt: skip
def test_what_is_told_whole_and_streamed(usage: dict[str, object], nano: int) -> None:
    assert reported({"model": "m", "choices": [], "usage": usage}) == nano
    chunk: dict[str, object] = {"model": "m", "choices": [], "usage": None}
    told = streamed(chunk, chunk, {**chunk, "usage": usage})
    assert told is not None
    assert told.reported_nano_usd == nano
    event = streamed({"type": "response.completed", "response": {"model": "m", "usage": usage}})
    assert event is not None
    assert event.reported_nano_usd == nano


@pytest.mark.parametrize(
    "usage",
    [
        {"cost": None}, {"cost": -0.01}, {"cost": "0.01"}, {"cost": True}, {"cost": [1]}, {"cost": {}},
        {"cost": {"total_cost": -1}}, {"cost": {"total_cost": "1"}}, {"cost": {"currency": "EUR", "total_cost": 1}},
        {"cost": 0.001, "is_byok": True}, {"cost": 0.001, "is_byok": True, "cost_details": {}},
        {"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": -1}},
        {"cost_in_usd_ticks": -5}, {"cost_in_usd_ticks": "5"}, {"cost_in_usd_ticks": None}, {"costs": 1},
    ],
)  # fmt: skip
def test_what_is_no_number_from_0_on_says_nothing_and_hides_nothing(usage: dict[str, object]) -> None:
    told = read_answer("application/json", "", json.dumps({"usage": {**TOKENS, **usage}}).encode()).usage
    assert told is not None
    assert (told.input_tokens, told.output_tokens, told.reported_nano_usd) == (1000, 100, None)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1.", b".5", b"+1", b"01", b"1e9999"])
def test_what_is_no_number_of_json_says_nothing(number: bytes) -> None:
    body = b'{"model":"m","usage":{"prompt_tokens":1,"completion_tokens":2,"cost":%b}}' % number
    usage = read_answer("application/json", "", body).usage
    assert usage is None or usage.reported_nano_usd is None


def test_the_last_of_several_counts() -> None:
    chunks = [
        {"model": "m", "choices": [], "usage": {**TOKENS, "cost": {"total_cost": n}}} for n in (0.1, 0.2)
    ]
    told = streamed(*chunks)
    assert told is not None
    assert told.reported_nano_usd == 200_000_000


@given(st.decimals(0, 10_000, allow_nan=False, allow_infinity=False, places=12))
def test_dollars_are_rounded_once_to_nano_dollars(usd: Decimal) -> None:
    body = b'{"usage":{"prompt_tokens":1,"completion_tokens":2,"cost":%b}}' % f"{usd:f}".encode()
    usage = read_answer("application/json", "", body).usage
    assert usage is not None
    assert usage.reported_nano_usd == int((usd * 10**9).to_integral_value(ROUND_HALF_EVEN))


@given(st.one_of(st.floats(0, allow_infinity=False), st.integers(0, 10**40)))
def test_any_number_from_0_on_is_a_price(number: float) -> None:
    told = reported({"usage": {**TOKENS, "cost": number}})
    assert told is not None
    assert 0 <= told <= 10**15


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"meta": {"billed_units": {"search_units": 1}}, "results": []}, Usage(search_units=1)),
        ({"meta": {"billed_units": {"search_units": 2.0}}, "results": []}, Usage(search_units=2)),
        ({"usage": {"billed_units": {"search_units": 3, "input_tokens": 4, "output_tokens": 5}}},
         Usage(4, 5, 9, search_units=3)),
        ({"model": "mistral-ocr-latest", "pages": [], "usage_info": {"pages_processed": 3, "doc_size_bytes": 9}},
         Usage(input_pages=3)),
        ({"pages": [], "usage_info": {"pages_processed": 3, "pages_processed_annotation": 2}},
         Usage(input_pages=3, input_annotated_pages=2)),
    ],
)  # fmt: skip
def test_units_that_are_no_tokens(document: object, expected: Usage) -> None:
    assert read_answer("application/json", "", json.dumps(document).encode()).usage == expected
